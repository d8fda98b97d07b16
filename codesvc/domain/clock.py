"""Which time it is: the store's clock, plus an offset that only test mode can set (DESIGN rule 3).

Rules never ask this process for the time. Each script reads the store's clock itself and adds the offset that
`codesvc.store` hands it, so that all processes agree; `Offset` is that number. `unix_ms` is for what lies outside the
rules: transport timestamps and pauses between retries.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache


def unix_ms() -> int:
    """This process's own clock, milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def rfc3339(ms: int) -> str:
    """`ms` since 1970 as RFC 3339 in UTC with milliseconds, such as `2026-05-01T07:01:00.000Z`."""
    seconds, rest = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    # A busy process tells the same few seconds over and over: of the start, the expiry, the next resend.
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


_told: tuple[int, str] = (0, rfc3339(0))


def rfc3339_now() -> str:
    """This process's own clock as RFC 3339: for log lines, of which a busy process writes several a millisecond."""
    global _told  # noqa: PLW0603  remembers the last one only
    ms, told = time.time_ns() // 1_000_000, _told
    if told[0] != ms:
        _told = told = (ms, rfc3339(ms))
    return told[1]


class Offset:
    """Milliseconds by which test mode has moved the clock ahead; always 0 in live mode (DESIGN rule 11)."""

    __slots__ = ("_movable", "_ms")

    def __init__(self, *, movable: bool) -> None:
        self._movable = movable
        self._ms = 0

    @property
    def ms(self) -> int:
        """The offset now, in milliseconds, never negative."""
        return self._ms

    def move_to(self, ms: int) -> None:
        """Take over an offset. Time only runs forward, so a smaller one than the present is ignored.

        Raises:
            PermissionError: in live mode.
        """
        if not self._movable:
            raise PermissionError("the clock moves in test mode only")
        self._ms = max(self._ms, ms)
