"""How fast the store answers lately, as this process sees it. The time is an argument."""

from collections import deque
from typing import Final

SLOW_SECONDS: Final = 0.1
"""The store is slow if half of the latest scripts take longer; usually they take a few milliseconds."""
_LATEST: Final = 100
_ENOUGH: Final = 5
"""Of fewer scripts nothing is said: a single slow one would decide."""
_SECONDS: Final = 60.0
"""Scripts that ended longer ago do not count."""
_QUICK_AGAIN: Final = 20
"""So many quick scripts in a row end a slow time."""


class StoreSpeed:
    """The latest scripts and how long each took."""

    def __init__(self) -> None:
        self._latest: deque[tuple[float, float]] = deque(maxlen=_LATEST)
        self._since: float | None = None
        self._quick = 0

    def note(self, now: float, seconds: float) -> None:
        """Record a script that has ended; `now` in seconds of a clock that only goes ahead."""
        self._latest.append((now, seconds))
        if seconds > SLOW_SECONDS:
            self._quick = 0
            if self._since is None:
                self._since = now - seconds
        elif self._since is not None:
            self._quick += 1
            if self._quick >= _QUICK_AGAIN:
                self._since = None

    @property
    def late_since(self) -> float | None:
        """When the first slow script of the present slow time began, by the clock of `note`; None if none was slow."""
        return self._since

    def late(self, now: float) -> float | None:
        """The median of the last minute, seconds, if the store is slow; None if it is not, or little is known."""
        times = sorted(seconds for at, seconds in self._latest if now - at <= _SECONDS)
        if len(times) < _ENOUGH:
            return None
        median = times[len(times) // 2]
        return median if median > SLOW_SECONDS else None
