"""The ways of docs/en/openid.md: one person signs in to an app by OpenID Connect, and gets codes in WeChat."""

from __future__ import annotations

import pytest

from tests.oidc.parties import CONFIDENTIAL, Browser, provider
from tests.relay.conftest import ended, send, user_of

LOGTO = {"adapter": "logto", "secrets": ["logto-secret-0123456789abcdef"], "users": "system"}


async def signed_in(world, person):
    browser = Browser(world)
    return await browser.claims((await browser.exchange((await browser.login(person))["code"])).json)


async def by_name(world, person):
    """The login binds, and the app says the name that it got."""
    user = (await signed_in(world, person))["preferred_username"]
    assert user.startswith("wx_")
    return user, await send(world, phone=None, user=user)


async def by_number(world, person):
    """The person is bound under the number's id first."""
    user = await user_of(world)
    assert (await world.bind(user, person)).status == 201
    return user, await send(world)


async def by_id(world, person):
    """The person is bound under the identity system's own user id first, which its call names."""
    user = "logto-user-7"
    assert (await world.bind(user, person)).status == 201
    payload = {"code": "482913", "user": {"id": user, "primaryPhone": "13800138000"}}
    body = {"to": "13800138000", "type": "SignIn", "payload": payload}
    headers = {"Authorization": f"Bearer {LOGTO['secrets'][0]}"}
    assert (await world.call("POST", "/inbound/logto/shop", body, key=None, headers=headers)).status == 200
    return user, None


@pytest.mark.parametrize("way", [by_name, by_number, by_id])
async def test_one_user_has_the_login_and_the_codes(new_relay, stub, way):
    client = CONFIDENTIAL | {"bind_visitors": way is by_name}
    inbound = {"sites__shop__inbound": {"logto": LOGTO}}
    async with new_relay(skip=False, **provider(client), **inbound) as world:
        person = await world.person()
        user, message = await way(world, person)
        assert await person.wait_for_push() == "482913"
        if message is not None:
            assert (await ended(world, message, "delivered"))["channel"] == "template"
        first, again = await signed_in(world, person), await signed_in(world, person)
        assert first["preferred_username"] == again["preferred_username"] == user
        assert first["sub"] == again["sub"]
        assert stub.requests == []
