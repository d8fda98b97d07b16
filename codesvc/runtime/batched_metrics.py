"""Batched Prometheus counters and histograms: counted in plain numbers, and passed to the library from time to time.

For each number the library takes a lock, and with several workers also writes to a file. One request changes ten
numbers. With these classes a change is one addition. `settle` passes the sums to the library before each scrape and
every two seconds (`codesvc.service.statistics.recorder`). The latter is needed because a scrape may reach another
worker, which reads the files.
"""

from __future__ import annotations

from bisect import bisect_left
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prometheus_client import Counter, Histogram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.samples import Sample

_series: list[BatchedCounter | BatchedHistogram] = []
_hooks: list[Callable[[], None]] = []


class BatchedCounter(Counter):
    """A counter that is incremented often."""

    def _metric_init(self) -> None:
        super()._metric_init()
        self._waiting = 0.0
        _series.append(self)

    def inc(self, amount: float = 1, exemplar: dict[str, str] | None = None) -> None:  # noqa: ARG002  none is ever given
        """Increment; see the library."""
        self._waiting += amount

    def settle(self) -> None:
        """Pass the sums to the library."""
        if self._waiting:
            waiting, self._waiting = self._waiting, 0.0
            self._value.inc(waiting)

    def _child_samples(self) -> Iterable[Sample]:
        self.settle()
        return super()._child_samples()


class BatchedHistogram(Histogram):
    """A histogram with many observations."""

    def _metric_init(self) -> None:
        super()._metric_init()
        self._waiting = [0] * len(self._upper_bounds)
        self._waiting_sum = 0.0
        _series.append(self)

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:  # noqa: ARG002  none is ever given
        """Record an observation; see the library."""
        self._waiting[bisect_left(self._upper_bounds, amount)] += 1
        self._waiting_sum += amount

    def settle(self) -> None:
        """Pass the sums to the library."""
        if self._waiting_sum or any(self._waiting):
            waiting, self._waiting = self._waiting, [0] * len(self._upper_bounds)
            total, self._waiting_sum = self._waiting_sum, 0.0
            self._sum.inc(total)
            for bucket, count in zip(self._buckets, waiting, strict=True):
                if count:
                    bucket.inc(count)

    def _child_samples(self) -> Any:
        self.settle()
        return super()._child_samples()


@contextmanager
def settling(hook: Callable[[], None]) -> Iterator[None]:
    """While the context is open, `settle` first calls `hook`, so that it can count what it has collected."""
    _hooks.append(hook)
    try:
        yield
    finally:
        _hooks.remove(hook)


def settle() -> None:
    """Pass all sums to the library."""
    for hook in _hooks:
        hook()
    for each in _series:
        each.settle()
