"""Real events and real answers about webhooks, held against the document with no room for what it does not name."""

from __future__ import annotations

from dataclasses import fields

import pytest

from codesvc.client import Client, NotFound
from codesvc.client import schema as client_schema
from tests.contract.test_answers import HeldWorld
from tests.people.asks import bind_by_scan, login, reply, scan
from tests.webhooks.receiver import hook, receiving, send_test
from tests.world import KEY, World, wrong


@pytest.fixture
async def receiver():
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def held(new_world, published, receiver):
    async with new_world(sites__shop__webhook=hook(receiver)) as world:
        yield HeldWorld(**{f.name: getattr(world, f.name) for f in fields(World)}, published=published.closed())


async def test_every_call_around_webhooks(held, receiver):
    receiver.answers = [500]
    event = await send_test(held)
    await receiver.wait()
    for path in ("", "/deliveries", "/deliveries?limit=1&status=pending", f"/deliveries/{event}", "/deliveries/wh_x"):
        await held.call("GET", f"/v1/webhooks{path}")
    await held.call("GET", "/v1/webhooks/deliveries?limit=0")
    for path in ("/enable", f"/deliveries/{event}/resend", "/deliveries/wh_x/resend"):
        await held.call("POST", f"/v1/webhooks{path}", {})
        await held.call("POST", f"/v1/webhooks{path}", {"colour": 1})
        await held.call("POST", f"/v1/webhooks{path}")
        await held.call("POST", f"/v1/webhooks{path}", {}, key="nonsense")
    assert {
        f"{call} 200" for call in ("getWebhook", "enableWebhook", "listWebhookDeliveries", "getWebhookDelivery")
    } < held.met
    assert {"testWebhook 201", "resendWebhookDelivery 200", "resendWebhookDelivery 404"} < held.met


async def test_every_event_is_what_the_document_says(held, published, receiver):
    """What a site with all purposes can cause in a few minutes; the quota's event has its own test."""
    closed = published.closed()
    person = await held.person()
    await bind_by_scan(held, "alice", person)
    await bind_by_scan(held, "bob", person)
    asked = await login(held)
    await scan(held, person, asked)
    await reply(person, "确认")
    delivered = await held.start("alice", metadata={"cart": "c-81"})
    code = await person.wait_for_push()
    await receiver.of("verification.delivered")
    await held.check(delivered, code)
    spent = await held.start("alice", "reset")
    for _ in range(5):
        await held.check(spent, wrong(await person.wait_for_push(2)))
    await held.fault("errcode", errcode=43004, path="/cgi-bin/message/template/send", times=1)
    await held.start("alice")
    await receiver.of("verification.fell_back")
    await person.unfollow()
    await held.call("DELETE", "/v1/bindings/alice")
    await send_test(held)
    await receiver.of("webhook.test")
    await receiver.of("binding.removed")
    for received in receiver.got:
        content = closed.document["webhooks"][received.kind]["post"]["requestBody"]["content"]["application/json"]
        named, narrowed = content["schema"]["allOf"]
        assert closed.faults(named, received.event) == [], received.kind
        assert closed.faults(narrowed, received.event) == [], received.kind
    messages = {kind for kind in client_schema.EVENT_SHAPES if kind.startswith("message.")}  # tests/relay
    assert set(client_schema.EVENT_SHAPES) - set(receiver.kinds) == {"verification.failed", "quota.low", *messages}


def test_every_example_of_an_event_is_one(published):
    closed = published.closed()
    for kind, item in published.document["webhooks"].items():
        content = item["post"]["requestBody"]["content"]["application/json"]
        example = content["examples"]["event"]["value"]
        assert example["type"] == kind
        for schema in content["schema"]["allOf"]:
            assert closed.faults(schema if "$ref" in schema else {"type": "object", **schema}, example) == [], kind


async def test_the_client_sees_to_it(held, receiver):
    async with Client(held.service, KEY) as codes:
        queued = await codes.test_webhook(idempotency_key="one")
        assert (await codes.test_webhook(idempotency_key="one")).id == queued.id
        await receiver.wait()
        assert (await codes.webhook()).enabled
        page = await codes.webhook_deliveries(event="webhook.test", limit=10)
        assert ([one.id for one in page.deliveries], page.next) == ([queued.id], None)
        assert (await codes.webhook_delivery(queued.id)).payload.type == "webhook.test"
        assert (await codes.resend_webhook(queued.id)).id == queued.id
        await receiver.wait(2)
        assert (await codes.enable_webhook()).events == list(client_schema.EVENT_SHAPES)[:-1]
        with pytest.raises(NotFound):
            await codes.webhook_delivery("wh_none")
