"""Regular maintenance of accounts: reads quotas, fills the QR pool, deletes the data of people who left."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain.account_kinds import RIGHT_OF_QUOTA, Right
from codesvc.domain.errors import CodesvcError
from codesvc.domain.quota import PATHS, WARN_AT
from codesvc.runtime.tasks import beside
from codesvc.wechat.errors import WeChatFault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from codesvc.service.binding_watch import BindingWatch
    from codesvc.service.followers import Followers
    from codesvc.service.qr_pool import QrPool
    from codesvc.service.store_clock import StoreClock
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.quotas import Quotas
    from codesvc.wechat.client import WeChatClient

_log = structlog.get_logger(__name__)
EVERY_SECONDS: Final = 600.0


class Upkeep:
    """Maintains accounts, one after the other."""

    def __init__(
        self,
        directory: Directory,
        clients: Mapping[str, WeChatClient],
        quotas: Quotas,
        pool: QrPool,
        followers: Followers,
        *,
        watch: BindingWatch,
        clock: StoreClock,
    ) -> None:
        self._directory = directory
        self._clients = clients
        self._quotas = quotas
        self._pool = pool
        self._followers = followers
        self._watch = watch
        self._clock = clock

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Maintain all accounts now and then every ten minutes, as long as this context is open."""
        async with beside(self._run, "account upkeep"):
            yield

    async def _run(self) -> None:
        while True:
            await self._watch.again()
            for account in self._directory.active_accounts:
                await self._maintain(account)
            await asyncio.sleep(EVERY_SECONDS)

    async def _maintain(self, account: AccountEntry) -> None:
        try:
            if account.config.may(Right.QR_CODES):
                await self._pool.fill(account)
            if self._clock.may_delete:
                await self._followers.forget_leavers(account)
            await self._read_quotas(account)
        except CodesvcError as error:
            _log.warning("upkeep_failed", account=account.name, error=str(error))
        except Exception as error:  # noqa: BLE001 - any failure of one account is the account's own
            if self._directory.accounts.get(account.name) is account:
                # The other accounts' turn comes all the same.
                _log.exception("upkeep_failed", account=account.name, error=type(error).__name__)

    async def _read_quotas(self, account: AccountEntry) -> None:
        for api, path in PATHS.items():
            if not account.config.may(RIGHT_OF_QUOTA[api]):
                continue
            mark = await self._quotas.mark(account.store_keys, api)
            try:
                quota = await self._clients[account.name].get_quota(path)
            except WeChatFault as error:
                # The assumed quota stays in use. If it is wrong, errcode 45009 shows it.
                _log.info("quota_unknown", account=account.name, call=path, error=str(error))
                continue
            rate = (quota.rate.call_count, quota.rate.refresh_second) if quota.rate else (0, 0)
            learned = await self._quotas.learn(
                account.store_keys, api, daily=quota.daily_limit, used=quota.used, rate=rate, mark=mark
            )
            left = learned.left
            if left < quota.daily_limit * (1 - WARN_AT):
                _log.error("quota_low", account=account.name, call=path, left=left, daily=quota.daily_limit)
