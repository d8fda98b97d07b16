"""Writes the audit lines that no Lua script writes, and reads the audit log."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import RedisError

from codesvc.domain.audit import read_line
from codesvc.domain.audit_gaps import logs_in, with_gaps
from codesvc.domain.clock import unix_ms
from codesvc.domain.errors import StoreUnavailable
from codesvc.store.keys import DEPLOYMENT, audit, audits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.domain.audit import Act, Line
    from codesvc.domain.audit_gaps import Log
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store

_MOST: Final = 1_000


class AuditLog:
    """Access to the audit log.

    Args:
        store: holds the log.
        partitions: the partitions that may have lines; this collection may grow.
    """

    def __init__(self, store: Store, partitions: Iterable[int]) -> None:
        self._store = store
        self._partitions = partitions

    async def note(
        self, actor: str, act: Act, *, site: SiteEntry | None = None, user: str = "", reason: str = "", detail: str = ""
    ) -> None:
        """Write a line. `user` is masked first.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        await self._store.audit.note(
            site.store_keys.partition if site else DEPLOYMENT,
            actor=actor,
            act=act.value,
            site=site.name if site else "",
            user=user,
            reason=reason,
            detail=detail,
        )

    async def latest(
        self, *, before: int = 0, since: int = 0, most: int = _MOST, site: str | None = None
    ) -> list[Line]:
        """The newest lines, newest first. Where lines are gone, a line says so (`Act.LINES_MISSING`).

        Args:
            before: only lines before this time, in ms since 1970; 0 for no bound.
            since: only lines from this time on; 0 for no bound.
            most: how many.
            site: only lines of this site; "" only lines of no site, None all.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        logs = [
            (log, partition)
            for partition in sorted({DEPLOYMENT, *self._partitions})
            for log in await self._logs(partition)
            if site is None or log.site in {site, ""}
        ]
        found: list[tuple[int, int, Line]] = []
        for log, partition in sorted(logs, key=lambda each: each[0].last, reverse=True):
            # Logs are read in the order of their newest lines, until no further one can have a line that is wanted.
            if log.name and len(found) >= most and _oldest_wanted(found, most) > log.last:
                continue
            lines = await self._read(log, partition, before, max(most, _MOST))
            wanted = [line for line in lines if since <= int(line.at) and (not before or int(line.at) < before)]
            # `with_gaps` returns them newest first; their place decides between lines of the same ms.
            found += [(int(line.at), -place, line) for place, line in enumerate(wanted) if site in {None, line.site}]
        return [line for _, _, line in sorted(found, key=lambda each: each[:2], reverse=True)[:most]]

    async def _logs(self, partition: int) -> list[Log]:
        try:
            return logs_in(await self._store.at(partition).hgetall(audits(self._store.prefix, partition)))
        except (RedisError, OSError) as error:
            raise _unreadable(error) from None

    async def _read(self, log: Log, partition: int, before: int, count: int) -> list[Line]:
        """The newest lines of one log, newest first, with a line wherever some are gone."""
        store = self._store
        # The ids of entries come from the store's own clock. In test mode our clock may differ, so ids and times of
        # ours are not compared.
        newest = f"({before}-0" if before and not store.offset.ms else "+"
        try:
            found: Any = await store.at(partition).xrevrange(
                audit(store.prefix, partition, log.name), newest, count=count
            )
        except (RedisError, OSError) as error:
            raise _unreadable(error) from None
        lines = [read_line(identifier(partition, log.name, entry), fields[b"line"]) for entry, fields in found]
        expired = unix_ms() + store.offset.ms - store.retention.audit
        return list(with_gaps(log, lines, newest=newest == "+", oldest=len(lines) < count, expired=expired))


def identifier(partition: int, log: str, entry: bytes) -> str:
    """The id of a line of a log, unique in the whole deployment."""
    return "-".join([f"{partition:02d}", *([log] if log else []), entry.decode()])


def _unreadable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"the audit log cannot be read ({type(error).__name__})")


def _oldest_wanted(found: list[tuple[int, int, Line]], most: int) -> int:
    """The time of the last of the `most` newest lines, ms."""
    return heapq.nlargest(most, (at for at, _, _ in found))[-1]
