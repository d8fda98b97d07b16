"""The metrics of this process, or of all workers together, as Prometheus reads them."""

import os
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from codesvc.runtime.metrics import REGISTRY, STORED

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_hooks: Final[list[Callable[[], None]]] = []


@contextmanager
def before_exposition(hook: Callable[[], None]) -> Iterator[None]:
    """While this context is open, `exposition` calls `hook` first: it counts what its owner has only collected."""
    _hooks.append(hook)
    try:
        yield
    finally:
        _hooks.remove(hook)


@dataclass(frozen=True, slots=True)
class _Without:
    """A registry that leaves some metrics out."""

    whole: CollectorRegistry
    names: AbstractSet[str]

    def collect(self) -> Iterator[Metric]:
        return (each for each in self.whole.collect() if each.name not in self.names)


def exposition(*, store_read: bool = True) -> bytes:
    """All metrics in Prometheus' text format; with several workers, those of all workers.

    Args:
        store_read: whether the gauges of the store were read just now. If not, they are left out: their latest values
            would say that all is well.
    """
    for hook in _hooks:
        hook()
    found = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        found = CollectorRegistry()
        MultiProcessCollector(found)  # type: ignore[no-untyped-call]  # prometheus_client
    return generate_latest(found if store_read else _Without(found, STORED))
