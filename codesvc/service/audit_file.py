"""Writes the audit log to a file: one JSON object a line, only ever appended.

One consumer group of the whole deployment reads the log of each partition, so any one process writes a line. A line is
acknowledged after it is on the disk. After a crash it may be in the file twice, with the same `id`. No line is missing
as long as the store still keeps it.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from redis.exceptions import RedisError, ResponseError

from codesvc.domain.audit import read_line
from codesvc.domain.clock import rfc3339
from codesvc.domain.errors import CodesvcError
from codesvc.runtime.tasks import end
from codesvc.store.keys import DEPLOYMENT, audit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Sequence
    from pathlib import Path

    from codesvc.domain.audit import Line
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
EVERY_SECONDS: Final = 2.0
_GROUP: Final = "file"
_AT_ONCE: Final = 500


def written(line: Line) -> bytes:
    """A line of the file, with its line end. Empty members are left out."""
    told = {name: value for name, value in msgspec.structs.asdict(line).items() if value}
    return msgspec.json.encode({**told, "at": rfc3339(int(line.at))}) + b"\n"


def append(path: Path, lines: Sequence[Line]) -> None:
    """Append lines and flush them to the disk.

    Raises:
        OSError: the lines could not be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        # Each line is one write, so that other writers of the file cannot split it.
        for line in lines:
            os.write(descriptor, written(line))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class AuditFile:
    """Keeps the audit file.

    Args:
        store: holds the log.
        partitions: returns the partitions that have logs; called anew each time.
        path: of the file; None if no file is configured.
    """

    def __init__(self, store: Store, partitions: Callable[[], Iterable[int]], path: Path | None) -> None:
        self._store = store
        self._partitions = partitions
        self._path = path

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Append new lines to the file, as long as this context is open."""
        tasks = [asyncio.create_task(self._run(), name="audit file")] if self._path else []
        try:
            yield
        finally:
            await end(tasks)

    async def _run(self) -> None:
        # Lines come first that a process had read and not acknowledged when it died.
        place = "0"
        while True:
            try:
                await self.write_new(place)
                place = ">"
            except (CodesvcError, RedisError, OSError) as error:
                _log.error("audit_file_behind", error=type(error).__name__)
            await asyncio.sleep(EVERY_SECONDS)

    async def write_new(self, place: str = ">") -> int:
        """Append new lines, or with `0` those that were read and not acknowledged. Returns how many.

        Raises:
            StoreUnavailable: no server is known for a partition.
            RedisError: the store does not answer.
            OSError: the file cannot be written.
        """
        count = 0
        for partition in sorted({DEPLOYMENT, *self._partitions()}):
            count += await self._write(partition, place)
        return count

    async def _write(self, partition: int, place: str) -> int:
        redis, key = self._store.at(partition), audit(self._store.prefix, partition)
        try:
            told: Any = await redis.xreadgroup(_GROUP, _GROUP, {key: place}, count=_AT_ONCE)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            # A log without lines has no key. Creating the group now would create the key, and without a TTL.
            if await redis.exists(key):
                await redis.xgroup_create(key, _GROUP, id="0")
            return 0
        entries = [(name, fields) for name, fields in (told[0][1] if told else []) if fields]
        if not entries:
            return 0
        lines = [read_line(f"{partition:02d}-{name.decode()}", fields[b"line"]) for name, fields in entries]
        if self._path is not None:
            await asyncio.to_thread(append, self._path, lines)
        await redis.xack(key, _GROUP, *(name for name, _ in entries))
        return len(lines)
