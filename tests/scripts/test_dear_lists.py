"""The store has one thread for all tenants: a call for a list reads so much and no more, whatever its filter finds."""

import asyncio

import pytest

from codesvc.domain.webhook import TEST_EVENT

EVENTS = 700
READS = ("cmdstat_hget", "cmdstat_hmget", "cmdstat_hgetall")


def reads(valkey):
    stats = valkey.info("commandstats")
    return sum(stats[name]["calls"] for name in READS if name in stats)


@pytest.fixture
async def many_events(shop):
    """So many events of the site, none of which was given up except the oldest; their ids, oldest first."""
    store, site = shop.here.store.webhooks, shop.site
    ids = [f"wh_{number:032x}" for number in range(EVENTS)]
    for first in range(0, EVENTS, 100):
        await asyncio.gather(
            *(
                store.announce(site.store_keys, site.name, event, kind=TEST_EVENT, facts=b'{"message":"x"}')
                for event in ids[first : first + 100]
            )
        )
    return ids


@pytest.mark.parametrize(("status", "kind"), [("", ""), ("pending", TEST_EVENT), ("failed", ""), ("", "quota.low")])
async def test_a_page_of_events_reads_few_of_them_also_where_the_filter_finds_none(
    shop, valkey, many_events, status, kind
):
    cursor, found, pages = "", [], 0
    while cursor is not None:
        valkey.config_resetstat()
        page = await shop.here.webhooks.find(shop.site, status=status, kind=kind, limit=100, cursor=cursor)
        assert reads(valkey) <= 330
        found += [hook.id for hook in page.hooks]
        cursor, pages = page.cursor, pages + 1
    assert sorted(found) == (many_events if (status, kind) in {("", ""), ("pending", TEST_EVENT)} else [])
    assert pages <= EVENTS / 100 + 1


async def test_an_event_that_is_not_shown_is_not_read_whole(shop, valkey, many_events):
    site = shop.site
    valkey.hset(site.store_keys.webhook(site.name, many_events[-3]), "status", "failed")
    valkey.config_resetstat()
    page = await shop.here.webhooks.find(site, status="failed", limit=100)
    assert [hook.id for hook in page.hooks] == [many_events[-3]]
    stats = valkey.info("commandstats")
    assert stats.get("cmdstat_hgetall", {"calls": 0})["calls"] <= 10
