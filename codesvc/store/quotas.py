"""The day's counters of WeChat's quotas, shared by all processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

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


class QuotaMarked(Reply, frozen=True):
    """DONE.

    Attributes:
        ended: how many charged calls have ended.
    """

    ended: int = 0


class QuotaCharged(Reply, frozen=True):
    """DONE.

    Attributes:
        quota: `yes` if the call was charged, otherwise the quota that is used up: `day`, `minute`.
    """

    quota: str = ""


class Mark(msgspec.Struct, frozen=True):
    """The state of a day's counters right before WeChat is asked about its own.

    Attributes:
        day: the key of the day's counters.
        ended: how many charged calls had ended.
    """

    day: str
    ended: int


class Charge(msgspec.Struct, frozen=True):
    """A call to WeChat that was taken from a day's quota.

    Attributes:
        day: the key of the day's counters.
        call: the id of the call.
        sites: how many sites share the account.
    """

    day: str
    call: str
    sites: int


class Quotas:
    """Charges calls, and corrects the counters. Every call raises StoreUnavailable if the store does not answer."""

    def __init__(self, deployment: Deployment) -> None:
        self._learn = Act(deployment, "learn_quota", QuotaLearned)
        self._exhaust = Act(deployment, "exhaust_quota", Reply)
        self._mark = Act(deployment, "mark_quota", QuotaMarked)
        self._charge = Act(deployment, "charge_quota", QuotaCharged)
        self._end = Act(deployment, "end_charged_call", Reply)

    async def mark(self, keys: Keys, api: Api) -> Mark:
        """Note the state of the counters, right before WeChat is asked about its own."""
        day = day_key(keys, api)
        return Mark(day, (await self._mark(keys, {"day": day}, {})).ended)

    async def learn(
        self,
        keys: Keys,
        api: Api,
        *,
        daily: int,
        used: int,
        rate: tuple[int, int] = (0, 0),
        mark: Mark | None = None,
    ) -> QuotaLearned:
        """Set the counters to what WeChat reports, in both directions.

        `rate` is a number of calls in a number of seconds, zeros if there is no such limit. `mark` was made right
        before WeChat was asked: calls that were under way then, or were charged since, are counted in addition.
        """
        return await self._learn(
            keys,
            {"day": mark.day if mark else day_key(keys, api)},
            {
                "daily": daily,
                "used": used,
                "calls": rate[0],
                "seconds": max(1, rate[1]),
                "ended": mark.ended if mark else "",
            },
        )

    async def charge(
        self, keys: Keys, api: Api, call: str, *, site: str, sites: int, reset: bool = False
    ) -> Charge | None:
        """Take a call that follows from the day's quota; None if the day's or the minute's quota is used up."""
        day = day_key(keys, api)
        charged = await self._charge(
            keys, {"day": day}, {"call": call, "site": site, "reset": int(reset), "sites": sites}
        )
        return Charge(day, call, sites) if charged.quota == "yes" else None

    async def end(self, keys: Keys, charge: Charge, *, counted: bool) -> None:
        """A charged call has ended. If WeChat has certainly not counted it, its unit is given back."""
        await self._end(
            keys,
            {"day": charge.day},
            {"call": charge.call, "counted": int(counted), "sites": charge.sites},
        )

    async def exhaust(self, keys: Keys, api: Api) -> None:
        """Set the counters to used up, because WeChat has reported it."""
        await self._exhaust(keys, {"day": day_key(keys, api)}, {})
