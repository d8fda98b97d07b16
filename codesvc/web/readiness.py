"""Whether the process is ready. The store is queried at most once a second, however often readiness is requested."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Final, Self

import structlog

from codesvc.domain import callback_health, health
from codesvc.domain.clock import rfc3339
from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.domain.health import ComponentHealth
from codesvc.runtime import file_descriptors, logging
from codesvc.service.operators.account_state import read_account_trouble
from codesvc.store.marks import Marks
from codesvc.store.partitions import DEPLOYMENT
from codesvc.store.versions import StoreTooOld, require_new_enough

if TYPE_CHECKING:
    from codesvc.domain.health import PlatformHealth
    from codesvc.service.callback_record import CallbackRecord
    from codesvc.service.master_keys import MasterKeyWatch
    from codesvc.service.public_certificate import PublicCertificate
    from codesvc.service.store_clock import StoreClock
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
_FRESH_SECONDS: Final = 1.0


class Readiness:
    """The state of the store and of the accounts, as this process sees it.

    Attributes:
        proxies: what trusted proxies handed on.
        webhook_proxy: whether the outbound proxy leads to the receivers of webhooks.
        marks: what tells whether the store was emptied, or lost its latest writes.
    """

    def __init__(
        self,
        store: Store,
        directory: Directory,
        platforms: PlatformHealth,
        callbacks: CallbackRecord,
        *,
        certificate: PublicCertificate,
        clock: StoreClock,
        master_keys: MasterKeyWatch,
    ) -> None:
        self.proxies = health.Proxies()
        self.webhook_proxy = health.WebhookProxy()
        self.callbacks = callbacks
        self.certificate = certificate
        self._clock = clock
        self._master_keys = master_keys
        self._store = store
        self._directory = directory
        self._platforms = platforms
        self._asking = asyncio.Lock()
        self.marks = Marks()
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
        accounts = {a.store_keys.partition for a in self._directory.accounts.values()}
        seen_before, lost_before = self.marks.since, self.marks.lost
        # The deployment's own partition (the registry) has a mark too. Codes go on without it, so it decides nothing.
        state, _ = await asyncio.gather(
            self._store.state(accounts, self.marks), self._store.state({DEPLOYMENT} - accounts, self.marks)
        )
        if not seen_before and (new := self.marks.new):
            _log.warning("store_new", partitions=len(new))
        if (lost := self.marks.lost) and lost != lost_before:
            _log.error("store_rolled_back", since=rfc3339(lost[0]), until=rfc3339(lost[1]))
        if state == "ok" and not self._new_enough:
            try:
                self._new_enough = await require_new_enough(self._store.servers)
            except StoreTooOld as error:
                _log.error("store_too_old", error=str(error))
                return "too old"
        return state

    async def conditions(self, store: str) -> list[ComponentHealth]:
        """The conditions of all parts. Only that of the store decides whether the process is ready.

        Args:
            store: what `state` has answered, so that one answer of `/readyz` does not hold the results of two looks.
        """
        return [
            health.of_store(self._store_state(store), min(self.marks.since.values(), default=None), self.marks.lost),
            *[await self._account(account) for account in self._directory.active_accounts],
            *self.of_process(),
            *await self._callbacks(),
        ]

    def of_process(self) -> list[ComponentHealth]:
        """What this process knows without a call to the store: its resources, proxies, certificate and keys."""
        descriptors = health.of_descriptors(file_descriptors.state())
        return [
            descriptors,
            self.proxies.condition,
            *self.webhook_proxy.conditions,
            *self.certificate.conditions,
            self._master_keys.condition,
            health.of_log(written=logging.is_written()),
            health.of_clock(self._clock.ahead_ms),
        ]

    def _store_state(self, state: str) -> str:
        """The store's state; lost data, `slow` and a step of its clock do not take this process out of service."""
        if state != health.OK:
            return state
        if self.marks.state != health.OK:
            return self.marks.state
        return "slow" if self._store.speed.late(perf_counter()) is not None else self._clock.state or state

    async def begun(self) -> Self:
        """Look at the store once, so that its marks are known from the start; without an answer, `state` reads them."""
        await self._ask()
        return self

    async def _account(self, account: AccountEntry) -> ComponentHealth:
        """The account's connection to WeChat, as this process sees it; token and refused calls as all processes do."""
        seen = self._platforms.of(account.name)
        if seen.state != health.OK:
            return seen
        try:
            trouble = await read_account_trouble(self._store, account)
        except (StoreUnavailable, ScriptError):
            return seen
        return seen if trouble is None else ComponentHealth(seen.component, trouble.state, trouble.means)

    async def _callbacks(self) -> list[ComponentHealth]:
        """The states of the accounts' callbacks; none if the store does not answer."""
        try:
            found = await self.callbacks.of([account.name for account in self._directory.active_accounts])
        except (StoreUnavailable, ScriptError):
            return []
        return [
            ComponentHealth(f"callbacks:{name}", each.state, each.means)
            for name, heard in found.items()
            for each in callback_health.states(heard)
        ]
