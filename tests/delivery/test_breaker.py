"""The circuit breaker against a plain model of its diagram."""

from hypothesis import given
from hypothesis import strategies as st

from codesvc.delivery.breaker import FAILURES, LONGEST_PAUSE, PAUSE, Breaker


def opened(now=0.0):
    breaker = Breaker()
    for _ in range(FAILURES):
        assert breaker.allows(now)
        breaker.failed(now)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row_only():
    breaker = Breaker()
    for _ in range(10 * FAILURES):
        for _ in range(FAILURES - 1):
            breaker.failed(0)
        breaker.succeeded()
    assert breaker.allows(0)
    assert opened().is_open


def test_after_the_pause_one_trial_and_only_one():
    breaker = opened()
    assert not breaker.allows(PAUSE - 0.001)
    assert [breaker.allows(PAUSE) for _ in range(3)] == [True, False, False]
    breaker.succeeded()
    assert [breaker.allows(PAUSE) for _ in range(3)] == [True, True, True]


def test_a_failed_trial_doubles_the_pause_up_to_a_limit():
    breaker, now, pause = opened(), 0.0, PAUSE
    for _ in range(10):
        assert not breaker.allows(now + pause - 0.001)
        now += pause
        assert breaker.allows(now)
        breaker.failed(now)
        pause = min(LONGEST_PAUSE, pause * 2)


@given(st.lists(st.tuples(st.floats(0, 30), st.booleans()), max_size=60))
def test_it_never_stays_open_for_longer_than_the_longest_pause(steps):
    breaker, now = Breaker(), 0.0
    for wait, answers in steps:
        now += wait
        if breaker.allows(now):
            breaker.succeeded() if answers else breaker.failed(now)
    assert breaker.allows(now + LONGEST_PAUSE)
