"""The sandbox's time: the wall clock plus the time by which tests have advanced it.

The platform has two kinds of time, and they must not be mixed. *State* (token life, QR life, OAuth codes,
customer-service windows, CreateTime, quota days) follows this clock, so that a test can let two hours pass in a
microsecond. *Transport* (the signature's timestamp, the five-second limit of a callback) follows the wall clock,
because the client has only that clock.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

_MAX_ADVANCE = 100 * 366 * 86400
BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


class Clock:
    """A clock in seconds since the epoch that can only be moved forwards.

    Args:
        wall: returns the real time; a test may pass its own function.
    """

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._advanced = 0.0

    @property
    def advanced(self) -> float:
        """By how many seconds the clock runs ahead of the wall."""
        return self._advanced

    def now(self) -> float:
        """The platform's time, in seconds since the epoch."""
        return self._wall() + self._advanced

    def wall(self) -> float:
        """The real time, for transport."""
        return self._wall()

    def advance(self, seconds: float) -> None:
        """Move forwards.

        Raises:
            ValueError: the step is negative or not a number, or the clock would be more than 100 years ahead.
        """
        if not (seconds >= 0 and self._advanced + seconds <= _MAX_ADVANCE):
            raise ValueError("the clock advances by 0 or more seconds, and by a hundred years in all")
        self._advanced += seconds

    def reset(self) -> None:
        """Return to the wall clock."""
        self._advanced = 0.0


def beijing_day(now: float) -> str:
    """The day of a quota; counters start again at 0:00 Beijing time (WECHAT.md 13)."""
    return datetime.fromtimestamp(now, BEIJING).strftime("%Y-%m-%d")


def beijing_month(now: float) -> str:
    """The month in which `clear_quota` and `api_set_industry` are counted (WECHAT.md 4, 6.6)."""
    return datetime.fromtimestamp(now, BEIJING).strftime("%Y-%m")
