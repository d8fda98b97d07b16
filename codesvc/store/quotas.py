"""The day's counters of WeChat's quotas, shared by all processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.domain.clock import unix_ms
from codesvc.domain.quota import day_of
from codesvc.store.act import Act
from codesvc.store.replies import Reply

if TYPE_CHECKING:
    from codesvc.domain.quota import Api
    from codesvc.store.act import Deployment
    from codesvc.store.keys import Keys


def day_key(keys: Keys, api: Api) -> str:
    """The key of today's counters of an API. The day follows WeChat's midnight, so test mode's offset is not added."""
    return keys.quota(api.value, day_of(unix_ms()))


class QuotaLearned(Reply, frozen=True):
    """DONE.

    Attributes:
        left: calls that remain today.
    """

    left: int = 0


class Quotas:
    """Corrects the counters that other scripts use. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, here: Deployment) -> None:
        self._learn = Act(here, "learn_quota", QuotaLearned)
        self._exhaust = Act(here, "exhaust_quota", Reply)

    async def learn(
        self, keys: Keys, api: Api, *, daily: int, used: int, rate: tuple[int, int] = (0, 0)
    ) -> QuotaLearned:
        """Set the counters to what WeChat reports, because other programs may use the same account.

        `rate` is a number of calls in a number of seconds, zeros if there is no such limit.
        """
        return await self._learn(
            keys,
            {"day": day_key(keys, api)},
            {"daily": daily, "used": used, "calls": rate[0], "seconds": max(1, rate[1])},
        )

    async def exhaust(self, keys: Keys, api: Api) -> None:
        """Set the counters to used up, because WeChat has reported it."""
        await self._exhaust(keys, {"day": day_key(keys, api)}, {})
