"""What is kept is not looked at again, until something that was kept has gone."""

import gc
import weakref

import pytest

from codesvc.runtime import garbage_collector


class Circle:
    """Refers to itself: only the collector frees it."""

    def __init__(self):
        self.itself = self


@pytest.fixture(autouse=True)
def collector():
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)


def test_an_application_that_has_gone_is_cleared_away():
    kept = Circle()
    gone = weakref.ref(kept)
    garbage_collector.keep()
    del kept
    young = weakref.ref(Circle())
    garbage_collector.settle()
    assert (young() is None, gone() is None) == (True, False)
    garbage_collector.clear_away()
    assert gone() is None
    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold()[0] > 700
