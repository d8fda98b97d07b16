"""The sandbox's time: the wall clock plus whatever the tests have advanced it by.

Two kinds of time exist on the platform and they must not be mixed. What the platform *remembers* (token life, QR
life, OAuth codes, customer-service windows, CreateTime, quota days) follows this clock, so that a test can let two
hours pass in a microsecond. What belongs to the *transport* (the signature's timestamp, the five seconds a callback
may take) stays on the wall clock, because the other side of the wire has only that one.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

_FARTHEST = 100 * 366 * 86400
BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


class Clock:
    """Seconds since the epoch, movable forwards only.

    Args:
        wall: where real time comes from; a test may pass a function of its own.
    """

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._advanced = 0.0

    @property
    def advanced(self) -> float:
        """By how many seconds the clock runs ahead of the wall."""
        return self._advanced

    def now(self) -> float:
        """The platform's present, in seconds since the epoch."""
        return self._wall() + self._advanced

    def wall(self) -> float:
        """The real present, for what travels on the wire."""
        return self._wall()

    def advance(self, seconds: float) -> None:
        """Move forwards.

        Raises:
            ValueError: the step is negative or not a number, or the way too far; the platform's time never runs
                backwards.
        """
        if not (seconds >= 0 and self._advanced + seconds <= _FARTHEST):
            raise ValueError("the clock advances by 0 or more seconds, and by a hundred years in all")
        self._advanced += seconds

    def reset(self) -> None:
        """Return to the wall clock."""
        self._advanced = 0.0


def beijing_day(now: float) -> str:
    """The day a quota belongs to; counters start anew at 0:00 Beijing time (WECHAT.md 13)."""
    return datetime.fromtimestamp(now, BEIJING).strftime("%Y-%m-%d")


def beijing_month(now: float) -> str:
    """The month in which `clear_quota` and `api_set_industry` are counted (WECHAT.md 4, 6.6)."""
    return datetime.fromtimestamp(now, BEIJING).strftime("%Y-%m")
