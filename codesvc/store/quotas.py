"""The day's counters of WeChat's quotas, shared by all processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.domain.clock import unix_ms
from codesvc.domain.quota import ASSUMED_DAILY, RESERVE, Api, day_of

if TYPE_CHECKING:
    from codesvc.store.keys import Keys
    from codesvc.store.script import type_of_argument
    from codesvc.store.store import Store


def day_key(keys: Keys, api: Api) -> str:
    """Today's counters of a call. WeChat's midnight counts, so test mode's offset is left out."""
    return keys.quota(api.value, day_of(unix_ms()))


def arguments(appid: str, sites: int) -> dict[str, type_of_argument]:
    """What the fragment `quota` wants to know."""
    return {
        "sites": sites,
        "assumed_daily": ASSUMED_DAILY,
        "reserve": str(RESERVE),
        "appid": appid,
    }


def day_keys(keys: Keys, api: Api) -> dict[str, str]:
    """What it takes from, and where it tells that little is left."""
    return {"day": day_key(keys, api), "outbox": keys.outbox}


class Quotas:
    """Reads and corrects the counters; taking from them is the scripts' work."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def learn(
        self, keys: Keys, appid: str, api: Api, *, daily: int, used: int, rate: tuple[int, int] = (0, 0)
    ) -> int:
        """Take over what WeChat says; other programs may use the same account. What is left of today by our count.

        `rate` is so many calls in so many seconds, zeros where no such limit exists.

        Raises:
            StoreUnavailable: no answer.
        """
        raw = await self._store.call(
            "learn_quota",
            keys.partition,
            day_keys(keys, api),
            {
                "appid": appid,
                "daily": daily,
                "used": used,
                "calls": rate[0],
                "seconds": max(1, rate[1]),
            },
        )
        return int(raw[2])

    async def exhaust(self, keys: Keys, appid: str, api: Api) -> None:
        """WeChat has just said that today's quota is gone.

        Raises:
            StoreUnavailable: no answer.
        """
        args: dict[str, type_of_argument] = {"appid": appid, "assumed_daily": ASSUMED_DAILY}
        await self._store.call("exhaust_quota", keys.partition, day_keys(keys, api), args)
