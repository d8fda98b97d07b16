"""Numbers that are counted in batches say the same as those that are not."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from codesvc.runtime import batched_metrics
from codesvc.runtime.batched_metrics import BatchedCounter, BatchedHistogram

SECONDS = [0.0, 0.001, 0.0010001, 0.5, 1, 99, 0.25]


def told(counter, histogram, *, settle):
    registry = CollectorRegistry()
    count = counter("n", "number", ("site",), registry=registry)
    time = histogram("t", "time", ("site",), buckets=(0.001, 0.25, 1), registry=registry)
    for number, seconds in enumerate(SECONDS):
        count.labels("shop").inc()
        time.labels("shop").observe(seconds)
        if settle and number % 2:
            batched_metrics.settle()
    first = [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]
    assert first == [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]
    return first


def test_they_are_those_of_the_library():
    expected = told(Counter, Histogram, settle=False)
    assert told(BatchedCounter, BatchedHistogram, settle=False) == expected
    assert told(BatchedCounter, BatchedHistogram, settle=True) == expected
