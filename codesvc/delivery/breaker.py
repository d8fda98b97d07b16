"""A circuit breaker per account: if WeChat does not answer, calls stop for some time. Pure; time is an argument.

    closed --(FAILURES in a row)--> open --(pause over)--> half open --(success)--> closed
                                     ^---------------------(failure)---'

A failure is a missing answer (a failed connection, a timeout, an unreadable answer) or a refused access token: nothing
of the account can be sent. Any other refusal by WeChat is not a failure.
"""

from typing import Final

FAILURES: Final = 5
PAUSE: Final = 2.0
LONGEST_PAUSE: Final = 4.0
"""Seconds. While work waits, a trial follows the one before within 5 s, so that the end of a fault is soon seen."""


class Breaker:
    """Whether a call may be made now.

    Every failed trial doubles the pause, up to `longest` seconds.

    Args:
        pause: seconds from opening to the first trial.
        longest: the longest pause between two trials, seconds.
    """

    def __init__(self, pause: float = PAUSE, longest: float = LONGEST_PAUSE) -> None:
        self._first, self._longest = pause, longest
        self._failures = 0
        self._pause = pause
        self._open_until: float | None = None
        self._trial = False

    @property
    def is_open(self) -> bool:
        """Whether calls are stopped."""
        return self._open_until is not None

    @property
    def is_sound(self) -> bool:
        """Whether there was no failure since the latest success."""
        return self._failures == 0

    def allows(self, now: float) -> bool:
        """Whether a call may be made; `now` in seconds of a monotonic clock. If half open, only one call is allowed."""
        if self._open_until is None:
            return True
        if now < self._open_until or self._trial:
            return False
        self._trial = True
        return True

    def wait(self, now: float) -> float:
        """Seconds until the next trial may begin, if the circuit is open."""
        return max(0.0, (self._open_until or now) - now) or self._first

    def passed(self) -> None:
        """An allowed call was not made, so it shows nothing: another one may be the trial."""
        self._trial = False

    def succeeded(self) -> bool:
        """Record that WeChat answered, also with a refusal. Returns whether there was a failure before."""
        recovered = not self.is_sound
        self._failures, self._pause, self._open_until, self._trial = 0, self._first, None, False
        return recovered

    def failed(self, now: float) -> None:
        """Record that nothing could be sent."""
        self._failures += 1
        if self._trial:
            self._pause = min(self._longest, self._pause * 2)
        if self._trial or self._failures >= FAILURES:
            self._open_until, self._trial = now + self._pause, False
