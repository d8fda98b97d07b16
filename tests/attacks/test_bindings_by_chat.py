"""Bindings stay for ever: those that people make in the chat, or by an app's login, have a number too.

Who owns the account of a site signs the yes of people who do not exist.
"""

import pytest

from tests.oidc.parties import CONFIDENTIAL, Browser, provider, told
from tests.people.asks import bind_by_scan, bind_intent, binding, reply, scan, status
from tests.people.browsers import open_in_wechat, press

LIMITS = {"binding_writes": ["2/day"]}


@pytest.fixture
async def world(new_world):
    async with new_world(sites__shop__limits=LIMITS) as world:
        yield world


async def bound_by_two(world):
    for user in ("u-1", "u-2"):
        person = await world.person()
        assert (await bind_by_scan(world, user, person))["status"] == "bound"
    return person


async def test_past_the_number_a_yes_binds_nobody_and_says_so(world):
    second = await bound_by_two(world)
    person, started = await world.person(), await bind_intent(world, "u-3")
    await scan(world, person, started)
    assert "稍后再试" in await reply(person, "确认")
    assert await status(world, started) == "scanned"
    assert (await binding(world, "u-3")).status == 404
    # What is bound already, keys, other sites, and a move are not stopped by it.
    assert (await bind_by_scan(world, "u-2", second))["status"] == "bound"
    assert (await world.bind("u-4", await world.person())).status == 201
    started = await bind_intent(world, "u-2", replace=True)
    moved = await world.person()
    await scan(world, moved, started)
    await reply(moved, "确认")
    assert (await binding(world, "u-2"))["openid"] == moved.openid
    await world.advance(86_401)
    assert (await bind_by_scan(world, "u-3", person))["status"] == "bound"


async def test_a_page_says_so_too(world):
    await bound_by_two(world)
    person, started = await world.person(), await bind_intent(world, "u-3", method="oauth")
    view = await press(person, await open_in_wechat(person, started["link"]), "yes")
    assert (view["status"], "服务暂时繁忙" in view["body"]) == (429, True)
    assert await status(world, started) == "scanned"


async def test_without_a_question_a_scan_binds_nobody_either(new_world):
    async with new_world(sites__shop__limits=LIMITS, sites__shop__confirm_bind=False) as world:
        for user, answer in (("u-1", "bound"), ("u-2", "bound"), ("u-3", "scanned")):
            started = await bind_intent(world, user)
            await scan(world, await world.person(), started)
            assert await status(world, started) == answer


async def test_the_first_openids_of_visitors_have_a_number(new_world, valkey):
    app = CONFIDENTIAL | {"visitors": True}
    async with new_world(**provider(app, sites__shop__limits=LIMITS)) as world:
        for _ in range(3):
            assert "code" in await Browser(world).login(await world.person())
        assert len(valkey.keys("*:oidc-first:*")) == 2
        assert "code" in await Browser(world).login(await world.bound("alice"))
        assert len(valkey.keys("*:oidc-first:*")) == 3


async def test_visitors_of_an_app_count_as_well(new_world):
    app = CONFIDENTIAL | {"visitors": True, "bind_visitors": True}
    async with new_world(**provider(app, sites__shop__limits=LIMITS)) as world:
        for answer in ("code", "code", "error"):
            person, browser = await world.person(), Browser(world)
            await browser.scanned_by(person, await browser.authorize())
            await person.say("确认")
            assert answer in told(await browser.back())
