"""What is charged is what is made: QR codes are charged before WeChat is called, whoever gets them."""

import asyncio

import pytest

from codesvc.domain.quota import Api
from codesvc.store.quotas import day_key
from codesvc.web.context import SERVICES
from tests.stores import until
from tests.world import OTHER_KEY

CREATE = "/cgi-bin/qrcode/create"
FREE = {"sites__shop__limits": dict.fromkeys(("site_starts", "address_starts"), "none")}
FREE |= {"sites__cafe__limits": FREE["sites__shop__limits"]}


def account_of(world):
    return world.app[SERVICES].directory.accounts["main"]


def counters(world, valkey):
    found = valkey.hgetall(day_key(account_of(world).store_keys, Api.QRCODE))
    return {name.decode(): value.decode() for name, value in found.items()}


def charged(world, valkey, field="total"):
    return int(counters(world, valkey).get(field, 0))


def calls(world):
    return len(world.platform.journal.entries("api", path=CREATE))


def made(world):
    return sum(not entry.errcode for entry in world.platform.journal.entries("api", path=CREATE))


def stock(world, valkey):
    return valkey.llen(account_of(world).store_keys.pool)


async def settled(world, valkey, pool=0, daily=100_000):
    """Wait until the pool is full and WeChat's quotas were read; what it reports now is `daily`."""
    await until(lambda: stock(world, valkey) == pool and "daily" in counters(world, valkey))
    keys, quotas = account_of(world).store_keys, world.app[SERVICES].store.quotas
    await quotas.learn(keys, Api.QRCODE, daily=daily, used=made(world))


async def scan(world, started, key=None):
    sent = {"key": key} if key else {}
    return await world.call("GET", f"/v1/verifications/{started['id']}/scan", **sent)


async def test_requests_at_once_for_one_page_make_one_qr_code(new_world, valkey):
    async with new_world(accounts__main__qr_pool=0) as world:
        await settled(world, valkey)
        started = await world.start()
        await world.fault("slow", path=CREATE, delay=0.3)
        answers = await asyncio.gather(*(scan(world, started) for _ in range(25)))
        assert {(answer.status, answer["url"]) for answer in answers} == {(200, answers[0]["url"])}
        assert (calls(world), charged(world, valkey), charged(world, valkey, "s:shop")) == (1, 1, 1)


async def test_requests_at_once_share_wechats_refusal(new_world, valkey):
    async with new_world(accounts__main__qr_pool=0) as world:
        await settled(world, valkey)
        started, account = await world.start(), account_of(world).store_keys.appid
        await world.control("PUT", f"/accounts/{account}/quotas", {"path": CREATE, "daily": 0, "minute": None})
        await world.fault("slow", path=CREATE, delay=0.3)
        answers = await asyncio.gather(*(scan(world, started) for _ in range(25)))
        assert [answer.status for answer in answers] == [503] * 25
        assert (calls(world), charged(world, valkey)) == (1, 0)


async def test_the_pool_is_charged_when_it_is_filled_and_sites_when_a_page_shows_one(new_world, valkey):
    async with new_world(accounts__main__qr_pool=6, **FREE) as world:
        await settled(world, valkey, 6)
        assert (charged(world, valkey), charged(world, valkey, "s:shop"), made(world)) == (6, 0, 6)
        for number in range(2):
            await world.scan_url(await world.start(f"u-{number}"))
        assert (charged(world, valkey), charged(world, valkey, "s:shop"), made(world)) == (6, 2, 6)
        for number in range(2, 9):
            await world.scan_url(await world.start(f"u-{number}"))
        # The pool is refilled when half of it is used, so how many it holds at the end depends on chance.
        refilling = world.app[SERVICES].verifications._pool._refilling["main"]
        await until(refilling.done)
        assert stock(world, valkey) > 3
        assert (charged(world, valkey), charged(world, valkey, "s:shop")) == (made(world), 9)


async def test_two_processes_that_fill_the_pool_make_one_too_many_at_most(new_world, valkey):
    async with new_world(accounts__main__qr_pool=8) as one:
        await settled(one, valkey, 8)
        valkey.delete(account_of(one).store_keys.pool)
        await one.fault("slow", path=CREATE, delay=0.05)
        before, account = made(one), account_of(one)
        here = one.app[SERVICES].verifications._pool
        there = type(here)(here._store, here._clients, longest_life=600, shown=lambda _: None)
        for each in (here, there):
            await each.fill(account)
        await asyncio.gather(*(pool._refilling["main"] for pool in (here, there)))
        assert made(one) - before == stock(one, valkey) <= 9
        await there.aclose()


async def test_a_qr_code_whose_page_has_ended_meanwhile_is_the_next_pages(new_world, valkey):
    async with new_world(accounts__main__qr_pool=0) as world:
        await settled(world, valkey)
        started, other = await world.start("u-1"), await world.start("u-2")
        await world.fault("slow", path=CREATE, delay=1)
        asked = asyncio.create_task(scan(world, started))
        await until(lambda: charged(world, valkey) == 1)
        assert charged(world, valkey, "s:shop") == 1
        await world.cancel(started)
        assert (await asked).status == 410
        assert (stock(world, valkey), charged(world, valkey), charged(world, valkey, "s:shop")) == (1, 1, 0)
        assert await world.scan_url(other)
        assert (calls(world), charged(world, valkey), charged(world, valkey, "s:shop")) == (1, 1, 1)
        assert not [name for name in counters(world, valkey) if name.startswith("f:")]


async def test_nothing_is_made_that_the_quota_does_not_allow(new_world, valkey):
    async with new_world(accounts__main__qr_pool=0, **FREE) as world:
        await settled(world, valkey, daily=10)
        await world.fault("slow", path=CREATE, delay=0.3)
        started = [await world.start(f"u-{number}") for number in range(20)]
        answers = await asyncio.gather(*(scan(world, each) for each in started for _ in range(3)))
        # A tenth is for resets, and two of the rest are the other site's.
        assert sorted(answer.status for answer in answers) == [200] * 3 * 7 + [503] * 3 * 13
        assert calls(world) == charged(world, valkey) == charged(world, valkey, "s:shop") == 7
        neighbours = [await world.start(f"n-{number}", key=OTHER_KEY) for number in range(5)]
        answers = [await scan(world, each, OTHER_KEY) for each in neighbours]
        assert [answer.status for answer in answers] == [200] * 2 + [503] * 3
        resets = [await world.start(f"r-{number}", "reset") for number in range(3)]
        assert [(await scan(world, each)).status for each in resets] == [200, 503, 503]
        assert calls(world) == made(world) == 10


async def test_the_pool_takes_no_sites_share_and_not_the_reserve(new_world, valkey):
    async with new_world(accounts__main__qr_pool=6, **FREE) as world:
        await settled(world, valkey, 6, daily=20)
        started = [await world.start(f"u-{number}") for number in range(20)]
        answers = [await scan(world, each) for each in started]
        assert [answer.status for answer in answers] == [200] * 14 + [503] * 6
        neighbours = [await world.start(f"n-{number}", key=OTHER_KEY) for number in range(6)]
        answers = [await scan(world, each, OTHER_KEY) for each in neighbours]
        assert [answer.status for answer in answers] == [200] * 4 + [503] * 2
        await asyncio.gather(*world.app[SERVICES].verifications._pool._refilling.values())
        assert (stock(world, valkey), made(world), charged(world, valkey)) == (0, 18, 18)
        resets = [await world.start(f"r-{number}", "reset") for number in range(4)]
        assert [(await scan(world, each)).status for each in resets] == [200, 200, 503, 503]
        assert calls(world) == 20


async def test_qr_codes_of_the_pool_outlive_the_quota_for_resets(new_world, valkey):
    async with new_world(accounts__main__qr_pool=6, **FREE) as world:
        await settled(world, valkey, 6, daily=6)
        keys, quotas = account_of(world).store_keys, world.app[SERVICES].store.quotas
        await quotas.exhaust(keys, Api.QRCODE)
        assert (await scan(world, await world.start("u", "reset"))).status == 200
        assert calls(world) == 6


@pytest.mark.parametrize(
    ("fault", "counted"),
    [
        ({"kind": "errcode", "errcode": -1}, 1),
        ({"kind": "errcode", "errcode": 45011}, 0),
        ({"kind": "errcode", "errcode": 40001}, 0),
        ({"kind": "truncated"}, 1),
    ],
    ids=str,
)
async def test_what_wechat_has_certainly_not_counted_is_given_back(new_world, valkey, fault, counted):
    async with new_world(accounts__main__qr_pool=0) as world:
        await settled(world, valkey)
        started = await world.start()
        await world.fault(path=CREATE, **fault)
        assert (await scan(world, started)).status == 503
        assert (charged(world, valkey), charged(world, valkey, "s:shop")) == (counted, counted)
        await world.control("DELETE", "/faults")
        assert await world.scan_url(started)
        assert charged(world, valkey) == counted + 1


async def test_what_resets_gave_back_leaves_the_rest_of_the_day_kept_for_them(new_world, valkey):
    """Other programs use the account too, so what is left of the reserve is known by what resets have used of it."""
    async with new_world(accounts__main__qr_pool=0, **FREE) as world:
        await settled(world, valkey)
        quotas, keys = world.app[SERVICES].store.quotas, account_of(world).store_keys
        await quotas.learn(keys, Api.QRCODE, daily=40, used=33)
        await world.fault("errcode", path=CREATE, errcode=45011, times=2)
        resets = [await world.start(f"r-{number}", "reset") for number in range(5)]
        assert [(await scan(world, each)).status for each in resets[:2]] == [503, 503]
        # It was charged when it was made, and again when it was shown, with the first given back.
        assert (await scan(world, resets[0])).status == 200
        others = [await world.start(f"u-{number}") for number in range(5)]
        assert [(await scan(world, each)).status for each in others] == [200] * 3 + [503] * 2
        assert [(await scan(world, each)).status for each in resets[1:]] == [200] * 3 + [503]


async def test_wechats_word_that_the_quota_is_used_up_ends_the_calls(new_world, valkey):
    async with new_world(accounts__main__qr_pool=0) as world:
        await settled(world, valkey)
        started = await world.start()
        await world.fault("errcode", path=CREATE, errcode=45009)
        for _ in range(5):
            assert (await scan(world, started)).status == 503
        assert (calls(world), counters(world, valkey)["daily"], charged(world, valkey)) == (1, "0", 0)


async def test_a_full_minute_leaves_neighbours_their_part_and_gives_back_what_was_not_counted(new_world, valkey):
    async with new_world(accounts__main__qr_pool=0, **FREE) as world:
        await settled(world, valkey)
        keys = account_of(world).store_keys
        # An hour, so that none ends while the test runs.
        await world.app[SERVICES].store.quotas.learn(keys, Api.QRCODE, daily=1_000, used=0, rate=(20, 3_600))
        await world.fault("errcode", path=CREATE, errcode=45011)
        for number in range(30):
            assert (await scan(world, await world.start(f"f-{number}"))).status == 503
        assert (calls(world), charged(world, valkey)) == (30, 0)
        await world.control("DELETE", "/faults")
        started = [await world.start(f"u-{number}") for number in range(20)]
        assert [(await scan(world, each)).status for each in started] == [200] * 14 + [503] * 6
        started = [await world.start(f"n-{number}", key=OTHER_KEY) for number in range(6)]
        assert [(await scan(world, each, OTHER_KEY)).status for each in started] == [200] * 4 + [503] * 2
        started = [await world.start(f"r-{number}", "reset", key=OTHER_KEY) for number in range(3)]
        assert [(await scan(world, each, OTHER_KEY)).status for each in started] == [200, 200, 503]
        assert charged(world, valkey) == made(world) == 20
