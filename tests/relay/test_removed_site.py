"""A site that is removed while a call for one of its messages is under way."""

import asyncio

import pytest

from tests.registry.test_admin_api import ADMINS, BAR, ask
from tests.relay.conftest import PHONE, SECRET, send
from tests.stores import until

SEND = "/cgi-bin/message/template/send"
MOST_AT_ONCE = 32
"""Calls of a site's gateways at once (`codesvc.delivery.gateway_calls.MOST_PER_SITE`)."""


@pytest.fixture
async def bar(new_relay, stub):
    """A world with a site of the admin API, and its key."""
    signed = {"url": f"{stub.url}/hook", "secrets": [SECRET], "allow_private": True, "allow_http": True}
    site = {
        "purposes": {"login": {"name": {"zh": "登录", "en": "Sign-in"}}},
        "relay": {"sms": "main", "region": "CN", "purpose": "login"},
        "gateways": {"main": {"signed": signed}},
    }
    async with new_relay(admin__keys=ADMINS) as world:
        assert (await ask(world, "PUT", "/sites/bar", BAR | site)).status == 201
        made = await ask(world, "PUT", "/sites/bar/keys/server", {"scopes": ["messages", "bindings", "openids"]})
        yield world, made["key"]


async def test_what_wechat_took_is_recorded(bar, capfd):
    world, key = bar
    person = await world.person()
    user = (await world.call("POST", "/v1/recipients", {"recipient": {"phone": PHONE}}, key=key))["user"]
    assert (await world.bind(user, person, key=key)).status == 201
    await world.fault("slow", path=SEND, delay=0.5, when="after")
    assert (await send(world, key=key)).status == 202
    assert await person.wait_for_push() == "482913"
    assert (await ask(world, "DELETE", "/sites/bar")).status == 204
    logged = []
    await until(lambda: logged.append(capfd.readouterr().out) or "message_sent" in "".join(logged))


async def test_messages_that_wait_for_a_place_are_handed_over(bar, stub):
    world, key = bar
    stub.held = asyncio.Event()
    for number in range(MOST_AT_ONCE + 1):
        assert (await send(world, phone=f"+86138001380{number:02}", key=key)).status == 202
    await until(lambda: len(stub.requests) == MOST_AT_ONCE)
    assert (await ask(world, "DELETE", "/sites/bar")).status == 204
    stub.held.set()
    await until(lambda: len(stub.requests) == MOST_AT_ONCE + 1)
