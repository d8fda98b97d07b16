"""Exports and imports many bindings: exports by walking the store, imports in batches of one script each.

Memory holds one batch. Both can continue after an interruption:

- An import notes in `FILE.done` after each batch how many lines are done, and skips them when it is started again for
  the same site with the same file. A batch that was done but not noted is harmless: importing the same binding again
  changes nothing.
- An export writes to a partial file and renames it at the end, so that an incomplete file never has the final name. It
  notes its position in the walk, whose bindings these are, and the run id of the store's server, because the position
  is valid only in that run. Started again within five minutes, it continues there, but from the beginning if one of
  them is another. Later, too much of what it has written may be gone: bindings that were removed, people who were
  erased.
"""

from __future__ import annotations

import os
from collections import Counter
from functools import partial
from hashlib import file_digest
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.domain.binding_lines import BadFile, Reading, kind_of, lines_of, read_rows, writer
from codesvc.domain.binding_values import masked_id, masked_openids
from codesvc.domain.clock import unix_ms
from codesvc.domain.test_identity import is_test_openid
from codesvc.domain.text_encoding import BadText, encoding_of
from codesvc.runtime.private_files import open_private, read_private, replace_private
from codesvc.runtime.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import tzinfo
    from pathlib import Path
    from typing import IO

    from codesvc.domain.binding_lines import Row
    from codesvc.domain.text_encoding import Encoding
    from codesvc.service.visitor_names import VisitorNames
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store
    from codesvc.wechat.bulk_calls import BulkCalls

BATCH: Final = 200
_NAME_OF_ANOTHER: Final = "the user is, or may be taken for, the name by which apps know another WeChat account"
_SCAN: Final = 1_000
_MOST_PAUSE_MS: Final = 300_000
_LONGEST_MARK: Final = 4_096
_CHUNK: Final = 262_144  # bytes


async def export(store: Store, site: SiteEntry, path: Path) -> int:
    """Write every binding of a site. Returns how many.

    Raises:
        BadFile: the file's ending is not known.
        OSError: the file cannot be written.
        RedisError: the store does not answer.
    """
    kind, start = kind_of(path), site.store_keys.binding(site.name, "")
    partial, mark = path.with_name(path.name + ".part"), path.with_name(path.name + ".part.mark")
    # All bindings of a site are in one partition, so on one server.
    redis = store.at(site.store_keys.partition)
    progress, walk = Progress(0), [(await redis.info("server"))["run_id"], start]
    place = _read_mark(mark, walk) if partial.exists() and _is_fresh(mark) else None
    cursor, count, length = place if place and place[0] else (-1, 0, 0)
    with open_private(partial, keep=True, newline="") as file:
        write = writer(file, kind)
        file.flush()
        if length:
            # Lines after the last note are written again. The heading is already in the file.
            file.seek(length)
        file.truncate()
        while cursor:
            names: list[bytes]
            cursor, names = await redis.scan(max(cursor, 0), match=f"{start}*", count=_SCAN)  # type: ignore[assignment]  # this connection decodes nothing
            async with redis.pipeline(transaction=False) as pipe:
                for name in names:
                    pipe.hmget(name, ["openid", "unionid", "at", "display", "proved"])
                found = await pipe.execute()
            for name, (openid, unionid, at, display, proved) in zip(names, found, strict=True):
                # SCAN may return a key twice. A second line of the same binding is harmless when it is imported.
                if openid is not None:
                    user = name.decode().removeprefix(start)
                    # An import without a time proved nothing; its own time must not read as a proof later.
                    since = None if proved == b"0" else int(at)
                    write(user, openid.decode(), _text(unionid), since, _text(display))
                    count += 1
            progress.show(0, count)
            file.flush()
            _write_mark(mark, walk, (cursor, count, file.tell()))
    partial.replace(path)
    mark.unlink(missing_ok=True)
    progress.show(0, count, last=True)
    return count


def _text(value: bytes | None) -> str | None:
    return value.decode() if value else None


def _is_fresh(mark: Path) -> bool:
    """Whether a note was written lately; one from later than now tells nothing."""
    return mark.exists() and 0 <= unix_ms() - mark.lstat().st_mtime * 1000 < _MOST_PAUSE_MS


def _read_mark(mark: Path, of: Sequence[str]) -> tuple[int, ...] | None:
    """The numbers of a note about an interrupted walk or file; None for none, or for that of another walk or file.

    Raises:
        OSError: another user may have laid it there, so that this one would leave people out.
    """
    try:
        noted, numbers = msgspec.json.decode(
            read_private(mark, most=_LONGEST_MARK), type=tuple[list[str], tuple[int, ...]]
        )
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return numbers if noted == list(of) else None


def _write_mark(mark: Path, of: Sequence[str], numbers: Sequence[int]) -> None:
    replace_private(mark, msgspec.json.encode((of, numbers)).decode())


class Import:
    """Imports the bindings of a file.

    Args:
        dry: only say what would happen. It does not see that two lines of the file contradict each other.
        encoding: the file's encoding, "" to detect it.
        zone: the time zone of times that name none; None refuses such times.
        calls: asks WeChat whether the site's account has each openid; None: it is not asked.
        names: whose the names are by which apps know people.
    """

    def __init__(
        self,
        store: Store,
        site: SiteEntry,
        path: Path,
        *,
        dry: bool,
        encoding: str = "",
        zone: tzinfo | None = None,
        calls: BulkCalls | None = None,
        names: VisitorNames,
    ) -> None:
        self._calls = calls
        self._names = names
        self._store = store
        self._site = site
        self._path = path
        self._dry = dry
        self._named = encoding
        self._zone = zone
        self.encoding: Encoding | None = None
        self._mark = path.with_name(path.name + ".done")
        self._report = path.with_name(path.name + ".conflicts.jsonl")
        self.counts: Counter[str] = Counter()

    async def run(self) -> None:
        """Import the file. `counts` holds the results: bound, same, user, wechat, faulty, unknown, skipped.

        Raises:
            BadFile: an ending that is not known, columns are missing, or a byte is not of the file's encoding. The
                whole file is looked through before the first binding is taken.
            OSError: the file cannot be read, or `.done` or `.conflicts.jsonl` beside it cannot be written.
            StoreUnavailable: the store went away; started again, the import goes on where it was.
            WeChatFault: WeChat does not say whether it knows the openids; started again, the import goes on.
        """
        kind, mine = kind_of(self._path), None if self._dry else self._identity()
        [done] = (mine and _read_mark(self._mark, mine)) or (0,)
        encoding = self._look_through(kind)
        reading = Reading(self._zone, encoding.guessed, latest=unix_ms() + self._store.offset.ms)
        progress, lines = Progress(self._path.stat().st_size), 0
        with (
            self._path.open(encoding=encoding.name, newline="") as file,
            open_private(self._report, append=bool(done)) as report,
        ):
            rows = read_rows(lines_of(file), kind, reading)
            while batch := list(islice(rows, BATCH)):
                lines += len(batch)
                wanted = [row for row in batch if row.number > done]
                self.counts["skipped"] += len(batch) - len(wanted)
                if wanted:
                    await self._take(wanted, report)
                    if mine:
                        _write_mark(self._mark, mine, (batch[-1].number,))
                clashes = sum(self.counts[word] for word in ("user", "wechat", "faulty", "unknown"))
                progress.show(os.lseek(file.fileno(), 0, os.SEEK_CUR), lines, f", {clashes} not taken")
        progress.show(self._path.stat().st_size, lines, last=True)
        self._mark.unlink(missing_ok=True)
        if not self._report.stat().st_size:
            self._report.unlink()

    def _identity(self) -> list[str]:
        """Which site's bindings these are, and the digest of the file: of any other, every line is new."""
        with self._path.open("rb") as file:
            return [self._site.store_keys.binding(self._site.name, ""), file_digest(file, "sha256").hexdigest()]

    def _look_through(self, kind: str) -> Encoding:
        """The file's encoding; raises BadFile if the file cannot be read to its end."""
        try:
            self.encoding = encoding = encoding_of(self._chunks, self._named)
            with self._path.open(encoding=encoding.name, newline="") as file:
                for _ in read_rows(lines_of(file), kind):
                    pass
        except (BadText, BadFile) as error:
            raise BadFile(f"{self._path.name}: {error}; nothing was imported") from None
        return encoding

    def _chunks(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            yield from iter(partial(file.read, _CHUNK), b"")

    async def _take(self, rows: list[Row], report: IO[str]) -> None:
        site = self._site
        sound = []
        for row in rows:
            if row.problem:
                self._fault(report, row, row.problem)
            elif not await self._names.is_free_for(site, row.user, row.openid):
                self._fault(report, row, _NAME_OF_ANOTHER)
            else:
                sound.append(row)
        if self._calls is not None:
            real = (row.openid for row in sound if not is_test_openid(row.openid))
            unknown = await self._calls.unknown(real)
            for row in sound:
                if row.openid in unknown:
                    self.counts["unknown"] += 1
                    why = f'the account {site.account.config.appid} has no openid "{masked_id(row.openid)}"'
                    self._note(report, row, why)
            sound = [row for row in sound if row.openid not in unknown]
        imported = await self._store.bindings.take_over(
            site.store_keys,
            site.name,
            msgspec.json.encode([[row.user, row.openid, row.unionid, row.since, row.display] for row in sound]),
            many=site.config.users_per_wechat == "many",
            dry=self._dry,
        )
        for row, word in zip(sound, imported.verdicts, strict=True):
            self.counts[word] += 1
            if word in {"user", "wechat"}:
                why = "the user has another WeChat account" if word == "user" else "the WeChat account has another user"
                self._note(report, row, why)
        report.flush()

    def _fault(self, report: IO[str], row: Row, why: str) -> None:
        self.counts["faulty"] += 1
        self._note(report, row, why)

    @staticmethod
    def _note(report: IO[str], row: Row, why: str) -> None:
        said = {"line": row.number, "user": masked_openids(row.user), "why": why}
        report.write(msgspec.json.encode(said).decode() + "\n")
