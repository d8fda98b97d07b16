"""What a WeChat was sent is counted for the account; each site's own rates decide over all of it, whoever caused it."""

import asyncio
import random
from itertools import count

import pytest

from codesvc.domain.codes import VerificationId
from codesvc.service.callback_events import OpenidLimits
from codesvc.store.outcomes import Outcome
from tests.scripts.conftest import FREE

WECHAT = "o_shared"
SITES = ("shop", "cafe")
ADDRESSES = count()


def texts(rates):
    """Rates as the configuration spells them."""
    return [f"{count}/{seconds}s" for count, seconds in rates] or "none"


def limits(name, rates):
    """Tables of both sites: this limit as given, the others lifted."""
    lifted = FREE | {"user_pushes": "none"}
    return {f"sites__{site}__limits": lifted | {name: texts(given)} for site, given in zip(SITES, rates, strict=True)}


async def bind_on_both(shop):
    # A person of the account: WeChat answers 40003 for any other openid, and nothing more is pushed to it.
    keys, openid = shop.site.store_keys, (await shop.world.person()).openid
    for site in SITES:
        places = {"binding": keys.binding(site, "alice"), "outbox": keys.outbox}
        more = {"user": "alice", "openid": openid, "made_by": "openid", "many": 0, "replace": 0}
        assert (await shop.script("bind", places, site=site, **more)).outcome is Outcome.BOUND


async def sent(shop, entry, record):
    """Wait until a push was tried: one whose code expires before, or that is sent again, gives its count back."""
    for _ in range(2000):
        if record.delivery not in {"queued", "unknown"}:
            return
        await asyncio.sleep(0.002)
        record = (await shop.here.verifications.get(entry, VerificationId.parse(record.id))).shown
    raise AssertionError("a delivery never ends")


async def pushes(shop, site):
    """Whether a start by this site leads to a push; from a new address, because a double click costs one message."""
    ip = f"198.51.100.{next(ADDRESSES) % 250}"
    entry = shop.here.directory.sites[site]
    record = await shop.started("alice", ip=ip, site=entry)
    pushed = record.delivery != "awaiting_scan"
    await sent(shop, entry, record)
    return pushed


async def test_resends_count_for_the_others_too(new_shop):
    """Whoever caused the message: here one site's resends, which count for the WeChat's limit on the other."""
    async with new_shop(**limits("openid_pushes", [[(3, 86_400)], []])) as shop:
        await bind_on_both(shop)
        cafe = shop.here.directory.sites["cafe"]
        record = await shop.started("alice", ip="192.0.2.50", site=cafe)
        for _ in range(2):
            await sent(shop, cafe, record)
            shop.move(61_000)
            again = await shop.here.verifications.resend(cafe, VerificationId.parse(record.id))
            assert again.outcome is Outcome.RESENT
            record = again.shown
        await sent(shop, cafe, record)
        assert not await pushes(shop, "shop")
        assert await pushes(shop, "cafe")


def random_rates(rng):
    counts = [rng.choice((0, 1, 1, 2, 3)) for _ in SITES]
    return [[(rng.randint(1, 6), 60 * rng.randint(0, 30) + 30) for _ in range(count)] for count in counts]


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
    rng = random.Random(seed)  # noqa: S311  a test repeats itself by its seed
    rates = random_rates(rng)
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


async def keyword(shop, site, number):
    """Whether a keyword of this site, sent by the WeChat, is looked at; "" is a keyword of no site."""
    directory = shop.here.directory
    record = await shop.started(f"u-{number}", site=directory.sites[site]) if site else None
    names = shop.site.store_keys
    keys = {
        "pointer": names.keyword(record.keyword if record else "NOBODYS1"),
        "keyword_window": names.openid_window("openid_words", WECHAT),
        "seen": names.seen(f"{WECHAT}/{number}"),
        "outbox": names.outbox,
    }
    more = {"keyword_rates": OpenidLimits.of(directory).keywords["main"], "window": 55_000, "followed": 0, "reply": 1}
    return (await shop.script("claim", keys, openid=WECHAT, by="keyword", **more)).outcome


async def test_a_stricter_site_keeps_nobody_out_of_another_site_s_keyword(new_shop):
    async with new_shop(**limits("openid_keywords", [[(10, 3600)], [(1, 30 * 86_400)]])) as shop:
        found = [await keyword(shop, site, n) for n, site in enumerate(("cafe", "shop", "cafe", "", "shop"))]
        assert found == [Outcome.CLAIMED, Outcome.CLAIMED, Outcome.LIMITED, Outcome.ABSENT, Outcome.CLAIMED]
        shop.move(3_601_000)
        assert await keyword(shop, "shop", 6) is Outcome.CLAIMED
        assert await keyword(shop, "cafe", 7) is Outcome.LIMITED


@pytest.mark.parametrize("seed", range(8))
async def test_differing_rates_of_keywords_are_each_exact_over_all_keywords(new_shop, seed):
    """A keyword of no site counts as long as it could have been one of some site."""
    rng = random.Random(seed)  # noqa: S311  a test repeats itself by its seed
    rates = random_rates(rng)
    async with new_shop(**limits("openid_keywords", rates)) as shop:
        events, at = [], 0
        for number in range(40):
            which = rng.randrange(3)
            asked = [rates[which]] if which < 2 else rates
            expected = any(allows(given, events, at) for given in asked)
            outcome = await keyword(shop, (*SITES, "")[which], number)
            assert (outcome is not Outcome.LIMITED) == expected, (number, rates, events, at)
            if expected:
                events.append(at)
            minutes = rng.choice((0, 0, 0, 1, 5, 20))
            shop.move(60_000 * minutes)
            at += 60 * minutes
