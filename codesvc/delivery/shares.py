"""Whose jobs hold the places of a worker, and which wait. A holder whose jobs last long leaves places to all others.

The rule is the one by which switches share a buffer (dynamic thresholds, Choudhury and Hahne 1998): whoever holds as
many places as are free gets no more. So one holder gets half of them; of n that take all they get, each has one part in
n + 1, and as many stay free.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from codesvc.store.outbox import Job

Holder = tuple[str, str]
"""The appid of a job's account, and the site of a message."""

WAIT_SECONDS: Final = 5.0
"""How long a job waits in this process; then it is left to the stream, from which any process takes it over. That is
soon enough that no other process has taken it over before.
"""
MOST_WAITING: Final = 10_000
"""Jobs of a holder in one process."""


def holder_of(job: Job) -> Holder:
    """Whom a job's place counts for: its account; for a message, whose site's gateway may hang, that site there."""
    return job.appid, job.site


class Shares:
    """The places of a worker, shared among the holders of its jobs.

    Args:
        places: how many there are.
        now: seconds of a clock that never goes back.
        wait_seconds: how long a job waits for a place; then it is left to the stream.
        most_waiting: the most jobs of a holder that wait in this process; then the oldest is left to the stream.
    """

    def __init__(
        self,
        places: int,
        *,
        now: Callable[[], float] = time.monotonic,
        wait_seconds: float = WAIT_SECONDS,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._free = places
        self._now = now
        self._wait_seconds, self._most_waiting = wait_seconds, most_waiting
        self._held: Counter[Holder] = Counter()
        self._waiting: defaultdict[Holder, dict[Job, float]] = defaultdict(dict)
        self._deferred: Counter[Holder] = Counter()

    def take(self, job: Job) -> bool:
        """Take a place for a job. False if its holder has as many as are free: then the job waits."""
        holder = holder_of(job)
        line = self._waiting[holder]
        line.pop(job, None)  # it may have been taken over from the stream while it waited
        if self._held[holder] < self._free:
            self._free -= 1
            self._held[holder] += 1
            return True
        line[job] = self._now()
        if len(line) > self._most_waiting:
            self._defer(holder)
        return False

    def give(self, job: Job) -> Job | None:
        """Give the place of a job back. Returns the holder's next job that waits, which has taken a place."""
        holder = holder_of(job)
        self._free += 1
        self._held[holder] -= 1
        following = next(iter(self._waiting[holder]), None)
        return following if following is not None and self.take(following) else None

    def defer(self) -> Counter[Holder]:
        """Leave jobs that have waited for too long to the stream. Returns how many were left since the last call."""
        for holder, line in list(self._waiting.items()):
            while line and self._now() - next(iter(line.values())) >= self._wait_seconds:
                self._defer(holder)
            if not line and not self._held[holder]:
                del self._waiting[holder], self._held[holder]
        deferred, self._deferred = self._deferred, Counter()
        return deferred

    def _defer(self, holder: Holder) -> None:
        line = self._waiting[holder]
        del line[next(iter(line))]
        self._deferred[holder] += 1

    def defer_all(self) -> None:
        """Leave all jobs that wait to the stream."""
        self._waiting.clear()
