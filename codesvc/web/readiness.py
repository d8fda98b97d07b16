"""Whether the process can do its work now, asked of the store at most once a second however often anybody asks us."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain import health
from codesvc.runtime import file_descriptors
from codesvc.store.versions import StoreTooOld, require_new_enough

if TYPE_CHECKING:
    from codesvc.domain.health import Condition, Platforms
    from codesvc.sites.directory import Directory
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
_FRESH_SECONDS: Final = 1.0


class Readiness:
    """The store's state as far as this process needs it, and that of everything else around it.

    Args:
        store: the store.
        directory: which accounts.
        platforms: what their calls to WeChat came to.
    """

    def __init__(self, store: Store, directory: Directory, platforms: Platforms) -> None:
        self._store = store
        self._directory = directory
        self._platforms = platforms
        self._asking = asyncio.Lock()
        self._state = ""
        self._until = 0.0
        # Asked at the start as well, unless there was nobody to ask.
        self._new_enough = False

    async def state(self) -> str:
        """`ok`, or what the store lacks."""
        async with self._asking:
            now = asyncio.get_running_loop().time
            if now() >= self._until:
                self._state = await self._ask()
                self._until = now() + _FRESH_SECONDS
            return self._state

    async def _ask(self) -> str:
        state = await self._store.state({a.keys.partition for a in self._directory.accounts.values()})
        if state == "ok" and not self._new_enough:
            try:
                self._new_enough = await require_new_enough(self._store.servers)
            except StoreTooOld as error:
                _log.error("store_too_old", error=str(error))
                return "too old"
        return state

    async def conditions(self) -> list[Condition]:
        """Everything's. Only the store's decides whether we are ready."""
        return [
            health.of_store(await self.state()),
            *(self._platforms.of(account.name) for account in self._directory.active_accounts),
            health.of_descriptors(file_descriptors.state()),
        ]
