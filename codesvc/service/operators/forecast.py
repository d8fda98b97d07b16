"""Forecasts what will run out next, and when, at the present rate. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from codesvc.service.statistics.fields import call_field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.service.statistics.gauges import AccountStanding, QueueStanding

_DAY: Final = 86_400
_BEIJING: Final = 8 * 3_600
TOKEN_LOW: Final = 60
QUEUE_OLD: Final = 120
QUOTA_LOW: Final = 0.2
_ENDPOINTS: Final = {"template": "template", "qrcode": "qrcode"}


@dataclass(frozen=True, slots=True)
class Outlook:
    """A resource that can run out.

    Attributes:
        account: the account it belongs to, "" for one of the service itself.
        what: `template`, `qrcode`, `pool`, `token`, `outbox`.
        left: the amount that remains.
        whole: the full amount.
        ends_in_seconds: seconds until it runs out at the present rate, None if it lasts until it is renewed.
        low: whether an operator should look.
        known: whether the amount is known; without an access token WeChat reports no quota.
        age_seconds: the age of the oldest job of an outbox, seconds.
    """

    account: str
    what: str
    left: float
    whole: float
    ends_in_seconds: float | None
    low: bool
    known: bool = True
    age_seconds: float = 0.0

    @property
    def share(self) -> float:
        """The share that remains, 0 to 1."""
        return max(0.0, min(1.0, self.left / self.whole)) if self.whole else 0.0


def until_midnight(now: float) -> float:
    """Seconds until quotas start again: midnight in Beijing (WECHAT.md 13); `now` in unix seconds."""
    return _DAY - (now + _BEIJING) % _DAY


def outlooks(standing: AccountStanding, last_hour: Mapping[str, int], now: float) -> list[Outlook]:
    """The forecast of an account.

    Args:
        standing: what the account has left.
        last_hour: its calls of the last hour, by field.
        now: unix seconds by WeChat's clock.
    """
    found = []
    for api, quota in standing.quotas.items():
        start = call_field(_ENDPOINTS[api.value], "")
        used = sum(count for name, count in last_hour.items() if name.startswith(start))
        lasts = quota.left / used * 3_600 if used else None
        ends = lasts if lasts is not None and lasts < until_midnight(now) else None
        low = quota.left < quota.daily * QUOTA_LOW or ends is not None
        if not quota.known:
            ends, low = None, False
        found.append(Outlook(standing.account, api.value, quota.left, quota.daily, ends, low, known=quota.known))
    if standing.pool_size:
        gone = None if standing.pool else 0.0
        found.append(Outlook(standing.account, "pool", standing.pool, standing.pool_size, gone, low=not standing.pool))
    left = max(0.0, standing.token_left_seconds)
    # A token is renewed five minutes before its end. One that is nearly over was not renewed.
    found.append(Outlook(standing.account, "token", left, 7_200, left if left < TOKEN_LOW else None, left < TOKEN_LOW))
    return found


def backlog(queue: QueueStanding) -> Outlook:
    """The forecast of an outbox, by the age of its oldest job."""
    old, age = queue.age_seconds > QUEUE_OLD, queue.age_seconds
    return Outlook("", "outbox", queue.jobs, max(1, queue.jobs), None, old, age_seconds=age)
