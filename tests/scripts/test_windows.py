"""Limits are exact: held against a plain model with random times (DESIGN rule 3)."""

from itertools import count

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codesvc.store.outcomes import Outcome

rates = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 20)), min_size=1, max_size=2)
pauses = st.lists(st.integers(0, 9000), min_size=1, max_size=25)
exactly = settings(max_examples=40)
addresses = (f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in count())


def wait_by_the_model(accepted, limits, now):
    """How long until one more may happen, in the plainest words there are."""
    waits = [0]
    for most, seconds in limits:
        inside = sorted(at for at in accepted if at > now - seconds * 1000)
        if len(inside) >= most:
            waits.append(inside[-most] + seconds * 1000 - now)
    return max(waits)


def most_in_a_window(accepted, span):
    return max((sum(end - span < at <= end for at in accepted) for end in accepted), default=0)


@pytest.mark.usefixtures("form")
@exactly
@given(limits=rates, moves=pauses)
@example(limits=[(1, 1)], moves=[0, 999, 1, 1000])
@example(limits=[(5, 20), (1, 1)], moves=[1000] * 12)
async def test_never_more_than_allowed_in_any_window_and_never_refused_without_need(shop, limits, moves):
    site, address, accepted = shop.limited(address_starts=limits), next(addresses), []
    for move in moves:
        shop.move(move)
        answer = await shop.ask_to_start(ip=address, site=site)
        wait = wait_by_the_model(accepted, limits, answer.now)
        if answer.outcome is Outcome.STARTED:
            assert wait == 0
            accepted.append(answer.now)
        else:
            assert (answer.outcome, answer.limit, answer.wait_ms) == (Outcome.LIMITED, "address_starts", wait)
            assert wait > 0
    for most, seconds in limits:
        assert most_in_a_window(accepted, seconds * 1000) <= most


@pytest.mark.usefixtures("form")
@exactly
@given(moves=pauses)
async def test_a_wait_is_true_to_the_millisecond(shop, moves):
    """Who waits as long as he was told gets through; one millisecond less was not enough."""
    site, address = shop.limited(address_starts=[(2, 10), (3, 15)]), next(addresses)
    for move in moves[:8]:
        shop.move(move)
        result = await shop.start(ip=address, site=site)
        if result.outcome is Outcome.LIMITED:
            shop.move(result.denial.wait_ms)
            assert (await shop.start(ip=address, site=site)).outcome is Outcome.STARTED


async def test_the_clock_runs_on_between_refusals_but_not_past_the_window(shop):
    """An event that left the window a millisecond ago no longer counts; one that leaves it in a minute does."""
    site = shop.limited(address_starts=[(1, 3600)])
    first = await shop.start(site=site)
    shop.move(3_600_000 - 60_000)
    refused = await shop.start(site=site)
    assert 0 < refused.denial.wait_ms <= 60_000
    shop.move(refused.denial.wait_ms)
    assert (await shop.start(site=site)).shown.now >= first.shown.now + 3_600_000


async def test_what_was_refused_is_not_counted(shop):
    site = shop.limited(address_starts=[(1, 100)])
    await shop.start(site=site)
    for _ in range(5):
        shop.move(10_000)
        assert (await shop.start(site=site)).outcome is Outcome.LIMITED
    shop.move(50_000)
    assert (await shop.start(site=site)).outcome is Outcome.STARTED


async def test_each_limit_counts_by_itself_and_a_refusal_by_one_spends_nothing_of_another(shop):
    site = shop.limited(site_starts=[(10, 60)], address_starts=[(2, 3600)])
    outcomes = [(await shop.start(ip="192.0.2.9", site=site)).outcome for _ in range(20)]
    assert outcomes.count(Outcome.STARTED) == 2
    others = [await shop.start(ip=f"192.0.3.{n}", site=site) for n in range(20)]
    assert [r.outcome for r in others].count(Outcome.STARTED) == 8
    assert others[-1].denial.limit == "site_starts"


async def test_no_rates_mean_no_limit_and_nothing_kept(shop, valkey):
    site = shop.limited(address_starts=[])
    assert {(await shop.start(site=site)).outcome for _ in range(30)} == {Outcome.STARTED}
    assert not [key for key in valkey.keys("*") if b"address_starts" in key]
