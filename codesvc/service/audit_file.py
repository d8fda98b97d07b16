"""Writes the audit log to a file: one JSON object a line, only ever appended.

One process at a time writes, under a lock in the store. One consumer group of the whole deployment reads each log. A
line is acknowledged after it is on the disk. After a crash it may be in the file twice, with the same `id`. No line is
missing as long as the store still keeps it. Lines that the store dropped before they were read are counted in a line
of their own (`AuditAct.LINES_MISSING`), and the numbers of the lines show it too.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager, nullcontext, suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from redis.exceptions import RedisError, ResponseError

from codesvc.domain.audit import read_line
from codesvc.domain.audit_gaps import first_gone, logs_in
from codesvc.domain.clock import rfc3339
from codesvc.domain.errors import CodesvcError
from codesvc.runtime.tasks import beside
from codesvc.service.auditing import identifier
from codesvc.store.partitions import DEPLOYMENT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from redis.asyncio import Redis

    from codesvc.domain.audit import Line
    from codesvc.domain.audit_gaps import Log
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
EVERY_SECONDS: Final = 2.0
_GROUP: Final = "file"
_AT_ONCE: Final = 500
_LOCK_MS: Final = 30_000


def written(line: Line) -> bytes:
    """A line of the file, with its line end. Empty members are left out."""
    members = {name: value for name, value in msgspec.structs.asdict(line).items() if value}
    return msgspec.json.encode({**members, "at": rfc3339(int(line.at))}) + b"\n"


def append(path: Path, lines: Sequence[Line]) -> None:
    """Append lines and flush them to the disk.

    Raises:
        OSError: not all of them could be written. What was written is taken back where nobody wrote behind it.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        length, written_octets = os.fstat(descriptor).st_size, 0
        # A line whose end was cut off gets its end, so that the next one does not become a part of it.
        octets = b"\n" * _is_torn(path, length) + b"".join(map(written, lines))
        try:
            # A disk that is nearly full takes a part, and refuses at the next write only.
            while written_octets < len(octets):
                written_octets += os.write(descriptor, octets[written_octets:])
            os.fsync(descriptor)
            if not length:
                _flush_entry(path)
        except OSError:
            # A file that may only grow (chattr +a) keeps it; the next lines begin behind a line end of their own.
            with suppress(OSError):
                if os.fstat(descriptor).st_size == length + written_octets:
                    os.ftruncate(descriptor, length)
            raise
    finally:
        os.close(descriptor)


def _is_torn(path: Path, length: int) -> bool:
    """Whether the file's last line has no end."""
    with suppress(OSError), path.open("rb") as file:
        return length > 0 and os.pread(file.fileno(), 1, length - 1) != b"\n"
    return False  # a file that may only be written


def _flush_entry(path: Path) -> None:
    """Flush the directory, in which a new file's name stands."""
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


class AuditFile:
    """Keeps the audit file.

    Args:
        partitions: returns the partitions that have logs; called anew each time.
        path: the path of the file; None if no file is configured.
    """

    def __init__(self, store: Store, partitions: Callable[[], Iterable[int]], path: Path | None) -> None:
        self._store = store
        self._partitions = partitions
        self._path = path
        self._owner = token_hex(8)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Append new lines to the file, as long as this context is open."""
        async with beside(self._run, "audit file") if self._path else nullcontext():
            yield

    async def _run(self) -> None:
        while True:
            try:
                # A log is read in pieces: an import of many bindings writes faster than one piece in each pause.
                while await self.write_new() >= _AT_ONCE:
                    pass
            except (CodesvcError, RedisError, OSError) as error:
                _log.error("audit_file_behind", error=type(error).__name__)
            await asyncio.sleep(EVERY_SECONDS)

    async def write_new(self) -> int:
        """Append new lines, those first that a process had read and not acknowledged when it died. Returns how many.

        One process does this at a time; while another does, nothing is written.

        Raises:
            StoreUnavailable: no server is known for a partition.
            RedisError: the store does not answer.
            OSError: the file cannot be written.
        """
        redis, lock = self._store.at(DEPLOYMENT), self._store.keys.audit_filing
        if not await redis.set(lock, self._owner, nx=True, px=_LOCK_MS):
            return 0
        try:
            count = 0
            for partition in sorted({DEPLOYMENT, *self._partitions()}):
                for log in logs_in(
                    await self._store.at(partition).hgetall(self._store.partition_keys(partition).audits)
                ):
                    # The log of lines without a site may have lines that were written before lines had numbers.
                    if log.written > log.filed or not log.name:
                        count += await self._write(partition, log)
            return count
        finally:
            await self._store.locks.release(self._store.keys, lock, self._owner)

    async def _write(self, partition: int, log: Log) -> int:
        """Append what is new of one log. Returns how many lines, gaps among them."""
        redis, key = self._store.at(partition), self._store.partition_keys(partition).audit(log.name)
        entries: list[tuple[bytes, Any]] = []
        # A log without lines has no key. Creating the group then would create the key, and without a TTL.
        if await redis.exists(key):
            for place in ("0", ">"):
                entries += await self._taken(redis, key, place)
        kept = [(name, fields) for name, fields in entries if fields]
        lines = [read_line(identifier(partition, log.name, name), fields[b"line"]) for name, fields in kept]
        whole = list(_with_gaps(log, lines))
        if whole and self._path is not None:
            await asyncio.to_thread(append, self._path, whole)
        if entries:
            await redis.xack(key, _GROUP, *(name for name, _ in entries))
        filed = max((line.number for line in lines), default=log.written if whole else 0)
        if filed > log.filed:
            counts = self._store.partition_keys(partition).audits
            async with redis.pipeline(transaction=True) as pipe:
                pipe.hset(counts, f"{log.name}/filed", str(filed))
                pipe.pexpire(counts, self._store.retention.audit)
                await pipe.execute()
        return len(whole)

    async def _taken(self, redis: Redis, key: str, place: str) -> list[tuple[bytes, Any]]:
        try:
            reply: Any = await redis.xreadgroup(_GROUP, _GROUP, {key: place}, count=_AT_ONCE)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await redis.xgroup_create(key, _GROUP, id="0")
            return []
        return list(reply[0][1]) if reply else []


def _with_gaps(log: Log, lines: Sequence[Line]) -> Iterator[Line]:
    """The lines of a batch in order, with a line wherever some were gone before they were read."""
    filed = log.filed
    for line in lines:
        if line.number > filed + 1:
            yield from first_gone(log, line.at, line.number - filed - 1)
        filed = max(filed, line.number)
        yield line
    if not lines and log.written > filed:
        yield from first_gone(log, str(log.last), log.written - filed)
