"""What a limit leaves is told with the call that counted, true to the event and the millisecond."""

from __future__ import annotations

from itertools import count

from hypothesis import example, given, settings
from hypothesis import strategies as st

from codesvc.store.outcomes import Outcome

rates = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 20)), min_size=1, max_size=3)
pauses = st.lists(st.integers(0, 9000), min_size=1, max_size=25)
exactly = settings(max_examples=40)
addresses = (f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in count())


def left_by_the_model(accepted, limits, now):
    """Of each rate: how many more, and in how long the earliest of those that matter is given back."""
    told = []
    for most, seconds in limits:
        inside = sorted(at for at in accepted if at > now - seconds * 1000)[-most:]
        told.append(f"{most - len(inside)}/{inside[0] + seconds * 1000 - now}")
    return " ".join(told)


@exactly
@given(limits=rates, moves=pauses)
@example(limits=[(9, 20)], moves=[1000] * 25)
@example(limits=[(2, 1), (9, 20)], moves=[0, 0, 1000] * 8)
async def test_it_is_what_the_model_says(shop, limits, moves):
    site, address, accepted = shop.limited(address_starts=limits), next(addresses), []
    for move in moves:
        shop.move(move)
        answer = await shop.ask_to_start(ip=address, site=site)
        if answer.outcome is Outcome.STARTED:
            accepted.append(answer.now)
            assert answer.left.partition(",")[2] == left_by_the_model(accepted, limits, answer.now)


async def test_a_long_list_is_looked_through_in_few_steps(shop, valkey):
    """What has left the window long ago costs a start a dozen looks, not hundreds, and is not kept."""
    site, address = shop.limited(address_starts=[(500, 60)]), next(addresses)
    key = site.store_keys.window("address_starts", site.name, address)
    times = key.replace(":window:", ":long-window:")
    now = (await shop.ask_to_start(ip=next(addresses), site=site)).now
    valkey.set(key, "L", px=60_000)
    valkey.rpush(times, *[now - 60_000 - 500 + n for n in range(400)])
    valkey.pexpire(times, 60_000)
    valkey.config_resetstat()
    answer = await shop.ask_to_start(ip=address, site=site)
    assert valkey.info("commandstats")["cmdstat_lindex"]["calls"] < 30
    assert answer.left.partition(",")[2].startswith("499/")
    assert valkey.llen(times) == 1
