"""Real answers, held against the document with no room for members that it does not name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any

import pytest

from codesvc.config.api_keys import hash_line
from tests.kinds import world_of
from tests.people.asks import bind_by_scan, bind_intent, login, read, reply, scan
from tests.people.browsers import WITH_CHAT
from tests.people.test_tickets import arrive, link_for, redeem
from tests.pictures import data_url, jpeg, png, webp
from tests.world import OTHER_KEY, World, wrong

EVENT_KEY = "csk_main_" + "e" * 43


@dataclass
class HeldWorld(World):
    """A world that holds every answer to its calls against the document."""

    published: Any = None
    met: set[str] = field(default_factory=set)

    async def call(self, method, path, *args, **more):
        answer = await super().call(method, path, *args, **more)
        self.published.hold(method, path, answer)
        self.met.add(f"{self.published.operation(method, path)['operationId']} {answer.status}")
        return answer


@pytest.fixture
async def held(new_world, published):
    async with new_world(**WITH_CHAT, accounts__main__event_keys=[hash_line(EVENT_KEY)]) as world:
        yield HeldWorld(**{f.name: getattr(world, f.name) for f in fields(World)}, published=published.closed())


async def test_the_life_of_a_verification(held):
    owner = await held.bound("alice")
    started = await held.start("alice", metadata={"cart": "c-81"}, headers={"Idempotency-Key": "a"})
    await held.start("alice", metadata={"cart": "c-81"}, headers={"Idempotency-Key": "a"})
    await held.start("alice", headers={"Idempotency-Key": "a"})
    await held.scan_url(started)
    code = await owner.wait_for_push()
    await held.delivery(started, "sent", "delivered")
    page = f"/p/{started['page_token']}"
    for part in ("", "/state", "/qr.svg", "/qr.png"):
        await held.call("GET", page + part, key=None)
    await held.check(started, wrong(code))
    await held.call("POST", f"{page}/check", {"code": wrong(code)}, key=None)
    await held.call("POST", f"{page}/check", data={"code": wrong(code)}, key=None)
    await held.resend(started)
    await held.call("POST", f"{page}/resend", {}, key=None)
    await held.call("POST", f"{page}/resend", data={}, key=None)
    await held.advance(61)
    await held.resend(started)
    approved = await held.check(started, code)
    assert approved.status == 200
    await held.check(started, code)
    await held.get(approved)
    await held.call("GET", f"{page}/state", key=None)
    claims = await held.call("POST", "/v1/proofs/verify", {"proof": approved["proof"], "consume": False})
    assert claims["sub"] == "alice"
    await held.call("PUT", "/v1/bindings/alice", {"proof": approved["proof"]})
    await held.call("POST", "/v1/proofs/verify", {"proof": approved["proof"]})
    other = await held.start("bob")
    await held.call("POST", f"/v1/verifications/{other['id']}/cancel", {})
    await held.call("GET", f"/v1/verifications/{other['id']}/scan")
    await held.call("OPTIONS", f"{page}/state", key=None)
    await held.call("GET", "/.well-known/jwks.json", key=None)


async def test_limits_and_refusals(held):
    started = await held.start("carol")
    for _ in range(2):
        fresh = await held.start("carol", ip="198.51.100.7")
        for _ in range(6):
            await held.check(fresh, "000000", client_ip="198.51.100.7")
    for number in range(61):
        limited = await held.start(f"u-{number}", ip="198.51.100.9")
    assert limited.status == 429
    for method, path, body in (
        ("POST", "/v1/verifications", {"purpose": "register", "user": "x", "client_ip": "192.0.2.1", "colour": 1}),
        ("POST", "/v1/verifications", {}),
        ("GET", "/v1/verifications/vf_none", None),
        ("GET", "/v1/bindings/nobody", None),
        ("DELETE", "/v1/bindings/nobody", None),
        ("GET", "/v1/bindings/!", None),
        ("GET", "/v1/bindings", None),
        ("GET", "/v1/bindings?handle=x", None),
        ("POST", "/v1/proofs/verify", {"proof": "x"}),
        ("POST", "/v1/tickets/redeem", {"ticket": "x", "state": "12345678"}),
        ("POST", f"/v1/verifications/{started['id']}/cancel", {"x": "y" * 70_000}),
    ):
        refused = await held.call(method, path, body)
        assert refused.status >= 400
        await held.call(method, path, body, key=None)
        await held.call(method, path, body, key=OTHER_KEY)
    await held.call("POST", "/v1/verifications", data=b"{")
    await held.call("DELETE", "/v1/users/carol/guesses")
    await held.call("DELETE", "/v1/users/carol/guesses", key=OTHER_KEY)


async def test_bindings_by_scan_and_their_past(held):
    person = await held.person()
    bound = await bind_by_scan(held, "alice", person)
    await held.call("GET", f"/p/{bound['page_token']}/state", key=None)
    await held.call("GET", f"/p/{bound['page_token']}", key=None)
    await held.call("GET", "/v1/bindings/alice")
    await held.call("GET", "/v1/bindings/alice/history")
    for lookup in ({"openid": person.openid}, {"unionid": "u"}):
        [(name, value)] = lookup.items()
        await held.call("GET", f"/v1/bindings?{name}={value}")
        await held.call("GET", f"/v1/bindings?{name}={value}", key=OTHER_KEY)
    asked = await login(held)
    await scan(held, person, asked)
    await reply(person, "确认")
    assert (await read(held, asked))["user"] == "alice"
    stranger = await held.person()
    asked = await login(held)
    await scan(held, stranger, asked)
    await reply(stranger, "确认")
    handle = (await read(held, asked))["handle"]
    await held.call("PUT", "/v1/bindings/alice", {"handle": handle})
    await held.call("PUT", "/v1/bindings/alice", {"handle": handle, "replace": True})
    link = await bind_intent(held, "dora", method="oauth")
    await held.call("GET", f"/v1/bind-intents/{link['id']}/scan")
    await held.call("POST", f"/v1/bind-intents/{link['id']}/cancel", {})
    await held.call("POST", f"/v1/bind-intents/{link['id']}/cancel", {})
    await held.call("POST", f"/v1/logins/{asked['id']}/cancel", {})
    await held.call("GET", f"/v1/logins/{asked['id']}/scan")
    await held.call("DELETE", "/v1/bindings/alice")


async def test_tickets_events_and_the_service(held):
    person = await held.person()
    redeemed = await redeem(held, await arrive(person, await link_for(person)))
    assert redeemed.status == 200
    await held.bind("erna", await held.person())
    owner = await held.bound("frieda")
    reset = await redeem(held, await arrive(owner, await link_for(owner, "重置密码")))
    assert (reset.status, reset["kind"]) == (200, "reset")
    event = {"account": "main", "id": "1", "type": "text", "openid": person.openid, "content": "hello"}
    await held.call("POST", "/v1/wechat/events", event, key=EVENT_KEY)
    await held.call("POST", "/v1/wechat/events", {**event, "type": "scan"}, key=EVENT_KEY)
    await held.call("POST", "/v1/wechat/events", event, key="nonsense")
    for path in ("/healthz", "/readyz", "/metrics", "/problems/wrong-code", "/problems/none", "/docs", "/openapi.json"):
        await held.call("GET", path, key=None)
    await held.call("GET", "/wechat/main", key=None)
    await held.call("POST", "/wechat/main", key=None, data=b"<xml/>")
    await held.call("GET", "/wechat/none", key=None)
    await held.call("POST", "/test/clock", {"advance": -1}, key=None)


async def test_a_start_that_was_taken_tells_its_limits_and_the_same_to_everybody(held):
    await held.bound("alice")
    told = {
        (await held.start(user, purpose)).headers["RateLimit-Policy"]
        for user in ("alice", "nobody")
        for purpose in ("register", "reset")
    }
    told.add((await bind_intent(held)).headers["RateLimit-Policy"])
    assert told == {'"site_starts";q=600;w=60, "address_starts";q=60;w=3600'}


def left(answer):
    """Policy to what is left of it."""
    return {name: int(r) for name, r in re.findall(r'"([^"]+)";r=(\d+);t=[1-9]\d*', answer.headers["RateLimit"])}


async def test_what_is_left_is_said_where_a_call_counts(held):
    for number in (1, 2):
        started = await held.start("gerda", headers={"Idempotency-Key": "a"} if number == 2 else {})
        assert left(started) == {"site_starts": 600 - number, "address_starts": 60 - number}
    again = await held.start("gerda", headers={"Idempotency-Key": "a"})
    assert left(again) == left(started)
    assert left(await bind_intent(held, ip="192.0.2.1")) == {"site_starts": 597, "address_starts": 57}
    full = {"user_guesses/3600": 10, "user_guesses/2592000": 100, "address_guesses": 20}
    wrong_one = await held.check(started, "000000")
    assert wrong_one.problem == "wrong-code"
    assert left(wrong_one) == {name: most - 1 for name, most in full.items()}
    person = await held.person()
    await person.say(started["scan"]["keyword"])
    approved = await held.check(started, await person.code_in_chat(), headers={"Idempotency-Key": "b"})
    assert (approved.status, left(approved)) == (200, left(wrong_one))
    assert approved.headers["RateLimit-Policy"].startswith('"user_guesses/3600";q=10;w=3600, "user_guesses/2592000"')
    repeated = await held.check(started, "000000", headers={"Idempotency-Key": "c"})
    assert repeated.problem == "verification-ended"
    fresh = await held.start("gerda")
    await held.advance(61)
    resent = await held.resend(fresh)
    assert (left(resent), resent.headers["RateLimit-Policy"]) == ({"resend": 0}, '"resend";q=1;w=60')


async def test_a_browser_is_not_told_how_often_somebody_was_guessed_at(held):
    started = await held.start("hugo")
    for answer in (
        await held.page("POST", started, "/check", {"code": "000000"}),
        await held.page("GET", started, "/state"),
    ):
        assert "RateLimit" not in answer.headers


async def test_limits_that_are_lifted_are_not_stated(new_world):
    limits = dict.fromkeys(("site_starts", "address_starts", "user_guesses", "address_guesses"), "none")
    async with new_world(sites__shop__limits=limits, sites__shop__purposes={"register": {"resend_after": 0}}) as world:
        started = await world.start()
        for answer in (started, await world.check(started, "000000"), await world.resend(started)):
            assert "RateLimit" not in answer.headers
            assert "RateLimit-Policy" not in answer.headers


@pytest.mark.parametrize(("form", "picture"), [("png", png()), ("jpeg", jpeg()), ("webp", webp())])
async def test_the_picture_of_an_account_without_qr_codes_has_a_type_of_the_document(
    new_world, published, form, picture
):
    url = data_url(picture, form)
    async with world_of(new_world, "unverified_subscription", accounts__main__qr_picture=url) as world:
        for token in ((await world.start("alice"))["page_token"], (await login(world))["page_token"]):
            path = f"/p/{token}/qr.svg"
            answer = await world.call("GET", path, key=None)
            assert answer.headers["Content-Type"] == f"image/{form}"
            published.hold("GET", path, answer)
