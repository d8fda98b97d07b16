"""What a WeChat was sent is counted for the account; each site's own rates decide over all of it, whoever caused it."""

import random

import pytest

from codesvc.store.outcomes import Outcome
from tests.scripts.conftest import FREE

WECHAT = "o_shared"
SITES = ("shop", "cafe")


def texts(rates):
    """Rates as the configuration spells them."""
    return [f"{count}/{seconds}s" for count, seconds in rates] or "none"


def limits(name, rates):
    """Tables of both sites: this limit as given, the others lifted."""
    lifted = FREE | {"user_pushes": "none"}
    return {f"sites__{site}__limits": lifted | {name: texts(given)} for site, given in zip(SITES, rates, strict=True)}


async def bind_on_both(shop):
    keys = shop.site.keys
    for site in SITES:
        places = {"binding": keys.binding(site, "alice"), "outbox": keys.outbox}
        more = {"user": "alice", "openid": WECHAT, "made_by": "openid", "many": 0, "replace": 0}
        assert (await shop.script("bind", places, site=site, **more)).outcome is Outcome.BOUND


async def pushes(shop, site):
    """Whether a start by this site leads to a push."""
    record = await shop.started("alice", site=shop.here.directory.sites[site])
    return record.delivery != "awaiting_scan"


def allows(rates, events, at):
    return all(sum(at - seconds < event for event in events) < count for count, seconds in rates)


async def test_a_stricter_site_does_not_make_the_others_forget(new_shop):
    async with new_shop(**limits("openid_pushes", [[(5, 86_400)], [(1, 60)]])) as shop:
        await bind_on_both(shop)
        assert [await pushes(shop, "shop") for _ in range(6)] == [True] * 5 + [False]
        shop.move(61_000)
        assert await pushes(shop, "cafe")
        assert not await pushes(shop, "cafe")
        assert not await pushes(shop, "shop")


async def test_a_site_without_a_limit_counts_for_the_others(new_shop):
    async with new_shop(**limits("openid_pushes", [[(5, 86_400)], []])) as shop:
        await bind_on_both(shop)
        assert [await pushes(shop, "cafe") for _ in range(6)] == [True] * 6
        assert not await pushes(shop, "shop")
        assert await pushes(shop, "cafe")


@pytest.mark.parametrize("seed", range(12))
async def test_differing_rates_of_two_sites_are_each_exact_over_all_pushes(new_shop, seed):
    """Moves are whole minutes and windows half ones, so that the time a test takes decides nothing."""
    rng = random.Random(seed)
    rates = [
        [(rng.randint(1, 6), 60 * rng.randint(0, 30) + 30) for _ in range(rng.choice((0, 1, 1, 2, 3)))] for _ in SITES
    ]
    async with new_shop(**limits("openid_pushes", rates)) as shop:
        await bind_on_both(shop)
        events, at = [], 0
        for step in range(40):
            which = rng.randrange(2)
            expected = allows(rates[which], events, at)
            assert await pushes(shop, SITES[which]) == expected, (step, rates, events, at)
            if expected:
                events.append(at)
            minutes = rng.choice((0, 0, 0, 1, 5, 20))
            shop.move(60_000 * minutes)
            at += 60 * minutes
