"""Bindings stay for ever: those that people make in the chat, or by an app's login, have a number too.

Who owns the account of a site signs the yes of people who do not exist.
"""

import pytest

from codesvc.runtime import metrics
from tests.oidc.parties import CONFIDENTIAL, Browser, provider, told
from tests.people.asks import bind_by_scan, bind_intent, binding, reply, scan, status
from tests.people.browsers import links_in, open_in_wechat, press

LIMITS = {"binding_writes": ["2/day"]}


@pytest.fixture
async def world(new_world):
    async with new_world(sites__shop__limits=LIMITS) as world:
        yield world


def refused_so_far():
    return metrics.REGISTRY.get_sample_value("codesvc_refused_total", {"site": "shop", "limit": "binding_writes"}) or 0


async def bound_by_two(world):
    for user in ("u-1", "u-2"):
        person = await world.person()
        assert (await bind_by_scan(world, user, person))["status"] == "bound"
    return person


async def test_past_the_number_a_yes_binds_nobody_and_says_so(world):
    second = await bound_by_two(world)
    person, started = await world.person(), await bind_intent(world, "u-3")
    await scan(world, person, started)
    refused = refused_so_far()
    for _ in range(2):
        answer = await reply(person, "确认")
        assert "还没有绑定" in answer
        assert "再回复“确认”" in answer
        assert started["reference"] in answer
        assert "山月茶铺" in answer
    assert refused_so_far() == refused + 2
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


async def test_the_same_yes_binds_when_the_number_is_free_again(new_world):
    async with new_world(sites__shop__limits={"binding_writes": ["1/minute"]}) as world:
        assert (await bind_by_scan(world, "u-1", await world.person()))["status"] == "bound"
        person, started = await world.person(), await bind_intent(world, "u-2", locale="en")
        await scan(world, person, started)
        answer = await reply(person, "确认")
        assert "not linked yet" in answer
        assert started["reference"] in answer
        await world.advance(61)
        assert "linked. Account" in await reply(person, "确认")
        assert await status(world, started) == "bound"


@pytest.mark.parametrize("method", ["scan", "oauth"])
async def test_a_page_says_so_too(world, method):
    await bound_by_two(world)
    person, started, refused = await world.person(), await bind_intent(world, "u-3", method=method), refused_so_far()
    [link] = links_in(await scan(world, person, started)) if method == "scan" else [started["link"]]
    view = await press(person, await open_in_wechat(person, link), "yes")
    assert (view["status"], "还没有绑定" in view["body"]) == (429, True)
    assert await status(world, started) == "scanned"
    assert refused_so_far() == refused + 1


async def test_without_a_question_a_scan_binds_nobody_either(new_world):
    async with new_world(sites__shop__limits=LIMITS, sites__shop__confirm_bind=False) as world:
        refused = refused_so_far()
        for user, answer in (("u-1", "bound"), ("u-2", "bound"), ("u-3", "scanned")):
            started = await bind_intent(world, user)
            await scan(world, await world.person(), started)
            assert await status(world, started) == answer
        assert refused_so_far() == refused + 1


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
        refused = refused_so_far()
        for error in (None, None, "temporarily_unavailable"):
            person, browser = await world.person(), Browser(world)
            await browser.scanned_by(person, await browser.authorize())
            await person.say("确认")
            answer = told(await browser.back())
            assert answer.get("error") == error
            assert ("code" in answer) == (error is None)
        assert refused_so_far() == refused + 1
