"""A circuit breaker per account: a WeChat that does not answer is left alone for a while. Pure; time is an argument.

    closed --(FAILURES in a row)--> open --(PAUSE over)--> half open --(success)--> closed
                                     ^---------------------(failure)---'

Only silence counts: a connection that fails, a timeout, an answer that is none. A WeChat that says no is healthy.
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
        """Whether calls are being held back."""
        return self._open_until is not None

    def allows(self, now: float) -> bool:
        """Ask before a call; `now` in seconds of any steady clock. Half open, only one call is let through."""
        if self._open_until is None:
            return True
        if now < self._open_until or self._trial:
            return False
        self._trial = True
        return True

    def succeeded(self) -> None:
        """WeChat answered, whatever it said."""
        self._failures, self._pause, self._open_until, self._trial = 0, PAUSE, None, False

    def failed(self, now: float) -> None:
        """WeChat did not answer."""
        self._failures += 1
        if self._trial:
            self._pause = min(LONGEST_PAUSE, self._pause * 2)
        if self._trial or self._failures >= FAILURES:
            self._open_until, self._trial = now + self._pause, False
