"""Writes the audit lines that no Lua script writes, and reads the audit log."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from codesvc.domain.audit import read_line
from codesvc.domain.audit_gaps import logs_in, with_gaps
from codesvc.domain.clock import unix_ms
from codesvc.store.availability import OrUnavailable
from codesvc.store.partitions import DEPLOYMENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.domain.audit import AuditAct, Line
    from codesvc.domain.audit_gaps import Log
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store

_MOST: Final = 1_000
_PART: Final = 500
_NEVER: Final = 1 << 62
_READ_AT_ONCE: Final = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the log.

    Attributes:
        before: older lines than this time are to come, ms; 0 for all.
        skip: so many of the newest of them were shown already: lines of one moment may be on two pages.
    """

    before: int = 0
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        lines: newest first.
        next: where to go on for older lines; None if there are none.
        unread: whether the search ended before it had found as many as were wanted, so there may be more at `next`.
    """

    lines: list[Line]
    next: Place | None
    unread: bool


class AuditLog:
    """Access to the audit log.

    Args:
        partitions: the partitions that may have lines; this collection may grow.

    Attributes:
        read_at_once: about how many lines a page reads at most, to find those that it shows.
    """

    def __init__(self, store: Store, partitions: Iterable[int]) -> None:
        self._store = store
        self._partitions = partitions
        self.read_at_once = _READ_AT_ONCE

    async def note(
        self,
        actor: str,
        act: AuditAct,
        *,
        site: SiteEntry | None = None,
        user: str = "",
        reason: str = "",
        detail: str = "",
    ) -> None:
        """Write a line. `user` is masked first."""
        await self._store.audit.note(
            site.store_keys.partition if site else DEPLOYMENT,
            actor=actor,
            act=act.value,
            site=site.name if site else "",
            user=user,
            reason=reason,
            detail=detail,
        )

    async def search(
        self,
        place: Place | None = None,
        *,
        since: int = 0,
        most: int = _MOST,
        site: str | None = None,
        act: str = "",
        reading: int = 0,
    ) -> Found:
        """Lines that are wanted, newest first. Where lines are gone, a line says so (`AuditAct.LINES_MISSING`).

        The filter is applied before the cut. The gaps of a log that may have had wanted lines are always among them.

        Args:
            place: where an earlier search ended; None for the newest lines.
            since: only lines from this time on, in ms since 1970; 0 for no bound.
            most: how many.
            site: only lines of this site; "" only lines of no site, None all.
            act: only lines of this act, "" for all.
            reading: end after about so many lines were read, wanted or not; 0 to read all that may be wanted.
        """
        place = place or Place()
        logs = [
            _Reader(self._store, log, partition, place.before)
            for partition in sorted({DEPLOYMENT, *self._partitions})
            for log in await self._logs(partition)
            if site is None or log.site in {site, ""}
        ]
        # Lines that were read and may be older than one that was not: time, log, place in it.
        waiting: list[tuple[int, int, int, Line]] = []
        found: list[Line] = []
        left, read = place.skip, 0
        while True:
            # The log whose next line may be the newest is read on. All that is newer than that line is in its order.
            number, newest = max(enumerate(logs), key=lambda each: each[1].next_at)
            frontier = newest.next_at if newest.next_at >= since else -1
            while waiting and -waiting[0][0] > frontier and len(found) <= most:
                line = heapq.heappop(waiting)[-1]
                if left:
                    left -= 1
                else:
                    found.append(line)
            if len(found) > most:
                return Found(found[:most], _after(place, found[:most]), unread=False)
            if frontier < 0:
                return Found(found, None, unread=False)
            # A search that goes on makes progress: it passes at least one moment.
            if reading and read >= reading and (not place.before or frontier < place.before - 1):
                return Found(found, Place(frontier + 1), unread=True)
            for line in await newest.read():
                read += 1
                if newest.log.wanted(line, site, act) and since <= int(line.at) < (place.before or _NEVER):
                    heapq.heappush(waiting, (-int(line.at), number, read, line))

    async def _logs(self, partition: int) -> list[Log]:
        with OrUnavailable("the audit log cannot be read"):
            return logs_in(await self._store.at(partition).hgetall(self._store.partition_keys(partition).audits))


class _Reader:
    """Reads one log from its newest line on, or from a time, part by part.

    Args:
        before: only lines before this time, ms; 0 for all.

    Attributes:
        next_at: no line that is still to be read is newer, ms; -1 if there are none.
    """

    def __init__(self, store: Store, log: Log, partition: int, before: int) -> None:
        self.log = log
        self._store = store
        self._partition = partition
        # The ids of entries come from the store's own clock. In test mode our clock may differ, so ids and times of
        # ours are not compared.
        self._top = f"({before}-0" if before and not store.offset.ms else "+"
        self._last: list[Line] = []
        self.next_at = min(log.last if log.name else _NEVER, before - 1 if before else _NEVER)

    async def read(self) -> list[Line]:
        """The next lines, newest first, with a line wherever some are gone."""
        store, partition, log = self._store, self._partition, self.log
        with OrUnavailable("the audit log cannot be read"):
            found: Any = await store.at(partition).xrevrange(
                store.partition_keys(partition).audit(log.name), self._top, count=_PART
            )
        lines = [read_line(identifier(partition, log.name, entry), fields[b"line"]) for entry, fields in found]
        expired, ended = unix_ms() + store.offset.ms - store.retention.audit, len(found) < _PART
        # The last line before comes again, so that a gap behind it is seen.
        whole = with_gaps(log, [*self._last, *lines], newest=self._top == "+", oldest=ended, expired=expired)
        part = list(whole)[len(self._last) :]
        self.next_at = -1 if ended else int(lines[-1].at)
        if not ended:
            self._last, self._top = lines[-1:], f"({found[-1][0].decode()}"
        return part


def _after(place: Place, lines: list[Line]) -> Place:
    """Where a search goes on that began at `place` and found these lines."""
    before = int(lines[-1].at) + 1
    same = sum(int(line.at) + 1 == before for line in lines)
    return Place(before, same + (place.skip if place.before == before else 0))


def identifier(partition: int, log: str, entry: bytes) -> str:
    """The id of a line of a log, unique in the whole deployment."""
    return "-".join([f"{partition:02d}", *([log] if log else []), entry.decode()])
