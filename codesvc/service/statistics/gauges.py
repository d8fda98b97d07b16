"""How things stand now: what accounts have left, and what waits in the outbox. Read from the store when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from codesvc.domain.errors import CodesvcError, StoreUnavailable
from codesvc.domain.quota import ASSUMED_DAILY, Api
from codesvc.runtime import metrics
from codesvc.store.quotas import day_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.keys import Keys
    from codesvc.store.store import Store
    from codesvc.wechat.token import StoredTokens


@dataclass(frozen=True, slots=True)
class QuotaStanding:
    """One call's quota today.

    Attributes:
        left: calls.
        daily: calls.
        known: whether WeChat has told it; else the usual one is assumed.
    """

    left: int
    daily: int
    known: bool


@dataclass(frozen=True, slots=True)
class AccountStanding:
    """What an account has left.

    Attributes:
        account: its name.
        pool: QR codes minted ahead.
        pool_size: how many there should be.
        quotas: by call.
        token_age: seconds since the access token was fetched, None where there is none.
        token_left: seconds until it ends.
    """

    account: str
    pool: int
    pool_size: int
    quotas: Mapping[Api, QuotaStanding]
    token_age: float | None
    token_left: float


@dataclass(frozen=True, slots=True)
class QueueStanding:
    """What waits in a partition.

    Attributes:
        partition: which.
        jobs: in the outbox.
        age: of the oldest of them, seconds.
        hooks: events for webhooks that are still to be sent.
        overdue: for how long the most overdue of them has been due, seconds.
    """

    partition: int
    jobs: int
    age: float
    hooks: int
    overdue: float


class Gauges:
    """Reads them.

    Args:
        store: where they lie.
        directory: which accounts.
        tokens: by account name.
    """

    def __init__(self, store: Store, directory: Directory, tokens: Mapping[str, StoredTokens]) -> None:
        self._store = store
        self._directory = directory
        self._tokens = tokens

    async def accounts(self) -> list[AccountStanding]:
        """All accounts.

        Raises:
            StoreUnavailable: no answer.
        """
        return [await self._account(account) for account in self._directory.active_accounts]

    async def queues(self) -> list[QueueStanding]:
        """All partitions that have accounts.

        Raises:
            StoreUnavailable: no answer.
        """
        partitions = {account.keys.partition: account.keys for account in self._directory.active_accounts}
        return [await self._queue(partition, keys) for partition, keys in sorted(partitions.items())]

    async def _account(self, account: AccountEntry) -> AccountStanding:
        try:
            async with self._store.at(account.keys.partition).pipeline(transaction=False) as pipe:
                pipe.llen(account.keys.pool)
                for api in Api:
                    pipe.hmget(day_key(account.keys, api), ["daily", "total"])
                pool, *days = await pipe.execute()
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"an account's standing cannot be read ({type(error).__name__})") from None
        quotas = {}
        for api, (told, used) in zip(Api, days, strict=True):
            daily = ASSUMED_DAILY if told is None else int(told)
            quotas[api] = QuotaStanding(max(0, daily - int(used or 0)), daily, known=told is not None)
        age, left = await self._tokens[account.name].ages() or (None, 0.0)
        return AccountStanding(account.name, pool, account.config.qr_pool, quotas, age, left)

    async def _queue(self, partition: int, keys: Keys) -> QueueStanding:
        try:
            redis = self._store.at(partition)
            async with redis.pipeline(transaction=False) as pipe:
                pipe.xlen(keys.outbox)
                pipe.xrange(keys.outbox, count=1)
                jobs, oldest = await pipe.execute()
            seconds, micros = await redis.time()
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"the outbox cannot be read ({type(error).__name__})") from None
        # Entries are named by the store's own clock, so test mode's offset is left out.
        born = int(oldest[0][0].partition(b"-")[0]) / 1000 if oldest else seconds + micros / 1e6
        counted = await self._store.webhooks.count(partition)
        age = max(0.0, seconds + micros / 1e6 - born)
        return QueueStanding(partition, jobs, age, counted.waiting, counted.overdue_ms / 1000)

    async def show(self) -> None:
        """Set the gauges of /metrics; where the store does not answer, say just that."""
        try:
            accounts, queues = await self.accounts(), await self.queues()
        except CodesvcError:
            metrics.STORE_UP.set(0)
            return
        metrics.STORE_UP.set(1)
        for found in accounts:
            metrics.POOL.labels(found.account).set(found.pool)
            metrics.POOL_SIZE.labels(found.account).set(found.pool_size)
            metrics.TOKEN_AGE.labels(found.account).set(found.token_age or 0)
            metrics.TOKEN_LEFT.labels(found.account).set(max(0.0, found.token_left))
            for api, quota in found.quotas.items():
                metrics.QUOTA_LEFT.labels(found.account, api.value).set(quota.left)
                metrics.QUOTA_DAILY.labels(found.account, api.value).set(quota.daily)
        for queue in queues:
            metrics.OUTBOX.labels(str(queue.partition)).set(queue.jobs)
            metrics.OUTBOX_AGE.labels(str(queue.partition)).set(queue.age)
            metrics.WEBHOOKS_WAITING.labels(str(queue.partition)).set(queue.hooks)
            metrics.WEBHOOKS_OVERDUE.labels(str(queue.partition)).set(queue.overdue)
