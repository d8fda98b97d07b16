"""The present state of accounts and queues, read from the store on request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesvc.domain.account_kinds import RIGHT_OF_QUOTA, Right
from codesvc.domain.errors import CodesvcError
from codesvc.domain.quota import ASSUMED_DAILY, Api
from codesvc.runtime import metrics
from codesvc.service.operators.account_state import read_trouble
from codesvc.store.availability import OrUnavailable
from codesvc.store.quotas import day_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.service.callback_record import CallbackRecord
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.keys import Keys
    from codesvc.store.store import Store
    from codesvc.wechat.token import StoredTokens


@dataclass(frozen=True, slots=True)
class QuotaStanding:
    """Today's quota of one API.

    Attributes:
        left: calls that remain.
        daily: calls in a day.
        known: whether WeChat has reported it; otherwise the usual quota is assumed.
    """

    left: int
    daily: int
    known: bool


@dataclass(frozen=True, slots=True)
class AccountStanding:
    """The present state of an account.

    Attributes:
        pool: QR codes in the pool.
        pool_size: the full size of the pool; 0 for a kind without QR codes.
        quotas: the quotas by API, without those that the account's kind may not call.
        token_age_seconds: seconds since the access token was fetched, None if there is none.
        token_left_seconds: seconds until it ends.
    """

    account: str
    pool: int
    pool_size: int
    quotas: Mapping[Api, QuotaStanding]
    token_age_seconds: float | None
    token_left_seconds: float


@dataclass(frozen=True, slots=True)
class QueueStanding:
    """The queues of a partition.

    Attributes:
        jobs: jobs in the outbox.
        age_seconds: the age of the oldest job, seconds.
        hooks: webhook events that are still to be sent.
        overdue_seconds: how long ago the most overdue event was due, seconds.
    """

    partition: int
    jobs: int
    age_seconds: float
    hooks: int
    overdue_seconds: float


class Gauges:
    """Reads the present state of accounts and queues."""

    def __init__(
        self, store: Store, directory: Directory, tokens: Mapping[str, StoredTokens], callback_record: CallbackRecord
    ) -> None:
        self._callback_record = callback_record
        self._store = store
        self._directory = directory
        self._tokens = tokens

    async def accounts(self) -> list[AccountStanding]:
        """The state of all accounts."""
        return [await self._account(account) for account in self._directory.active_accounts]

    async def queues(self) -> list[QueueStanding]:
        """The queues of all partitions that have accounts."""
        partitions = {account.store_keys.partition: account.store_keys for account in self._directory.active_accounts}
        return [await self._queue(partition, keys) for partition, keys in sorted(partitions.items())]

    async def _account(self, account: AccountEntry) -> AccountStanding:
        with OrUnavailable("an account's standing cannot be read"):
            async with self._store.at(account.store_keys.partition).pipeline(transaction=False) as pipe:
                pipe.llen(account.store_keys.pool)
                for api in Api:
                    pipe.hmget(day_key(account.store_keys, api), ["daily", "total"])
                pool, *days = await pipe.execute()
        quotas = {}
        for api, (reported, used) in zip(Api, days, strict=True):
            if not account.config.may(RIGHT_OF_QUOTA[api]):
                continue
            daily = ASSUMED_DAILY if reported is None else int(reported)
            quotas[api] = QuotaStanding(max(0, daily - int(used or 0)), daily, known=reported is not None)
        age, left = await self._tokens[account.name].ages() or (None, 0.0)
        size = account.config.qr_pool if account.config.may(Right.QR_CODES) else 0
        return AccountStanding(account.name, pool, size, quotas, age, left)

    async def _queue(self, partition: int, keys: Keys) -> QueueStanding:
        with OrUnavailable("the outbox cannot be read"):
            redis = self._store.at(partition)
            async with redis.pipeline(transaction=False) as pipe:
                pipe.xlen(keys.outbox)
                pipe.xrange(keys.outbox, count=1)
                jobs, oldest = await pipe.execute()
            seconds, micros = await redis.time()
        # The ids of entries come from the store's own clock, so test mode's offset is not added.
        born = int(oldest[0][0].partition(b"-")[0]) / 1000 if oldest else seconds + micros / 1e6
        counted = await self._store.webhooks.count(partition)
        age = max(0.0, seconds + micros / 1e6 - born)
        return QueueStanding(partition, jobs, age, counted.waiting, counted.overdue_ms / 1000)

    async def show(self) -> bool:
        """Set the gauges of /metrics; returns whether the store was read. If not, only `STORE_UP` is set, to 0."""
        try:
            accounts, queues = await self.accounts(), await self.queues()
            active = self._directory.active_accounts
            callbacks = await self._callback_record.of(account.name for account in active)
            found_troubles = await asyncio.gather(*(read_trouble(self._store, account) for account in active))
            troubles = {account.name: each for account, each in zip(active, found_troubles, strict=True)}
        except CodesvcError:
            metrics.STORE_UP.set(0)
            return False
        metrics.STORE_UP.set(1)
        for name, heard in callbacks.items():
            metrics.UNHEARD.labels(name).set(heard.unheard)
            if heard.good_at is not None:
                metrics.CALLBACK_AGE.labels(name).set((heard.now - heard.good_at) / 1000)
        for name, (token, right) in troubles.items():
            metrics.TOKEN_REFUSED.labels(name).set(token is not None)
            metrics.RIGHTS_REFUSED.labels(name).set(right is not None)
        for found in accounts:
            if self._directory.accounts[found.account].config.may(Right.QR_CODES):
                metrics.POOL.labels(found.account).set(found.pool)
                metrics.POOL_SIZE.labels(found.account).set(found.pool_size)
            metrics.TOKEN_AGE.labels(found.account).set(found.token_age_seconds or 0)
            metrics.TOKEN_LEFT.labels(found.account).set(max(0.0, found.token_left_seconds))
            for api, quota in found.quotas.items():
                if not quota.known:
                    continue
                metrics.QUOTA_LEFT.labels(found.account, api.value).set(quota.left)
                metrics.QUOTA_DAILY.labels(found.account, api.value).set(quota.daily)
        for queue in queues:
            metrics.OUTBOX.labels(str(queue.partition)).set(queue.jobs)
            metrics.OUTBOX_AGE.labels(str(queue.partition)).set(queue.age_seconds)
            metrics.WEBHOOKS_WAITING.labels(str(queue.partition)).set(queue.hooks)
            metrics.WEBHOOKS_OVERDUE.labels(str(queue.partition)).set(queue.overdue_seconds)
        return True
