"""QR codes minted ahead; on demand where there are none; a clear 503 where WeChat gives none."""

import asyncio

CREATE = "/cgi-bin/qrcode/create"


async def pool_length(world, at_least=0):
    from codesvc.web.context import SERVICES

    services = world.app[SERVICES]
    keys = services.directory.accounts["main"].store_keys
    for _ in range(500):
        length = await services.store.at(keys.partition).llen(keys.pool)
        if length >= at_least:
            return length
        await asyncio.sleep(0.01)
    raise AssertionError(f"the pool holds {length}")


def mints(world):
    return len(world.platform.journal.entries("api", path=CREATE))


async def test_it_is_filled_at_the_start_and_again_when_half_is_gone(new_world):
    async with new_world(accounts__main__qr_pool=8) as world:
        assert await pool_length(world, 8) == 8
        for number in range(4):
            await world.scan_url(await world.start(f"u-{number}"))
        assert await pool_length(world, 8) <= 16
        assert mints(world) >= 12


async def test_starting_mints_nothing_and_showing_twice_takes_one(new_world):
    async with new_world(accounts__main__qr_pool=4) as world:
        await pool_length(world, 4)
        before = mints(world)
        started = await world.start()
        assert mints(world) == before
        first = await world.scan_url(started)
        assert await world.scan_url(started) == first
        assert await pool_length(world) == 3


async def test_without_a_pool_codes_are_minted_on_demand(new_world):
    async with new_world(accounts__main__qr_pool=0) as world:
        person = await world.person()
        started = await world.start()
        await person.scan(await world.scan_url(started))
        assert (await world.check(started, await person.code_in_chat())).status == 200


async def test_a_wechat_that_gives_none_is_a_clear_503_and_recovers(new_world):
    async with new_world(accounts__main__qr_pool=0) as world:
        await world.control("POST", "/faults", {"kind": "errcode", "path": CREATE, "errcode": -1, "times": 1})
        started = await world.start()
        refused = await world.call("GET", f"/v1/verifications/{started['id']}/scan")
        assert (refused.status, refused.problem) == (503, "wechat-unavailable")
        assert await world.scan_url(started)


async def test_fifty_pages_at_once_get_fifty_different_codes(new_world):
    async with new_world(accounts__main__qr_pool=4) as world:
        started = [await world.start(f"u-{number}") for number in range(50)]
        urls = await asyncio.gather(*(world.scan_url(one) for one in started))
        assert len(set(urls)) == 50
