"""A circuit breaker per account: if WeChat does not answer, calls stop for some time. Pure; time is an argument.

    closed --(FAILURES in a row)--> open --(PAUSE over)--> half open --(success)--> closed
                                     ^---------------------(failure)---'

Only missing answers count: a failed connection, a timeout, an unreadable answer. A refusal by WeChat is no failure.
"""

from __future__ import annotations

from typing import Final

FAILURES: Final = 5
PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 60.0


class Breaker:
    """Whether a call may be made now.

    Every failed trial doubles the pause, up to `LONGEST_PAUSE` seconds.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._pause = PAUSE
        self._open_until: float | None = None
        self._trial = False

    @property
    def is_open(self) -> bool:
        """Whether calls are stopped."""
        return self._open_until is not None

    def allows(self, now: float) -> bool:
        """Whether a call may be made; `now` in seconds of any steady clock. If half open, only one call is allowed."""
        if self._open_until is None:
            return True
        if now < self._open_until or self._trial:
            return False
        self._trial = True
        return True

    def succeeded(self) -> None:
        """Record that WeChat answered, also with a refusal."""
        self._failures, self._pause, self._open_until, self._trial = 0, PAUSE, None, False

    def failed(self, now: float) -> None:
        """Record that WeChat did not answer."""
        self._failures += 1
        if self._trial:
            self._pause = min(LONGEST_PAUSE, self._pause * 2)
        if self._trial or self._failures >= FAILURES:
            self._open_until, self._trial = now + self._pause, False
