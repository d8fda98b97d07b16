"""Killed with -9 at every await of a gateway delivery: no message is lost, and none is sent twice."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter

import pytest

from codesvc.delivery.gateway_calls import MOST_PER_SITE
from tests.chaos.processes import AUTH, KEY, LONG, OUTBOX, a_town, age_jobs, bounded
from tests.relay.conftest import SECRET, stub_server
from tests.stores import until

TABLES = """
[sites.shop.relay]
sms = "{gateway}"
region = "CN"
purpose = "register"
receipt_wait = 1
[sites.shop.gateways.known.signed]
url = "{url}/known"
secrets = ["{secret}"]
allow_private = true
[sites.shop.gateways.plain.shaped]
url = "{url}/plain"
fields = {{ to = "{{to}}", code = "{{code}}", id = "{{id}}" }}
allow_private = true
"""


def configure(town, store_url, url, gateway):
    town.configure(f'url = "{store_url}"')
    text = town.config.read_text().replace('"admin"]', '"messages", "admin"]')
    town.config.write_text(text + TABLES.format(url=url, secret=SECRET, gateway=gateway))


async def got_through(process, valkey, calling):
    """Whether the call was answered and every job has ended before the process dies.

    It may die at a step of the delivery before it has answered the call that ordered it. The caller repeats the call
    then, and the next process answers it.
    """
    dying = asyncio.create_task(process.wait())
    while not dying.done() and not (calling.done() and valkey.xlen(OUTBOX) == 0):
        await asyncio.wait({dying}, timeout=0.02)
    if dying.done():
        assert await dying == -signal.SIGKILL
        return False
    dying.cancel()
    return True


async def emptied(valkey):
    await until(lambda: valkey.xlen(OUTBOX) == 0, seconds=240)


async def send(town, number):
    body = {"recipient": {"phone": "+8613800138000"}, "code": f"{number:06}", "expires_in": 3600}
    return await town.call("POST", "/v1/messages", body, key=f"key-{number}")


async def start(town, number):
    """A verification with a last resort, by somebody who is not bound."""
    body = {"purpose": "register", "user": f"u-{number}", "client_ip": f"198.51.100.{number}"}
    body["contact"] = {"phone": "+8613800138000"}
    return await town.call("POST", "/v1/verifications", body, key=f"key-{number}")


@bounded
async def test_death_at_every_third_await_calls_the_gateway_of_a_verification_once(tmp_path, valkey, store_url):
    """As below. The gateway knows no ids, so that a second call would be a second SMS."""
    async with a_town(tmp_path) as town, stub_server() as stub:
        configure(town, store_url, stub.url, "plain")
        deaths = 0
        for step in range(1, 40, 3):
            age_jobs(valkey)
            async with town.serving(CODESVC_FAULT_POINT=f"delivery:{step}") as process:
                starting = asyncio.create_task(start(town, step))
                through = await got_through(process, valkey, starting)
            age_jobs(valkey)
            async with town.serving():
                status, started = await starting
                assert status == 201
                await emptied(valkey)
                status, started = await town.call("GET", f"/v1/verifications/{started['id']}")
                assert started["delivery"]["channel"] == "gateway", (step, started)
                assert started["delivery"]["status"] in {"sent", "unknown"}, (step, started)
            if through:
                break
            deaths += 1
        taken = [json.loads(body)["id"] for _, body in stub.requests]
        assert deaths >= 3
        assert len(taken) == len(set(taken))
        assert not list(valkey.scan_iter("*sealed*"))


@bounded
@pytest.mark.parametrize(("gateway", "first"), [("known", 1), ("plain", 2)], ids=["known", "plain"])
async def test_death_at_every_await_loses_no_message_and_sends_none_twice(tmp_path, valkey, store_url, gateway, first):
    """Each message meets one death, at its first step, then at its second, and so on until one gets through.

    Briefly, each of both gateways meets every second step, and both together every step.
    """
    async with a_town(tmp_path) as town, stub_server() as stub:
        configure(town, store_url, stub.url, gateway)
        deaths, ids = 0, []
        for step in range(1, 40) if LONG else range(first, 40, 2):
            age_jobs(valkey)
            async with town.serving(CODESVC_FAULT_POINT=f"delivery:{step}") as process:
                sending = asyncio.create_task(send(town, step))
                through = await got_through(process, valkey, sending)
            age_jobs(valkey)
            async with town.serving():
                status, message = await sending
                assert status == 202
                ids.append(message["id"])
                await emptied(valkey)
                status, message = await town.call("GET", f"/v1/messages/{message['id']}")
                assert message["status"] in {"handed_over", "unknown"}, (step, message)
                assert (gateway, message["status"]) != ("known", "unknown")
            if through:
                break
            deaths += 1
        taken = [
            request.headers["webhook-id"] if gateway == "known" else json.loads(body)["id"]
            for request, body in stub.requests
        ]
        assert deaths >= 3
        assert AUTH["Authorization"].endswith(KEY)
        if gateway == "known":
            # It is called again under the same id: each id is there, and an id that it has seen is no second message.
            assert set(taken) == set(ids)
        else:
            # It knows no ids, so it is never called twice for one message.
            assert len(taken) == len(set(taken))
            assert set(taken) <= set(ids)
        assert not list(valkey.scan_iter("*sealed*"))


@bounded
async def test_a_message_that_waits_for_its_turn_at_a_gateway_is_sent_after_a_death(tmp_path, valkey, store_url):
    """It was marked before it waited: 168 of 200 codes ended as `unknown`, and the gateway had never heard of them."""
    waiting = 8
    async with a_town(tmp_path) as town, stub_server() as stub:
        configure(town, store_url, stub.url, "plain")
        stub.held = asyncio.Event()
        async with town.serving() as process:
            sent = await asyncio.gather(*(send(town, number) for number in range(MOST_PER_SITE + waiting)))
            assert {status for status, _ in sent} == {202}
            await until(lambda: len(stub.requests) == MOST_PER_SITE)
            process.kill()
            await process.wait()
        stub.held.set()
        age_jobs(valkey)
        async with town.serving():
            await emptied(valkey)
            ended = [(await town.call("GET", f"/v1/messages/{message['id']}"))[1]["status"] for _, message in sent]
        assert Counter(ended) == {"unknown": MOST_PER_SITE, "handed_over": waiting}
        taken = [json.loads(body)["id"] for _, body in stub.requests]
        assert len(taken) == len(set(taken)) == len(sent)
