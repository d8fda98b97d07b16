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


class _Streams:
    """Readers that note when the last bytes of each stream came."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.seen: dict[str, float] = {}
        self.opened = 0
        self._tasks: list[asyncio.Task] = []

    async def _read(self, identifier: str) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        head = (
            f"GET /v1/verifications/{identifier}/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {KEY}\r\n\r\n"
        )
        writer.write(head.encode())
        await reader.readuntil(b"event: change")
        self.opened += 1
        while chunk := await reader.read(65_536):
            if b"canceled" in chunk:
                self.seen[identifier] = time.perf_counter()
        writer.close()

    async def open(self, ids: list[str]) -> None:
        for start in range(0, len(ids), 100):
            self._tasks += [asyncio.create_task(self._read(one)) for one in ids[start : start + 100]]
            while self.opened < min(start + 100, len(ids)):  # noqa: ASYNC110  a benchmark may poll
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _changes(port: int, ids: list[str], streams: _Streams) -> list[float]:
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
            if one in streams.seen:
                break
            await asyncio.sleep(0.0005)
        took.append((streams.seen[one] - began) * 1000)
        await reader.read(65_536)
    writer.close()
    return sorted(took)


async def _measure(here: Running, client: redis.Redis, ids: list[str]) -> dict[str, float]:
    idle, streams = resident_mb(here.pid), _Streams(here.port)
    await streams.open(ids)
    await asyncio.sleep(1)
    found = {"streams": len(ids), "idle_mb": idle, "resident_mb": resident_mb(here.pid)}
    found["subscriptions"] = client.pubsub_numsub("cs:changed")[0][1]
    took = await _changes(here.port, ids[:: max(1, len(ids) // 200)], streams)
    await streams.close()
    return found | {"p50_ms": took[len(took) // 2], "p99_ms": took[int(len(took) * 0.99)]}


def measure(directory: Path, store: str, *, count: int) -> dict[str, float]:
    with ExitStack() as stack:
        here = stack.enter_context(service(directory, store, stack.enter_context(platform())))
        bind_users(here)
        ids = start_many(here, range(count))
        return asyncio.run(_measure(here, redis.Redis.from_url(store), ids))
