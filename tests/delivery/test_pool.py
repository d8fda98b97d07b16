"""QR codes minted ahead; on demand where there are none; a clear 503 where WeChat gives none."""

import asyncio

from codesvc.web.context import SERVICES
from tests import stores
from tests.world import running_world

CREATE = "/cgi-bin/qrcode/create"


async def pool_length(world, at_least=0):
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


async def test_a_store_that_lost_its_latest_writes_gives_no_code_out_twice(tmp_path):
    """It starts again from an older file, as after a power cut: the pool has the code that a page shows already."""
    with stores.tcp_server() as server:
        url = f"redis://127.0.0.1:{server.port}"
        async with running_world(url, tmp_path, accounts__main__qr_pool=8) as world:
            await pool_length(world, 8)
            server.client.save()
            shown = {await world.scan_url(await world.start(f"before-{number}")) for number in range(3)}
            assert len(shown) == 3
            server.kill()
            server.start()
            assert len(codes_in(server)) == 8, "it went back"
            started = [await begun(world, f"after-{number}") for number in range(6)]
            assert not shown & {await world.scan_url(one) for one in started}


async def test_the_codes_of_another_server_are_no_stock(tmp_path):
    """The pool is minted anew before a page asks, as soon as somebody counts it."""
    with stores.tcp_server() as server:
        url = f"redis://127.0.0.1:{server.port}"
        async with running_world(url, tmp_path, accounts__main__qr_pool=4) as world:
            await pool_length(world, 4)
            server.client.save()
            before = codes_in(server)
            server.kill()
            server.start()
            services = world.app[SERVICES]
            started = await begun(world, "u")
            await services.verifications._pool.fill(services.directory.accounts["main"])
            await pool_length(world, 4)
            now = codes_in(server)
            assert not now & before
            assert (await world.scan_url(started)).encode() in b" ".join(now), "the next pool is used as the first was"


async def begun(world, user):
    """A verification, as soon as the store is there again."""
    for _ in range(500):
        started = await world.start(user)
        if started.status == 201:
            return started
        await asyncio.sleep(0.01)
    raise AssertionError(started.text)


def codes_in(server):
    [pool] = server.client.keys("*:pool")
    return set(server.client.lrange(pool, 0, -1))
