"""A relying party gets nothing of a login whose user has lost the binding since, or whose person has said "not me"."""

import pytest

from tests.oidc.parties import CONFIDENTIAL, Browser, provider, told


@pytest.fixture
async def world(new_world):
    async with new_world(**provider()) as made:
        yield made


async def confirmed(world, person):
    browser = Browser(world)
    await browser.scanned_by(person, await browser.authorize())
    await person.say("确认")
    return browser


async def test_what_an_app_has_not_collected_is_void(world):
    person = await world.bound("alice")
    waiting, at_hand = await confirmed(world, person), await confirmed(world, person)
    code = told(await at_hand.back())["code"]
    done = Browser(world)
    token = (await done.exchange((await done.login(person))["code"]))["access_token"]
    seen = await done.userinfo(token)
    assert (seen.status, seen["preferred_username"]) == (200, "alice")

    assert (await world.call("DELETE", "/v1/bindings/alice")).status == 204
    assert (await world.bind("alice", await world.person())).status == 201

    assert told(await waiting.back())["error"] == "access_denied"
    refused = await at_hand.exchange(code)
    assert (refused.status, refused["error"]) == (400, "invalid_grant")
    assert (await done.userinfo(token)).status == 401
    after = Browser(world)
    assert (await after.exchange((await after.login(await world.bound("bob")))["code"])).status == 200


async def test_what_an_app_has_not_collected_is_void_after_not_me(world):
    person = await world.bound("alice")
    waiting, at_hand = await confirmed(world, person), await confirmed(world, person)
    code = told(await at_hand.back())["code"]
    await person.say("不是我")
    assert told(await waiting.back())["error"] == "access_denied"
    refused = await at_hand.exchange(code)
    assert (refused.status, refused["error"]) == (400, "invalid_grant")
    await world.advance(1)
    after = Browser(world)
    assert (await after.exchange((await after.login(person))["code"])).status == 200


async def test_a_visitor_who_was_unbound_is_not_bound_again_by_a_login_from_before(new_world):
    app = CONFIDENTIAL | {"visitors": True, "bind_visitors": True}
    async with new_world(**provider(app)) as world:
        person = await world.person()
        waiting = await confirmed(world, person)
        done = Browser(world)
        token = (await done.exchange((await done.login(person))["code"]))["access_token"]
        user = (await done.userinfo(token))["preferred_username"]
        assert (await world.call("GET", f"/v1/bindings/{user}"))["openid"] == person.openid
        assert (await world.call("DELETE", f"/v1/bindings/{user}")).status == 204
        assert told(await waiting.back())["error"] == "access_denied"
        assert (await world.call("GET", f"/v1/bindings/{user}")).status == 404
