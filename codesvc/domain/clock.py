"""Clocks: the store's clock with the offset of test mode, and this process's own clock (DESIGN rule 3).

Rules never use this process's clock. Each script reads the store's clock and adds the offset that `codesvc.store`
passes, so that all processes agree on the time; `Offset` holds that offset. `unix_ms` is for everything else, such as
timestamps in protocols and pauses between retries.
"""

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

TOLERANCE_MS: Final = 60_000
"""How far two clocks of one deployment may be apart, and how far one of them may be set back unnoticed."""


def unix_ms() -> int:
    """This process's own clock, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def is_over(now: int, *, since: int, ends: int) -> bool:
    """Whether a life from `since` to `ends` is over at `now`, as `fragments/clock.lua` decides it; all in ms.

    A clock can be set back. Of a life that begins later than now it is not known how much has passed, so it is over.
    """
    return now >= ends or since > now + TOLERANCE_MS


def whole_minutes(ms: int) -> int:
    """A span of milliseconds as people say it: in whole minutes, at least 1."""
    return max(1, round(ms / 60_000))


def rfc3339(ms: int) -> str:
    """`ms` since 1970 as RFC 3339 in UTC with milliseconds, such as `2026-05-01T07:01:00.000Z`."""
    seconds, rest = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    # An answer has three times, and a busy process has formatted their seconds before. This saves 10 of the 160 µs of a
    # start (decision 81).
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def rfc3339_now() -> str:
    """This process's own clock as RFC 3339, for log lines."""
    return rfc3339(unix_ms())


class Offset:
    """How far test mode has moved the clock ahead, in milliseconds. Always 0 in live mode (DESIGN rule 11)."""

    __slots__ = ("_movable", "_ms")

    def __init__(self, *, movable: bool) -> None:
        self._movable = movable
        self._ms = 0

    @property
    def ms(self) -> int:
        """The present offset in milliseconds, never negative."""
        return self._ms

    def move_to(self, ms: int) -> None:
        """Set the offset. Time only moves forward, so a smaller offset than the present one is ignored.

        Raises:
            PermissionError: in live mode.
        """
        if not self._movable:
            raise PermissionError("the clock can be moved only in test mode")
        self._ms = max(self._ms, ms)
