"""What will run out next, and when, at the present pace. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

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
    """One thing that can run out.

    Attributes:
        account: whose, "" for the service's own.
        what: `template`, `qrcode`, `pool`, `token`, `outbox`.
        left: how much there is.
        whole: how much there could be.
        ends_in: seconds until it is gone at the present pace, None if it lasts until it is filled again.
        low: whether somebody should look.
    """

    account: str
    what: str
    left: float
    whole: float
    ends_in: float | None
    low: bool

    @property
    def share(self) -> float:
        """What is left of the whole, 0 to 1."""
        return max(0.0, min(1.0, self.left / self.whole)) if self.whole else 0.0


def until_midnight(now: float) -> float:
    """Seconds until quotas are counted anew: midnight in Beijing (WECHAT.md 13); `now` in unix seconds."""
    return _DAY - (now + _BEIJING) % _DAY


def outlooks(standing: AccountStanding, last_hour: Mapping[str, int], now: float) -> list[Outlook]:
    """Of an account.

    Args:
        standing: how it stands.
        last_hour: its calls of the last hour, by field.
        now: unix seconds by WeChat's clock.
    """
    found = []
    for api, quota in standing.quotas.items():
        start = f"call.{_ENDPOINTS[api.value]}."
        used = sum(count for name, count in last_hour.items() if name.startswith(start))
        lasts = quota.left / used * 3_600 if used else None
        ends = lasts if lasts is not None and lasts < until_midnight(now) else None
        low = quota.left < quota.daily * QUOTA_LOW or ends is not None
        found.append(Outlook(standing.account, api.value, quota.left, quota.daily, ends, low))
    if standing.pool_size:
        gone = None if standing.pool else 0.0
        found.append(Outlook(standing.account, "pool", standing.pool, standing.pool_size, gone, low=not standing.pool))
    left = max(0.0, standing.token_left)
    # It is renewed five minutes before its end; one that is nearly over was not.
    found.append(Outlook(standing.account, "token", left, 7_200, left if left < TOKEN_LOW else None, left < TOKEN_LOW))
    return found


def backlog(queue: QueueStanding) -> Outlook:
    """Of an outbox: how old its oldest job is."""
    return Outlook("", "outbox", queue.jobs, max(1, queue.jobs), None, queue.age > QUEUE_OLD)
