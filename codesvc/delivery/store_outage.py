"""An outage of the store as the outboxes see it: one line in the log when it begins, and one when it is over."""

from collections.abc import Callable
from time import perf_counter
from typing import Final

import structlog

_log: Final = structlog.get_logger(__name__)


class StoreOutage:
    """The loops that get no answer from the store now.

    Args:
        clock: seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._failing: set[tuple[str, int]] = set()
        self._since = 0.0

    def failed(self, loop: str, partition: int, error: Exception) -> None:
        """Record that a loop got no answer; the first one begins the outage."""
        if not self._failing:
            self._since = self._clock()
            _log.warning("outbox_unavailable", error=str(error))
        self._failing.add((loop, partition))

    def answered(self, loop: str, partition: int) -> None:
        """Record that a loop got an answer. The outage ends when every loop that had failed has got one."""
        if (loop, partition) not in self._failing:
            return
        self._failing.remove((loop, partition))
        if not self._failing:
            _log.warning("outbox_available", seconds=round(self._clock() - self._since, 1))
