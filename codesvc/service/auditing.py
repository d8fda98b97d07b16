"""Writes the audit lines that no Lua script writes, and reads the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import RedisError

from codesvc.domain.audit import Act, Line, read_line
from codesvc.domain.errors import StoreUnavailable
from codesvc.store.keys import DEPLOYMENT, audit

if TYPE_CHECKING:
    from collections.abc import Iterable

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
            site.keys.partition if site else DEPLOYMENT,
            actor=actor,
            act=act.value,
            site=site.name if site else "",
            user=user,
            reason=reason,
            detail=detail,
        )

    async def latest(self, *, before: int = 0, since: int = 0, most: int = _MOST) -> list[Line]:
        """The newest lines, newest first. `before` and `since` are in ms since 1970, 0 for no bound.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        lines: list[Line] = []
        # The ids of entries come from the store's own clock. In test mode our clock may differ, so ids and times of
        # ours are not compared.
        newest, count = (f"({before}-0", most) if before and not self._store.offset.ms else ("+", _MOST)
        for partition in sorted({DEPLOYMENT, *self._partitions}):
            try:
                found: Any = await self._store.at(partition).xrevrange(
                    audit(self._store.prefix, partition), newest, count=count
                )
            except (RedisError, OSError) as error:
                raise StoreUnavailable(f"the audit log cannot be read ({type(error).__name__})") from None
            lines += [read_line(f"{partition:02d}-{entry.decode()}", fields[b"line"]) for entry, fields in found]
        wanted = [line for line in lines if since <= int(line.at) and (not before or int(line.at) < before)]
        return sorted(wanted, key=lambda line: (int(line.at), line.id), reverse=True)[:most]
