"""The end of the append-only file where the embedded server cannot read on: an unfinished last write, or damage.

A crash in the middle of a write leaves at most one unfinished command or transaction. The server could drop it by
itself (`aof-load-truncated`), but takes damage in the middle of the file for the same: a wrong length reaches past the
end, and everything after it would be cut off in silence. Such an end is laid aside in the data directory, and the store
notes that it lost writes, as after a fail-over (`codesvc.store.marks`).
"""

from __future__ import annotations

import mmap
import os
import re
import shutil
import time
from typing import TYPE_CHECKING, BinaryIO, Final

import structlog
from redis.exceptions import RedisError

from codesvc.store.deployment_keys import PartitionKeys
from codesvc.store.partitions import PARTITIONS

if TYPE_CHECKING:
    from pathlib import Path

    from redis.asyncio import Redis

_UNEXPECTED_END: Final = re.compile(r"Unexpected end of file reading the append only file ([\w.-]+\.incr\.aof)\.")
_LONGEST_HEADER: Final = 32
# In a value that was not written to its end there is neither the header of a further value nor the end of one.
_FURTHER: Final = re.compile(rb"\r\n(?:[*$]\d+\r\n|\Z)")
_PENDING: Final = "cut-off.aof"
_DAY_MS: Final = 86_400_000

_log = structlog.get_logger(__name__)


def cut_off_end(data_dir: Path, words: str) -> bool:
    """Cut off the end that a server could not read; whether that was done.

    Args:
        data_dir: what lies in the file's end, if it is more than an unfinished write, is laid aside there.
        words: the last words of the server, which name the file.
    """
    if (named := _UNEXPECTED_END.search(words)) is None:
        return False
    path = data_dir / "appendonlydir" / named[1]
    with path.open("r+b") as file:
        size, written = os.fstat(file.fileno()).st_size, os.fstat(file.fileno()).st_mtime_ns
        if (begin := _unfinished(file, size)) is None:
            return False
        if _holds_more(file):
            _lay_aside(file, begin, data_dir / _PENDING, written)
        else:
            _log.warning("store_write_unfinished", octets=size - begin)
        file.truncate(begin)
        os.fsync(file.fileno())
    return True


def _unfinished(file: BinaryIO, size: int) -> int | None:
    """Where the unfinished command or transaction begins. The file stands where it cannot be read on.

    None where the file has another fault than that it ends too early.
    """
    begin, in_transaction = 0, False
    try:
        while file.tell() < size:
            name = _command(file, size)
            in_transaction = name == b"MULTI" or (in_transaction and name != b"EXEC")
            if not in_transaction:
                begin = file.tell()
    except EOFError:
        return begin
    except ValueError:
        return None
    return begin if in_transaction else None


def _command(file: BinaryIO, size: int) -> bytes:
    """Read one command; its name.

    Raises:
        EOFError: it is not complete.
        ValueError: it is not a command.
    """
    name = None
    for _ in range(_header(file, b"*")):
        octets = _header(file, b"$")
        if octets + 2 > size - file.tell():
            raise EOFError
        if name is None:
            name = file.read(octets + 2)[:-2].upper()
        else:
            file.seek(octets + 2, os.SEEK_CUR)
    return name or b""


def _header(file: BinaryIO, sign: bytes) -> int:
    line = file.readline(_LONGEST_HEADER)
    if not line.endswith(b"\n") and len(line) < _LONGEST_HEADER:
        file.seek(-len(line), os.SEEK_CUR)
        raise EOFError
    if line[:1] != sign or not line[1:-2].isdigit():
        raise ValueError(line)
    return int(line[1:-2])


def _holds_more(file: BinaryIO) -> bool:
    """Whether after the place where the file stands more follows than one value that is not complete."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return _FURTHER.search(content, file.tell()) is not None


def _lay_aside(file: BinaryIO, begin: int, path: Path, written_ns: int) -> None:
    """Copy the end with the time of the last write. It is on the disk before the file is cut."""
    path.unlink(missing_ok=True)
    with open(path, "xb", opener=_private) as copy:
        file.seek(begin)
        shutil.copyfileobj(file, copy)
        copy.flush()
        os.utime(copy.fileno(), ns=(written_ns, written_ns))
        os.fsync(copy.fileno())
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


async def note_lost_end(redis: Redis, data_dir: Path, prefix: str) -> None:
    """Note in the store that an end with complete writes was cut off, also by a start that was killed since.

    The end keeps its name until the store has the note. Of ends that were laid aside, the latest is kept.
    """
    pending = data_dir / _PENDING
    try:
        found = pending.stat()
    except FileNotFoundError:
        return
    kept, begun, until = pending, _begun(data_dir), found.st_mtime_ns // 1_000_000
    try:
        for partition in range(PARTITIONS):
            await _note(redis, PartitionKeys(prefix, partition), begun, until)
    except RedisError:
        pass  # it refuses writes: the next start notes it
    else:
        kept = _kept(pending)
    _log.error("store_truncated", octets=found.st_size, copy=str(kept))


def _kept(pending: Path) -> Path:
    for former in pending.parent.glob("cut-off-*.aof"):
        former.unlink()
    return pending.rename(pending.with_name(time.strftime("cut-off-%Y%m%dT%H%M%SZ.aof", time.gmtime())))


def _begun(data_dir: Path) -> int:
    """When the file began in which the end was, ms: what was written before that lies in the snapshot beside it."""
    snapshots = (data_dir / "appendonlydir").glob("*.base.*")
    return max((path.stat().st_mtime_ns // 1_000_000 for path in snapshots), default=0)


async def _note(redis: Redis, keys: PartitionKeys, begun: int, until: int) -> None:
    """Writes were lost from the latest turn that the partition still has, or else from when the file began."""
    turns = await redis.zrevrange(keys.turns, 0, 0, withscores=True)
    latest = max(int(turns[0][1]) if turns else 0, begun)
    await redis.set(keys.lost_writes, f"{min(latest, until - 1)}-{until}", px=_DAY_MS)
