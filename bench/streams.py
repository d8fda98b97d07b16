"""Thousands of open event streams in one process: its memory, its subscriptions, how soon a change is seen."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import redis

from bench.processes import resident_mb
from bench.service import KEY, bind_users, platform, service, start_many

if TYPE_CHECKING:
    from pathlib import Path

    from bench.service import Running


class Watcher:
    """Event streams, each on a connection of its own; notes when each said that it was canceled.

    Args:
        port: of the service.
        key: for streams that need one.
    """

    def __init__(self, port: int, key: str = "") -> None:
        self._port = port
        self._more = f"Authorization: Bearer {key}\r\n" if key else ""
        self.seen: dict[str, float] = {}
        self.refused = 0
        self.open = 0
        self._tasks: list[asyncio.Task] = []

    async def _read(self, name: str, path: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"GET {path}/events HTTP/1.1\r\nHost: bench\r\n{self._more}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:16]:
            self.refused += 1
            writer.close()
            return
        await reader.readuntil(b"event: change")
        self.open += 1
        while chunk := await reader.read(65_536):
            if b"canceled" in chunk:
                self.seen[name] = time.perf_counter()
        writer.close()

    async def watch(self, paths: list[tuple[str, str]]) -> None:
        """Open a stream for each name and path, a hundred at a time."""
        for start in range(0, len(paths), 100):
            self._tasks += [asyncio.create_task(self._read(*each)) for each in paths[start : start + 100]]
            while self.open + self.refused < len(self._tasks):  # noqa: ASYNC110  a benchmark may poll
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def changes(port: int, ids: list[str], watcher: Watcher) -> list[float]:
    """From sending a cancellation to reading it in its stream, ms: the call itself is in it."""
    took = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for one in ids:
        began = time.perf_counter()
        writer.write(
            f"POST /v1/verifications/{one}/cancel HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {KEY}\r\n"
            "Content-Length: 2\r\n\r\n{}".encode()
        )
        for _ in range(4000):
            if one in watcher.seen:
                break
            await asyncio.sleep(0.0005)
        took.append((watcher.seen[one] - began) * 1000)
        await reader.read(65_536)
    writer.close()
    return sorted(took)


async def _measure(here: Running, client: redis.Redis, ids: list[str]) -> dict[str, float]:
    idle, watcher = resident_mb(here.pid), Watcher(here.port, KEY)
    await watcher.watch([(one, f"/v1/verifications/{one}") for one in ids])
    assert not watcher.refused, f"{watcher.refused} streams were refused"
    await asyncio.sleep(1)
    found = {"streams": len(ids), "idle_mb": idle, "resident_mb": resident_mb(here.pid)}
    found["subscriptions"] = client.pubsub_numsub("cs:changed")[0][1]
    took = await changes(here.port, ids[:: max(1, len(ids) // 200)], watcher)
    await watcher.close()
    return found | {"p50_ms": took[len(took) // 2], "p99_ms": took[int(len(took) * 0.99)]}


def measure(directory: Path, store: str, *, count: int) -> dict[str, float]:
    with ExitStack() as stack:
        here = stack.enter_context(service(directory, store, stack.enter_context(platform())))
        bind_users(here)
        ids = start_many(here, range(count))
        return asyncio.run(_measure(here, redis.Redis.from_url(store), ids))
