""" "This was not me" stops what a swindler could use, whatever it is: links, handles, login codes, unused logins."""

import re

import pytest

from codesvc.config.api_keys import hash_line
from tests.people.asks import login, read, reply, scan, status
from tests.people.browsers import WITH_CHAT, browser, links_in, query_of
from tests.world import KEY, SCOPES

STATE = "the-swindler-s-own-session"
TOKEN = "csk_shop_" + "w" * 43
PANEL = {
    "sites__shop__wechat_server": {},
    "sites__shop__keys": [
        {"name": "server", "hash": hash_line(KEY), "scopes": SCOPES},
        {"name": "panel", "hash": hash_line(TOKEN), "scopes": ["wechat_server"]},
    ],
}


@pytest.fixture
async def world(new_world):
    async with new_world(**WITH_CHAT, **PANEL) as world:
        yield world


async def proven(swindler, person, text):
    """The person asks for a link, gives it to the swindler, and sends the six digits of the swindler's browser."""
    [link] = links_in(await reply(person, text))
    assert "数字正确" in await reply(person, await swindler.show_digits(link))
    return link


async def redeem_code(swindler, link):
    return query_of((await swindler.go(f"{link}/go?state={STATE}")).headers["Location"])["redeem"]


async def redeem(world, code):
    return await world.call("POST", "/v1/tickets/redeem", {"ticket": code, "state": STATE})


async def verify(world, redeemed):
    return await world.call("POST", "/v1/proofs/verify", {"proof": redeemed["proof"]})


async def panel(world, code):
    headers = {"Authorization": TOKEN}
    return (await world.call("GET", f"/api/wechat/user?code={code}", key=None, headers=headers))["data"]


@pytest.mark.parametrize("text", ["重置密码", "绑定账号"])
async def test_a_link_whether_its_browser_is_proven_or_not(world, text):
    person = await (world.bound("alice") if text == "重置密码" else world.person())
    async with browser() as swindler:
        [unproven] = links_in(await reply(person, text))
        link = await proven(swindler, person, text)
        code = await redeem_code(swindler, link)
        digits = await swindler.show_digits(unproven)
        assert "链接" in await reply(person, "不是我")
        assert (await swindler.go(link)).status == 410
        assert (await swindler.go(f"{link}/go?state={STATE}")).status == 410
        assert (await swindler.go(unproven)).status == 410
        refused = await redeem(world, code)
        assert (refused.status, refused.problem) == (410, "ticket-expired")
        assert "作废" in await reply(person, digits)


async def test_the_proof_of_a_reset_that_the_site_has_not_used(world):
    person = await world.bound("alice")
    async with browser() as swindler:
        code = await redeem_code(swindler, await proven(swindler, person, "重置密码"))
    redeemed = await redeem(world, code)
    assert "已有人使用" in await reply(person, "不是我")
    assert (await verify(world, redeemed)).problem == "proof-expired"
    assert (await redeem(world, code)).problem == "ticket-spent"


async def test_it_says_so_if_the_site_has_reset_the_password(world):
    person = await world.bound("alice")
    async with browser() as swindler:
        redeemed = await redeem(world, await redeem_code(swindler, await proven(swindler, person, "重置密码")))
    assert (await verify(world, redeemed)).status == 200
    assert "已有人使用" in await reply(person, "不是我")


async def test_the_handle_of_a_link(world):
    person = await world.person()
    async with browser() as swindler:
        redeemed = await redeem(world, await redeem_code(swindler, await proven(swindler, person, "绑定账号")))
    await person.say("不是我")
    bound = await world.call("PUT", "/v1/bindings/mallory", {"handle": redeemed["handle"]})
    assert (bound.status, bound.problem) == (410, "proof-expired")


async def test_a_login_that_the_site_has_not_read_and_the_handle_of_a_strangers(world):
    person = await world.person()
    asked = await login(world)
    await scan(world, person, asked)
    await reply(person, "确认")
    known = await read(world, asked)
    assert known["status"] == "unknown"
    await person.say("不是我")
    assert await status(world, asked) == "canceled"
    bound = await world.call("PUT", "/v1/bindings/mallory", {"handle": known["handle"]})
    assert (bound.status, bound.problem) == (410, "proof-expired")


async def test_a_login_as_a_user_that_the_site_has_not_read(world):
    person, asked = await world.bound("alice"), await login(world)
    await scan(world, person, asked)
    await reply(person, "确认")
    await person.say("不是我")
    stopped = await read(world, asked)
    assert (stopped["status"], stopped.json.get("user")) == ("canceled", None)


async def test_a_login_code_of_a_panel(world):
    person = await world.bound("alice")
    code = re.match(r"\d{8}", await reply(person, "验证码"))[0]
    await person.say("不是我")
    assert await panel(world, code) == ""


async def test_with_a_question_declined_by_the_same_message_it_mutes_nothing_but_stops_the_link(world):
    person = await world.bound("alice")
    async with browser() as swindler:
        link = await proven(swindler, person, "重置密码")
        await scan(world, person, await login(world))
        assert "已拒绝" in await reply(person, "不是我")
        assert (await swindler.go(link)).status == 410
    assert (await world.start("alice"))["delivery"]["status"] == "queued"


async def test_what_the_person_asks_for_later_works(world):
    person = await world.bound("alice")
    await person.say("不是我")
    await world.advance(1)
    async with browser() as laptop:
        redeemed = await redeem(world, await redeem_code(laptop, await proven(laptop, person, "重置密码")))
    assert (await verify(world, redeemed)).status == 200
    code = re.match(r"\d{8}", await reply(person, "验证码"))[0]
    assert await panel(world, code) == person.openid
    asked = await login(world)
    await scan(world, person, asked)
    await reply(person, "确认")
    assert (await read(world, asked))["user"] == "alice"


async def test_it_stops_nothing_of_anybody_else(world):
    person, stranger = await world.bound("alice"), await world.person()
    async with browser() as laptop:
        link = await proven(laptop, person, "重置密码")
        await stranger.say("不是我")
        assert (await verify(world, await redeem(world, await redeem_code(laptop, link)))).status == 200
