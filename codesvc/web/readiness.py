"""Whether the process is ready. The store is queried at most once a second, however often readiness is requested."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain import health
from codesvc.domain.clock import rfc3339
from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.domain.health import ComponentHealth
from codesvc.runtime import file_descriptors
from codesvc.service.callback_refusals import CallbackRefusals
from codesvc.store.versions import StoreTooOld, require_new_enough

if TYPE_CHECKING:
    from codesvc.domain.health import PlatformHealth
    from codesvc.sites.directory import Directory
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
_FRESH_SECONDS: Final = 1.0


class Readiness:
    """The state of the store and of the accounts, as this process sees it.

    Args:
        store: the store.
        directory: the accounts.
        platforms: the results of the accounts' calls to WeChat.

    Attributes:
        proxies: what trusted proxies handed on.
        refusals: which callbacks were refused.
        webhook_proxy: whether the outbound proxy leads to the receivers of webhooks.
    """

    def __init__(self, store: Store, directory: Directory, platforms: PlatformHealth) -> None:
        self.proxies = health.Proxies()
        self.webhook_proxy = health.WebhookProxy()
        self.refusals = CallbackRefusals(store.callbacks)
        self._store = store
        self._directory = directory
        self._platforms = platforms
        self._asking = asyncio.Lock()
        self._state = ""
        self._until = 0.0
        # The version was checked at the start too, if the store was reachable then.
        self._new_enough = False

    async def state(self) -> str:
        """`ok`, or what is wrong with the store."""
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

    async def conditions(self) -> list[ComponentHealth]:
        """The conditions of all parts. Only that of the store decides whether the process is ready."""
        return [
            health.of_store(await self.state()),
            *(self._platforms.of(account.name) for account in self._directory.active_accounts),
            health.of_descriptors(file_descriptors.state()),
            self.proxies.condition,
            *self.webhook_proxy.conditions,
            *await self._refused(),
        ]

    async def _refused(self) -> list[ComponentHealth]:
        """The accounts whose callbacks were refused lately; none if the store does not answer."""
        try:
            found = await self.refusals.of([account.name for account in self._directory.active_accounts])
        except (StoreUnavailable, ScriptError):
            return []
        told: list[ComponentHealth] = []
        for name, refused in found.items():
            for state, each in (("refused", refused.signed), ("unsigned", refused.unsigned)):
                if each is not None:
                    means = health.refused_callbacks(each.count, rfc3339(each.since), rfc3339(each.at), each.why)
                    told.append(ComponentHealth(f"callbacks:{name}", state, means))
        return told
