"""A site that has hundreds of calls under way at once: what its neighbours and its own other calls feel of it."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import asynccontextmanager, closing
from urllib.parse import urlsplit

import pytest

from codesvc.web.context import SERVICES
from codesvc.web.problem import Problem
from codesvc.web.site_calls import SiteCall, SiteCalls
from tests.registry.test_admin_api import ADMINS, ask
from tests.stores import until
from tests.world import KEY, OPERATOR_KEY, OTHER_KEY, SCOPES, hash_line

BODY = json.dumps({"purpose": "register", "user": "u-1", "client_ip": "192.0.2.1"}).encode()


@asynccontextmanager
async def unfinished(world, count, key=KEY):
    """Calls whose body is on its way."""
    address, crowd = urlsplit(world.service), []
    head = f"POST /v1/verifications HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    for _ in range(count):
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(head.encode() + BODY[:5])
        crowd.append((reader, writer))
    yield crowd
    for _, writer in crowd:
        writer.close()


async def answered(connection):
    """The status of the answer once the body has come."""
    reader, writer = connection
    writer.write(BODY[5:])
    return int((await reader.readuntil(b"\r\n\r\n"))[9:12])


def under_way(world, site="shop", kind=""):
    line = world.app[SERVICES].site_calls.lines.get((site, kind))
    return line.under_way if line else 0


async def test_calls_of_a_site_beyond_the_most_are_refused_before_their_body_and_its_neighbours_are_not(new_world):
    async with new_world(sites__shop__limits={"address_starts": "none"}) as world:
        calls = world.app[SERVICES].site_calls
        calls.most_under_way = 5
        async with unfinished(world, 5) as crowd:
            await until(lambda: under_way(world) == 5)
            refused = await world.start("one-too-many")
            assert (refused.status, refused.problem) == (429, "too-many-calls")
            assert refused.headers["Retry-After"] == "1"
            async with unfinished(world, 1) as late:
                # The head is enough: nothing of the body is waited for.
                assert b" 429 " in await late[0][0].readuntil(b"\r\n")
            # Neither a neighbour, nor pages and whoever has no key, nor calls of the operator notice any of it.
            assert (await world.start("somebody", key=OTHER_KEY)).status == 201
            assert (await world.call("GET", "/v1/bindings/u-1", key="unknown")).status == 401
            assert [await answered(one) for one in crowd] == [201] * 5
        await until(lambda: under_way(world) == 0)
        assert (await world.start("now")).status == 201
        assert not calls.lines


async def test_scans_that_wait_for_wechat_hold_up_scans_and_no_other_call(new_world):
    async with new_world(accounts__main__qr_pool=0) as world:
        calls = world.app[SERVICES].site_calls
        calls.most_at_once, calls.patience_seconds = 1, 0.01
        first, second = await world.start("u-1"), await world.start("u-2", ip="192.0.2.2")
        await world.fault("slow", path="/cgi-bin/qrcode/create", delay=5, times=1)
        waiting = asyncio.create_task(world.call("GET", f"/v1/verifications/{first['id']}/scan"))
        await until(lambda: under_way(world, kind="scan") == 1)
        late = await world.call("GET", f"/v1/verifications/{second['id']}/scan")
        assert (late.status, late.problem) == (429, "too-many-calls")
        assert (await world.start("u-3", ip="192.0.2.3")).status == 201
        assert (await world.get(second)).status == 200
        waiting.cancel()


async def test_operators_see_whose_calls_are_refused(new_world):
    async with new_world() as world:

        async def refused():
            figures = (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
            found = re.search(r'^codesvc_refused_total\{limit="site_calls",site="shop"\} (.*)$', figures, re.MULTILINE)
            return float(found[1]) if found else 0.0

        before = await refused()
        world.app[SERVICES].site_calls.most_under_way = 0
        assert (await world.start()).status == 429
        assert (await world.call("GET", "/metrics")).status == 429
        assert await refused() == before + 2


async def test_the_key_of_a_panel_counts_as_well_which_is_sent_without_bearer(new_world):
    key = "csk_shop_" + "w" * 43
    keys = [
        {"name": "server", "hash": hash_line(KEY), "scopes": SCOPES},
        {"name": "panel", "hash": hash_line(key), "scopes": ["wechat_server"]},
    ]
    async with new_world(sites__shop__keys=keys, sites__shop__wechat_server={}) as world:
        world.app[SERVICES].site_calls.most_under_way = 0
        answer = await world.call("GET", "/api/wechat/user?code=1", key=None, headers={"Authorization": key})
        assert answer.status == 429


async def test_a_call_whose_key_is_removed_while_its_body_is_on_the_way_is_refused(new_world):
    async with new_world(admin__keys=ADMINS) as world:
        second = (await ask(world, "PUT", "/sites/shop/keys/second", {"scopes": ["verify"]}))["key"]
        async with unfinished(world, 1, second) as late:
            await until(lambda: under_way(world) == 1)
            assert (await ask(world, "DELETE", "/sites/shop/keys/second")).status == 204
            assert await answered(late[0]) == 401
        await until(lambda: not world.app[SERVICES].site_calls.lines)


async def test_turns_come_in_order_and_one_site_takes_none_of_another():
    calls, order = SiteCalls(lambda _: None, most_at_once=2), []

    async def one(number, site="shop"):
        with closing(SiteCall(calls, site)) as call:
            await call.turn()
            order.append(number)
            await leave.wait()

    leave = asyncio.Event()
    crowd = [asyncio.create_task(one(number)) for number in range(5)]
    crowd.append(asyncio.create_task(one("neighbour", "cafe")))
    await until(lambda: "neighbour" in order)
    assert order == [0, 1, "neighbour"]
    crowd[2].cancel()  # a call that waits and goes leaves its turn to the next one
    leave.set()
    await asyncio.gather(*crowd, return_exceptions=True)
    assert order == [0, 1, "neighbour", 3, 4]
    assert not calls.lines


async def test_a_call_whose_turn_does_not_come_is_refused_and_those_behind_it_have_theirs():
    refused = []
    calls = SiteCalls(refused.append, most_at_once=1, patience_seconds=0.01)
    with closing(SiteCall(calls, "shop")) as first:
        await first.turn()
        for _ in range(2):
            with pytest.raises(Problem, match="too-many-calls"), closing(SiteCall(calls, "shop")) as late:
                await late.turn()
    assert refused == ["shop", "shop"]
    with closing(SiteCall(calls, "shop")) as call:
        await call.turn()
    assert not calls.lines


async def test_a_turn_that_comes_as_its_call_is_cancelled_goes_to_the_next():
    calls = SiteCalls(lambda _: None, most_at_once=1)

    async def one():
        with closing(SiteCall(calls, "shop")) as call:
            await call.turn()

    with closing(SiteCall(calls, "shop")) as first:
        await first.turn()
        waiting, behind = asyncio.create_task(one()), asyncio.create_task(one())
        await asyncio.sleep(0)
    waiting.cancel()
    await behind
    assert not calls.lines
