"""The share that a network may have of a site's starts, held against a plain model with random times and networks."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import count
from math import ceil

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codesvc.domain.addresses import bucket, network, region
from codesvc.store.outcomes import Outcome
from tests.scripts.test_windows import most_in_a_window

ADDRESSES = [f"2001:db8:1:{n}::1" for n in range(4)] + [f"2001:db8:{n}::1" for n in range(2, 6)]
ADDRESSES += [f"198.51.100.{n}" for n in range(1, 4)] + [f"198.51.{n}.1" for n in range(3)] + ["203.0.113.1"]

rates = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 20)), min_size=1, max_size=2)
calls = st.lists(
    st.tuples(st.sampled_from(ADDRESSES), st.integers(0, 900), st.integers(1, 12)), min_size=1, max_size=14
)
fresh = (f"u-{n}" for n in count())


@dataclass
class Model:
    """What was taken, in the plainest words there are."""

    limits: list
    taken: list = field(default_factory=list)
    counted: list = field(default_factory=list)

    def inside(self, times, now, seconds):
        return sum(at > now - seconds * 1000 for at in times)

    def allows(self, address, now):
        for most, seconds in self.limits:
            free = most - self.inside(self.taken, now, seconds)
            if free <= 0:
                return "site_starts"
        for times, around in ((1, network), (2, region)):
            own = [at for at, other in self.counted if around(other) == around(address)]
            for most, seconds in self.limits:
                free, used = most - self.inside(self.taken, now, seconds), self.inside(own, now, seconds)
                if used >= 10 and used >= times * free:
                    return "network_share"
        return ""

    def take(self, address, now):
        if any(self.inside(self.taken, now, seconds) >= ceil(most / 4) for most, seconds in self.limits):
            self.counted.append((now, address))
        self.taken.append(now)


@pytest.mark.usefixtures("form")
@settings(max_examples=40)
@given(limits=rates, moves=calls)
@example(limits=[(40, 20)], moves=[(ADDRESSES[n % 4], 100, 12) for n in range(12)])
@example(limits=[(40, 20), (30, 5)], moves=[(ADDRESSES[4 + n % 4], 300, 12) for n in range(14)])
async def test_a_share_refuses_just_when_the_model_does_and_the_wait_is_long_enough(shop, limits, moves):
    site, model = shop.limited(site_starts=limits), Model(limits)
    # Windows of the store outlive one example.
    shop.move(60_000)
    for text, pause, times in moves:
        address = ip_address(text)
        for _ in range(times):
            shop.move(pause)
            answer = await shop.ask_to_start(next(fresh), ip=text, site=site)
            wanted = model.allows(address, answer.now)
            assert answer.limit == wanted
            if wanted:
                assert 0 < answer.wait_ms <= max(seconds for _, seconds in limits) * 1000
                # Of what refuses now, nothing refuses after the wait, if nobody else starts.
                assert model.allows(address, answer.now + answer.wait_ms) != "network_share" or wanted == "site_starts"
            else:
                assert answer.outcome is Outcome.STARTED
                model.take(address, answer.now)


async def test_the_wait_for_a_share_is_no_longer_than_it_has_to_be(shop):
    site = shop.limited(site_starts=[(40, 60)])
    for _ in range(40):
        shop.move(100)
        last = await shop.start(next(fresh), ip=ADDRESSES[0], site=site)
    assert last.outcome is Outcome.LIMITED
    shop.move(last.denial.wait_ms - 10)
    early = await shop.start(next(fresh), ip=ADDRESSES[0], site=site)
    assert early.denial.wait_ms <= 10
    shop.move(early.denial.wait_ms)
    assert (await shop.start(next(fresh), ip=ADDRESSES[0], site=site)).outcome is Outcome.STARTED


async def test_what_block_after_block_leaves_to_people_elsewhere(shop):
    """The numbers of decision 92: each block takes all it can before the next, which is the worst order for others."""
    site, left, leaves = shop.limited(site_starts=[(600, 60)]), 600, []
    for block in range(4):
        for n in count():
            answer = await shop.ask_to_start(next(fresh), ip=f"2001:{block:x}:{n:x}::1", site=site)
            if answer.outcome is Outcome.LIMITED:
                break
            left -= 1
        leaves.append(left)
    assert leaves == [150, 50, 16, 5]
    for n in range(left):
        assert (await shop.ask_to_start(next(fresh), ip=f"240e:{n:x}::1", site=site)).outcome is Outcome.STARTED


async def test_a_network_that_goes_on_has_half_and_a_block_two_thirds(shop):
    for make, most in ((lambda n: f"2001:db8:1:{n:x}::1", 60), (lambda n: f"2001:db8:{n:x}::1", 80)):
        site, taken = shop.limited(site_starts=[(120, 60)]), []
        shop.move(60_000)
        for n in range(480):
            answer = await shop.ask_to_start(next(fresh), ip=make(n), site=site)
            taken += [answer.now] if answer.outcome is Outcome.STARTED else []
            shop.move(400)
        assert most_in_a_window([at for at in taken if at > taken[0] + 60_000], 60_000) == most


@pytest.mark.parametrize("text", [*ADDRESSES, "0.0.0.0", "255.255.255.255", "::", "ffff::", "::ffff:192.0.2.1"])
async def test_networks_and_blocks_are_those_of_the_service(shop, valkey, text):
    site, address = shop.limited(site_starts=[(4, 60)]), ip_address(text)
    address = getattr(address, "ipv4_mapped", None) or address
    for _ in range(2):
        await shop.start(next(fresh), ip=str(address), site=site)
    kept = {key.decode().split("_share:shop:")[1] for key in valkey.keys("*_share:*")}
    assert kept == {network(address), region(address)}, bucket(address)
