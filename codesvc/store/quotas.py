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
    """Today's counters of a call. WeChat's midnight counts, so test mode's offset is left out."""
    return keys.quota(api.value, day_of(unix_ms()))


class QuotaLearned(Reply, frozen=True):
    """DONE.

    Attributes:
        left: calls that remain today.
    """

    left: int = 0


class Quotas:
    """Corrects the counters; other scripts take from them. Every call raises StoreUnavailable without an answer."""

    def __init__(self, here: Deployment) -> None:
        self._learn = Act(here, "learn_quota", QuotaLearned)
        self._exhaust = Act(here, "exhaust_quota", Reply)

    async def learn(
        self, keys: Keys, api: Api, *, daily: int, used: int, rate: tuple[int, int] = (0, 0)
    ) -> QuotaLearned:
        """Take over what WeChat says; other programs may use the same account.

        `rate` is so many calls in so many seconds, zeros where no such limit exists.
        """
        return await self._learn(
            keys,
            {"day": day_key(keys, api)},
            {"daily": daily, "used": used, "calls": rate[0], "seconds": max(1, rate[1])},
        )

    async def exhaust(self, keys: Keys, api: Api) -> None:
        """WeChat has just said that today's quota is used up."""
        await self._exhaust(keys, {"day": day_key(keys, api)}, {})
