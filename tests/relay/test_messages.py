"""A code that another system made: by WeChat to bound people, by the site's gateway to all others."""

import json
from functools import partial

import pytest
from msgspec import convert
from standardwebhooks import Webhook

from codesvc.client.schema import MessageNews
from codesvc.config.api_keys import hash_line
from codesvc.web.context import SERVICES
from tests.relay.conftest import PHONE, SECRET, ended, send, user_of
from tests.relay.forms import TOKEN
from tests.stores import until
from tests.world import OTHER_KEY

SEND = "/cgi-bin/message/template/send"


async def bound(world):
    person = await world.person()
    assert (await world.bind(await user_of(world), person)).status == 201
    return person


async def test_who_is_bound_gets_the_code_as_a_template_message(new_relay, stub):
    async with new_relay(skip=False) as world:
        person = await bound(world)
        answer = await send(world)
        assert answer.status == 202
        assert await person.wait_for_push() == "482913"
        found = await ended(world, answer, "delivered")
        assert (found["channel"], found["reason"]) == ("template", None)
        assert stub.requests == []


async def test_everybody_else_gets_it_by_the_gateway_which_can_check_the_signature(new_relay, stub):
    async with new_relay() as world:
        answer = await send(world)
        found = await ended(world, answer, "handed_over")
        assert (found["channel"], found["reason"]) == ("gateway", "no-binding")
        [(request, body)] = stub.requests
        said = Webhook(SECRET).verify(body, dict(request.headers))
        assert request.headers["webhook-id"] == answer["id"]
        assert said["data"]["to"] == PHONE
        assert (said["data"]["to_national"], said["data"]["country_code"]) == ("13800138000", "86")
        assert said["data"]["code"] == "482913"
        assert "482913" in said["data"]["text"]
        assert said["data"]["reason"] == "no-binding"


async def test_a_refusal_of_wechat_leads_to_the_gateway_at_once(new_relay, stub):
    async with new_relay() as world:
        await bound(world)
        await world.fault("errcode", path=SEND, errcode=43004)
        found = await ended(world, await send(world), "handed_over")
        assert found["reason"] not in {"", "no-binding", "no-receipt"}
        assert len(stub.requests) == 1


async def test_a_failed_receipt_leads_to_the_gateway_without_waiting(new_relay, stub):
    async with new_relay(skip=False, relay={"receipt_wait": 60}) as world:
        await bound(world)
        await world.fault("template_status", status="failed:user block")
        found = await ended(world, await send(world), "handed_over")
        assert found["reason"] == "user-block"
        assert len(stub.requests) == 1


async def test_without_a_receipt_the_gateway_follows_after_the_wait(new_relay, stub):
    async with new_relay(skip=False) as world:
        person = await bound(world)
        await world.fault("lost", path="callback")
        answer = await send(world)
        assert await person.wait_for_push() == "482913"
        world.clock.go.set()
        found = await ended(world, answer, "handed_over")
        assert found["reason"] == "no-receipt"
        assert len(stub.requests) == 1


async def test_a_second_request_goes_by_the_gateway(new_relay, stub):
    async with new_relay(skip=False) as world:
        await bound(world)
        await ended(world, await send(world, "111111"), "delivered")
        found = await ended(world, await send(world, "222222"), "handed_over")
        assert found["reason"] == "repeated"
        assert [json.loads(body)["data"]["code"] for body in stub.bodies] == ["222222"]


@pytest.mark.parametrize("status", [400, 401, 404, 422])
async def test_what_the_gateway_refuses_has_failed(new_relay, stub, status):
    stub.answers = [(status, "{}")]
    async with new_relay() as world:
        found = await ended(world, await send(world), "failed")
        assert found["reason"] == f"http-{status}"
        assert len(stub.requests) == 1


@pytest.mark.parametrize("answer", [(500, ""), (503, ""), (429, ""), ("drop", "")])
async def test_the_signed_gateway_is_called_again_under_the_same_id(new_relay, stub, answer):
    stub.answers = [answer, answer, (200, "{}")]
    async with new_relay() as world:
        sent = await send(world)
        await ended(world, sent, "handed_over")
        assert [request.headers["webhook-id"] for request, _ in stub.requests] == [sent["id"]] * 3


async def test_a_gateway_that_never_takes_it_ends_with_the_codes_life(new_relay, stub, valkey):
    stub.answers = [(503, "")]
    async with new_relay() as world:
        found = await ended(world, await send(world, expires_in=60), "failed", "unknown")
        assert found["status"] == "failed"
        await until(lambda: not list(valkey.scan_iter("*sealed*")))


@pytest.mark.parametrize(
    ("answers", "status", "reason"),
    [
        ([("drop", ""), (400, "{}")], "unknown", "http-400"),
        ([("drop", ""), (503, ""), (422, "{}")], "unknown", "http-422"),
        ([("drop", ""), (503, "")], "unknown", "expired"),
        ([(500, ""), (503, ""), (200, "{}")], "handed_over", "no-binding"),
        ([(503, ""), (429, ""), (400, "{}")], "failed", "http-400"),
    ],
)
async def test_what_a_gateway_may_have_taken_has_not_failed_whatever_it_says_later(
    new_relay, stub, answers, status, reason
):
    """A gateway may refuse an id that it has seen, or be down until the code ends; the SMS went out all the same."""
    stub.answers = answers
    async with new_relay() as world:
        found = await ended(world, await send(world, expires_in=60), "handed_over", "failed", "unknown")
        assert (found["status"], found["reason"]) == (status, reason)


async def test_that_a_gateway_may_have_been_called_is_not_forgotten_by_a_look_that_is_repeated(new_relay, stub):
    """The answer to a look may be lost, and then the same attempt looks again."""
    stub.answers = [(503, "")]
    async with new_relay(skip=False) as world:
        sent = await send(world)
        await until(lambda: world.clock.slept)
        services = world.app[SERVICES]
        account = services.directory.sites["shop"].account
        look = partial(services.store.messages.begin, account.store_keys, sent["id"], 1, "0-1", sites=account.sites)
        looks = [await look(attempt=attempt) for attempt in ("first", "second", "second")]
    assert [begun.again for begun in looks] == [False, True, True]


async def test_the_answer_tells_nothing_where_bindings_are_not_disclosed(new_relay, stub):
    async with new_relay(skip=False, relay={"purpose": "reset"}) as world:
        await bound(world)
        known = await send(world)
        unknown = await send(world, phone="+8613900139000")
        same = unknown.json.keys() - {"id", "user", "created_at", "expires_at"}
        assert {name: known[name] for name in same} == {name: unknown[name] for name in same}
        await until(lambda: len(stub.requests) == 1)
        for each in (known, unknown):
            seen = await world.call("GET", f"/v1/messages/{each['id']}")
            assert (seen["status"], seen["channel"], seen["ended_at"]) == ("accepted", None, None)
        assert set(known.headers) == set(unknown.headers)


async def test_nothing_of_code_or_recipient_is_in_the_store_or_the_log(new_relay, stub, valkey, dump, capfd):
    stub.answers = [(503, ""), (200, "{}")]
    async with new_relay() as world:
        await bound(world)
        for phone in (PHONE, "+8613900139000"):
            sent = await send(world, "7K482913XQ", phone=phone, text="please type 7K482913XQ")
            whole = repr(dump()) + repr(list(valkey.scan_iter()))
            await ended(world, sent, "delivered", "handed_over")
            whole += repr(dump())
            for secret in ("7K482913XQ", "13800138000", "13900139000", "please type"):
                assert secret not in whole
        await until(lambda: not list(valkey.scan_iter("*sealed*")))
        said = capfd.readouterr()
        for secret in ("7K482913XQ", "13800138000", "13900139000"):
            assert secret not in said.out + said.err


async def test_a_repeat_with_an_idempotency_key_is_one_message(new_relay, stub):
    async with new_relay() as world:
        first = await send(world, headers={"Idempotency-Key": "k-1"})
        again = await send(world, headers={"Idempotency-Key": "k-1"})
        assert first["id"] == again["id"]
        assert (await send(world, "999999", headers={"Idempotency-Key": "k-1"})).problem == "idempotency-mismatch"
        await ended(world, first, "handed_over")
        assert len(stub.requests) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"code": "1"}, "/recipient"),
        ({"code": "1", "recipient": {}}, "/recipient"),
        ({"code": "1", "recipient": {"phone": PHONE}, "user": ""}, "/user"),
        ({"code": "1", "recipient": {"phone": PHONE, "email": ""}}, "/recipient/email"),
        ({"code": "1", "recipient": {"phone": "+8613800138000", "email": "a@b.cd"}}, "/recipient"),
        ({"recipient": {"phone": PHONE}}, "/code"),
        ({"code": "1", "recipient": {"phone": "12345678901234567"}}, "/recipient/phone"),
        ({"code": "1", "recipient": {"email": "no address"}}, "/recipient/email"),
        ({"code": "1 2", "recipient": {"phone": PHONE}}, "/code"),
        ({"code": "1", "recipient": {"phone": PHONE}, "purpose": "nothing"}, "/purpose"),
        ({"code": "1", "recipient": {"phone": PHONE}, "expires_in": 59}, "/expires_in"),
        ({"code": "1", "recipient": {"phone": PHONE}, "reference": "<b>"}, "/reference"),
        ({"code": "1", "recipient": {"phone": PHONE}, "subject": "a\r\nBcc: x"}, "/subject"),
    ],
)
async def test_bad_input_is_refused_and_named(new_relay, body, pointer):
    async with new_relay() as world:
        answer = await world.call("POST", "/v1/messages", body)
        assert answer.status == 400, answer.text
        assert answer["errors"][0]["pointer"] == pointer
        assert "13800138000" not in answer.text


async def test_a_key_without_the_scope_and_a_site_without_a_relay_are_refused(new_relay):
    async with new_relay() as world:
        assert (await send(world, key=OTHER_KEY)).status == 403
    key = {"name": "server", "hash": hash_line(OTHER_KEY), "scopes": ["messages"]}
    async with new_relay(sites__cafe__keys=[key]) as world:
        assert (await send(world, key=OTHER_KEY)).problem == "invalid"


async def test_a_recipient_has_one_id_in_every_spelling_and_another_on_another_site(new_relay):
    async with new_relay() as world:
        assert {await user_of(world, phone) for phone in (PHONE, "13800138000", " 8613800138000", "138 0013 8000")} == {
            await user_of(world)
        }
        assert (await user_of(world)).startswith("ph_")


async def test_shadow_sends_everything_to_the_gateway(new_relay):
    async with new_relay(relay={"shadow": True}) as world:
        person = await bound(world)
        found = await ended(world, await send(world), "handed_over")
        assert found["reason"] == "shadow"
        assert await person.messages("template") == []


async def test_the_limits_of_starts_hold(new_relay):
    async with new_relay(sites__shop__limits={"address_starts": "2/hour"}) as world:
        for _ in range(2):
            assert (await send(world, client_ip="192.0.2.9")).status == 202
        refused = await send(world, client_ip="192.0.2.9")
        assert (refused.status, refused.problem) == (429, "rate-limited")
        assert int(refused.headers["Retry-After"]) >= 1


async def test_a_visitor_is_one_however_the_address_is_written(new_relay):
    """Back ends and identity systems copy it from a header of their proxy, with a port or in brackets."""
    sources = {"own": {"adapter": "generic", "secrets": [TOKEN]}}
    async with new_relay(sites__shop__limits={"address_starts": "2/hour"}, sites__shop__inbound=sources) as world:
        assert (await send(world, client_ip="192.0.2.9")).status == 202
        body = {"recipient": "+8613800138001", "code": "482913", "client_ip": "192.0.2.9:4431"}
        where, headers = f"{world.service}/inbound/generic/shop", {"Authorization": TOKEN}
        async with world.http.post(where, json=body, headers=headers) as answer:
            assert answer.status == 200
        refused = await send(world, client_ip="[::ffff:192.0.2.9]:443")
        assert (refused.status, refused.problem) == (429, "rate-limited")
        several = await send(world, client_ip="192.0.2.9, 10.0.0.1")
        assert (several.status, several["errors"][0]["pointer"]) == (400, "/client_ip")


async def test_the_end_of_a_message_is_an_event_unless_bindings_are_not_disclosed(new_relay, stub):
    webhook = {"url": f"{stub.url}/events", "secrets": [SECRET], "allow_private": True, "allow_http": True}
    async with new_relay(sites__shop__webhook=webhook) as world:
        await send(world, purpose="reset")
        sent = await send(world, reference="KX")
        await until(lambda: [1 for request, _ in stub.requests if request.path == "/events"])
        [told] = [json.loads(body) for request, body in stub.requests if request.path == "/events"]
        assert told["type"] == "message.handed_over"
        news = convert(told["data"], MessageNews)
        assert (news.id, news.status, news.reason, news.reference) == (sent["id"], "handed_over", "no-binding", "KX")
        assert news.user == sent["user"]
        assert "482913" not in json.dumps(told)
