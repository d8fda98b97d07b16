"""Writing to the audit log what no script writes by itself, and reading it."""

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
    """The log.

    Args:
        store: where it lies.
        partitions: where lines may be; may grow.
    """

    def __init__(self, store: Store, partitions: Iterable[int]) -> None:
        self._store = store
        self._partitions = partitions

    async def note(
        self, actor: str, act: Act, *, site: SiteEntry | None = None, user: str = "", reason: str = "", detail: str = ""
    ) -> None:
        """Write a line. `user` is masked on the way.

        Raises:
            StoreUnavailable: no answer.
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
        """The newest lines, newest first; `before` and `since` in ms since 1970, 0 for no bound.

        Raises:
            StoreUnavailable: no answer.
        """
        lines: list[Line] = []
        # Entries are named by the store's own clock; where test mode has moved ours, the two cannot be compared.
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
