"""Whose jobs hold a worker's places, and which wait."""

from codesvc.delivery.shares import WAIT_SECONDS, Shares
from codesvc.store.outbox import Job
from tests.delivery.test_places import Clock


def job(holder, number=0):
    return Job(entry=f"{number}-0", kind="message", subject="", number=1, appid="wx", partition=0, site=holder)


def filled(shares, *holders):
    """How many places each of them has, when all take as many as they get, in turn."""
    held = dict.fromkeys(holders, 0)
    while took := [holder for holder in holders if shares.take(job(holder, held[holder]))]:
        for holder in took:
            held[holder] += 1
    return list(held.values())


def test_one_holder_gets_half_and_leaves_half():
    assert filled(Shares(100), "a") == [50]


def test_of_many_each_has_as_many_as_stay_free():
    assert filled(Shares(100), *"abcdefghi") == [10] * 9


def test_who_comes_later_gets_as_many_as_the_others_left():
    shares = Shares(100)
    assert filled(shares, "a") == [50]
    assert filled(shares, "b") == [25]
    assert filled(shares, "c") == [13]


def test_there_are_never_more_places_than_there_are():
    assert sum(filled(Shares(10), *map(str, range(30)))) == 10


def test_a_place_goes_to_the_oldest_that_waits_of_the_same_holder():
    shares = Shares(2)
    first, second, third = (job("a", number) for number in range(3))
    assert [shares.take(each) for each in (first, second, third)] == [True, False, False]
    assert shares.give(first) == second
    assert shares.give(second) == third
    assert shares.give(third) is None
    assert shares.take(first)


def test_a_job_that_was_taken_over_while_it_waited_begins_once():
    shares = Shares(2)
    first, second = job("a", 1), job("a", 2)
    assert shares.take(first)
    assert not shares.take(second)
    assert not shares.take(second)
    assert shares.give(first) == second
    assert shares.give(second) is None


def test_what_waits_too_long_is_left_to_the_stream_and_counted():
    clock = Clock()
    shares = Shares(2, now=clock)
    first, second, third = (job("a", number) for number in range(3))
    assert [shares.take(each) for each in (first, second)] == [True, False]
    clock.now += WAIT_SECONDS - 1
    assert not shares.take(third)
    assert not shares.defer()
    clock.now += 1
    assert shares.defer() == {("wx", "a"): 1}
    assert not shares.defer()
    assert shares.give(first) == third


def test_of_more_than_wait_in_a_process_the_oldest_is_left():
    shares = Shares(2, most_waiting=1)
    first, second, third = (job("a", number) for number in range(3))
    assert [shares.take(each) for each in (first, second, third)] == [True, False, False]
    assert shares.defer() == {("wx", "a"): 1}
    assert shares.give(first) == third
