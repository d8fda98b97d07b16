"""What was begun at a site that was removed does not act at the next of its name; a change of settings ends nothing."""

from __future__ import annotations

import re

import pytest

from codesvc.sandbox.cipher import decrypt
from tests.people.asks import reply
from tests.registry.test_admin_api import ADMINS, BAR, ask
from tests.relay.conftest import SECRET, stub_server
from tests.relay.forms import TOKEN
from tests.service.callbacks import push_of, sealed, send
from tests.stores import until

EVERYTHING = {"scopes": ["verify", "bindings", "openids", "vouch"]}
PANEL = BAR | {"wechat_server": {"keywords": ["面板"], "code_life": 600}}
KEYED = {"Idempotency-Key": "order-1"}


@pytest.fixture
async def town(new_world):
    async with new_world(admin__keys=ADMINS) as world:
        yield world


async def let(world, *, again=False):
    """Register the site; the key of its tenant."""
    assert (await ask(world, "PUT", f"/sites/bar?again={str(again).lower()}", BAR)).status == 201
    return (await ask(world, "PUT", "/sites/bar/keys/server", EVERYTHING))["key"]


async def let_anew(world):
    assert (await ask(world, "DELETE", "/sites/bar")).status == 204
    return await let(world, again=True)


async def bind_intent(world, key, **more):
    body = {"user": "alice", "client_ip": "192.0.2.1"}
    started = await world.call("POST", "/v1/bind-intents", body, key=key, **more)
    assert started.status == 201, started.text
    return started


async def is_bound(world, key):
    return (await world.call("GET", "/v1/bindings/alice", key=key)).status == 200


@pytest.mark.parametrize("asked", ["before", "after"])
async def test_a_bind_intent_of_the_former_site_binds_nobody(town, asked):
    former = await let(town)
    intent, mallory = await bind_intent(town, former), await town.person()
    if asked == "before":
        await mallory.say(intent["scan"]["keyword"])
    new = await let_anew(town)
    if asked == "after":
        await mallory.say(intent["scan"]["keyword"])
    await mallory.say("确认")
    assert not await is_bound(town, new)
    assert (await town.call("GET", f"/v1/bind-intents/{intent['id']}", key=new)).status == 404


async def test_a_verification_of_the_former_site_is_not_there(town):
    former = await let(town)
    started, person = await town.start("u-1", key=former), await town.person()
    await person.say(started["scan"]["keyword"])
    code = await person.code_in_chat()
    new = await let_anew(town)
    assert (await town.get(started, key=new)).status == 404
    assert (await town.check(started, code, key=new)).status == 404
    assert (await town.page("GET", started, "/state")).status in {404, 410}
    assert (await town.page("POST", started, "/check", {"code": code})).status in {404, 410}
    assert (await town.resend(started, key=new)).status == 404
    assert (await town.cancel(started, key=new)).status == 404


async def test_a_proof_of_the_former_site_proves_and_binds_nothing(town):
    former = await let(town)
    proof = (await town.approved("alice", key=former))["proof"]
    new = await let_anew(town)
    assert (await town.call("POST", "/v1/proofs/verify", {"proof": proof}, key=new)).status in {410, 422}
    assert (await town.call("PUT", "/v1/bindings/alice", {"proof": proof}, key=new)).status in {410, 422}
    assert not await is_bound(town, new)


async def test_a_handle_of_the_former_site_binds_nothing(town):
    former = await let(town)
    login = await town.call("POST", "/v1/logins", {"client_ip": "192.0.2.1"}, key=former)
    mallory = await town.person()
    await mallory.say(login["scan"]["keyword"])
    await mallory.say("确认")
    handle = (await town.call("GET", f"/v1/logins/{login['id']}", key=former))["handle"]
    new = await let_anew(town)
    assert (await town.call("GET", f"/v1/logins/{login['id']}", key=new)).status == 404
    assert (await town.call("PUT", "/v1/bindings/alice", {"handle": handle}, key=new)).status in {410, 422}
    assert not await is_bound(town, new)


async def test_an_idempotency_key_of_the_former_site_is_new_at_the_next(town):
    """Another body got 422, and the same one 410 or what the former site had begun."""
    former = await let(town)
    old = await town.start("u-1", key=former, headers=KEYED)
    await bind_intent(town, former, headers={"Idempotency-Key": "order-2"})
    new = await let_anew(town)
    for user in ("u-1", "u-2"):
        started = await town.start(user, key=new, headers=KEYED)
        if user == "u-2":
            assert (started.status, started.problem) == (422, "idempotency-mismatch"), started.text
            break
        assert (started.status, started["id"] == old["id"]) == (201, False), started.text
        assert (await town.start(user, key=new, headers=KEYED))["id"] == started["id"]
    other = await town.call(
        "POST", "/v1/logins", {"client_ip": "192.0.2.1"}, key=new, headers={"Idempotency-Key": "order-2"}
    )
    assert other.status == 201, other.text


async def test_a_check_that_was_answered_at_the_former_site_is_counted_at_the_next(town):
    former = await let(town)
    started = await town.start("u-1", key=former)
    assert (await town.check(started, "000000", key=former, headers=KEYED)).status == 422
    new = await let_anew(town)
    own = await town.start("u-1", key=new)
    wrong = await town.check(own, "000000", key=new, headers=KEYED)
    assert (wrong.status, wrong.problem) == (422, "wrong-code"), wrong.text


async def test_the_next_site_keeps_what_it_begins_and_a_change_of_settings_ends_nothing(town):
    await let(town)
    new = await let_anew(town)
    intent, person = await bind_intent(town, new), await town.person()
    started = await town.start("u-1", key=new, headers=KEYED)
    assert (await ask(town, "PUT", "/sites/bar", BAR | {"origins": []})).status == 200
    assert (await ask(town, "PATCH", "/sites/bar", {"origins": ["https://b.example"]})).status == 200
    assert (await town.start("u-1", key=new, headers=KEYED))["id"] == started["id"]
    await person.say(intent["scan"]["keyword"])
    await person.say("确认")
    assert await is_bound(town, new)
    assert (await town.get(started, key=new)).status == 200


async def panels(world, settings, *, again=False):
    """Register the site for a panel; the panel's key."""
    assert (await ask(world, "PUT", f"/sites/bar?again={str(again).lower()}", settings)).status == 201
    return (await ask(world, "PUT", "/sites/bar/keys/panel", {"scopes": ["wechat_server"]}))["key"]


def relaying(gateway):
    """The settings of the site, for messages of an identity system that go to a gateway."""
    signed = {"url": f"{gateway.url}/hook", "secrets": [SECRET], "allow_private": True}
    return BAR | {
        "inbound": {"own": {"adapter": "generic", "secrets": [TOKEN]}},
        "relay": {"sms": "main", "purpose": "register", "region": "CN"},
        "gateways": {"main": {"signed": signed}},
    }


async def code_for(person):
    return (await reply(person, "面板")).partition("\n")[0]


async def logged_in(world, key, code):
    address = f"{world.service}/api/wechat/user?code={code}"
    async with world.http.get(address, headers={"Authorization": key}) as answer:
        return (await answer.json())["data"]


@pytest.mark.parametrize(("code_life", "later"), [(600, 0), (180, 450)])
async def test_a_panels_login_code_of_the_former_site_logs_in_nobody(town, code_life, later):
    person = await town.person()
    await panels(town, PANEL)
    code = await code_for(person)
    assert (await ask(town, "DELETE", "/sites/bar")).status == 204
    new = await panels(town, PANEL | {"wechat_server": {"keywords": ["面板"], "code_life": code_life}}, again=True)
    await town.advance(later)
    assert await logged_in(town, new, code) == ""
    assert await logged_in(town, new, await code_for(person)) == person.openid


async def test_a_message_from_before_that_is_repeated_at_the_next_site_brings_no_code(town):
    person, account = await town.person(), town.platform.default_account
    callback = sealed(account, push_of(account, person.openid, text="面板"))

    async def answered():
        encrypted = re.search(r"<Encrypt><!\[CDATA\[(.*?)\]\]>", (await send(town, *callback)).text)[1]
        return decrypt(account.aes_key, account.appid, encrypted)

    await panels(town, PANEL)
    code = re.search(r"\d{8}(?=\n)", await answered())[0]
    assert code in await answered()
    assert (await ask(town, "DELETE", "/sites/bar")).status == 204
    new = await panels(town, PANEL, again=True)
    assert code not in await answered()
    assert await logged_in(town, new, code) == ""


async def test_the_mark_ends_by_itself_and_neighbours_keep_theirs(town, valkey):
    mine = await town.start("u-1")
    await let(town)
    await let_anew(town)
    assert (await town.get(mine)).status == 200
    marks = [*valkey.scan_iter(match="cs:*:site-since:*")]
    assert len(marks) == 16
    assert all(0 < valkey.pttl(mark) <= 2 * 86_400_000 for mark in marks)


async def test_not_me_stops_a_login_code_also_after_its_site_has_shortened_the_life_of_codes(town):
    person = await town.person()
    key = await panels(town, PANEL)
    code = await code_for(person)
    await person.say("不是我")
    assert (await ask(town, "PATCH", "/sites/bar", {"wechat_server": {"code_life": 180}})).status == 200
    await town.advance(450)
    assert await logged_in(town, key, code) == ""


async def test_a_call_that_the_former_sites_identity_system_made_is_no_repeat_at_the_next(town):
    async with stub_server() as stub:
        site = relaying(stub)
        headers = {"Authorization": TOKEN}
        body = {"recipient": "+8613800138000", "code": "482913"}
        for former in (True, False):
            assert (await ask(town, "PUT", f"/sites/bar?again={str(not former).lower()}", site)).status == 201
            for _ in range(2):
                assert (await town.call("POST", "/inbound/generic/bar", body, key=None, headers=headers)).status == 200
            await until(lambda former=former: len(stub.requests) == (1 if former else 2))
            assert (await ask(town, "DELETE", "/sites/bar")).status == 204
