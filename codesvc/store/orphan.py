"""A server that outlived its service: found by the lock that it holds, and ended."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from codesvc.store.data_directory import EmbeddedValkeyError

if TYPE_CHECKING:
    from collections.abc import Iterator

POLL_SECONDS: Final = 0.005
_KILL_SECONDS: Final = 2.0
"""How long the system may take to end a process after SIGKILL."""
_LOOKS: Final = 20


def client_of(socket: Path) -> Redis:
    """A client of an embedded server that waits a second for an answer."""
    return Redis(unix_socket_path=str(socket), socket_timeout=1, retry=Retry(NoBackoff(), 0))


def locked(descriptor: int) -> bool:
    """Try to take the lock. It belongs to the open file, so a child that inherits the descriptor holds it as well."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def locked_soon(descriptor: int) -> bool:
    """Try to take the lock, which a command may hold for the moment in which it looks (`running_socket`)."""
    for _ in range(_LOOKS):
        if locked(descriptor):
            return True
        await asyncio.sleep(POLL_SECONDS)
    return False


async def end_orphan(lock: int, socket: Path, stop_seconds: float, platform: str) -> None:
    """End the holder of the server's lock: on Linux by signals to the pids from /proc, else over its socket."""
    for number, seconds in ((signal.SIGTERM, stop_seconds), (signal.SIGKILL, _KILL_SECONDS)):
        holders = list(_holders(lock)) if platform == "linux" else []
        for pid in holders:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        if not holders:
            with contextlib.suppress(RedisError):
                async with client_of(socket) as client:
                    await client.shutdown()
        for _ in range(int(seconds / POLL_SECONDS)):
            if locked(lock):
                return
            await asyncio.sleep(POLL_SECONDS)
    raise EmbeddedValkeyError("an orphaned server still uses the data directory and will not end; end it by hand")


def _holders(lock: int) -> Iterator[int]:
    """The pids that hold a flock on the file that is open as `lock`, from /proc."""
    target = Path(f"/proc/self/fd/{lock}").readlink()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):  # gone, or not ours to look at
            if link.readlink() == target and "FLOCK" in (link.parents[1] / "fdinfo" / link.name).read_text():
                yield int(link.parts[2])
