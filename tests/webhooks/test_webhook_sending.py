"""Retries, giving up, resending, rotation, and receivers that do their worst."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from codesvc.domain.webhook import PAUSES, pause_ms
from tests.raw_server import raw_server
from tests.webhooks.receiver import (
    OTHER_SECRET,
    SECRET,
    deliveries,
    delivery,
    hook,
    quiet,
    receiving,
    send_test,
    until,
)
from tests.world import OTHER_KEY


async def test_a_hundred_events_come_exactly_once_each(new_world, receiver):
    none = dict.fromkeys(("address_starts", "site_starts"), "none")
    async with new_world(sites__shop__webhook=hook(receiver), sites__shop__limits=none) as world:
        users = [f"u-{number}" for number in range(100)]
        for number, user in enumerate(users):
            answer = await world.call("PUT", f"/v1/bindings/{user}", {"openid": f"o-person-{number:04}"})
            assert answer.status == 201
        await receiver.of("binding.created", 100)
        await quiet(world, receiver)
        assert sorted(event.data["user"] for event in receiver.having("binding.created")) == sorted(users)
        assert len({event.id for event in receiver.got}) == len(receiver.got) == 100
        assert receiver.forged == 0


async def test_it_is_tried_again_on_the_schedule_with_a_fresh_signature(told, receiver):
    receiver.answers = [500] * len(PAUSES)
    event = await send_test(told)
    for number, pause in enumerate(PAUSES, 1):
        (await receiver.wait(number))[-1]
        state = await delivery(told, event, "pending", attempts=number)
        assert state["next_attempt_at"]
        # With jitter it is at most a tenth early.
        await told.advance(pause * 0.85)
        assert len(receiver.got) == number
        await told.advance(pause * 0.26)
    got = await receiver.wait(len(PAUSES) + 1)
    assert {received.id for received in got} == {event}
    assert len({received.body for received in got}) == 1
    done = await delivery(told, event, "delivered")
    assert [attempt["status"] for attempt in done["attempts"]] == [500] * len(PAUSES) + [204]
    assert receiver.forged == 0


async def test_after_the_last_attempt_it_has_failed_and_can_be_resent(told, receiver):
    receiver.answers = [503] * (len(PAUSES) + 1)
    event = await send_test(told)
    for number, pause in enumerate(PAUSES, 1):
        await delivery(told, event, "pending", attempts=number)
        await told.advance(pause * 1.11)
    failed = await delivery(told, event, "failed")
    assert (failed["reason"], failed["next_attempt_at"]) == ("attempts", None)
    assert [found["id"] for found in await deliveries(told, status="failed")] == [event]
    again = await told.call("POST", f"/v1/webhooks/deliveries/{event}/resend", {})
    assert (again.status, again["status"], again["reason"]) == (200, "pending", None)
    done = await delivery(told, event, "delivered")
    assert len(done["attempts"]) == len(PAUSES) + 2
    await told.call("POST", f"/v1/webhooks/deliveries/{event}/resend", {})
    await receiver.wait(len(PAUSES) + 3)
    assert {received.id for received in receiver.got} == {event}


async def test_what_is_new_does_not_wait_for_what_is_put_off(told, receiver):
    receiver.answers = [500, 500]
    first = await send_test(told)
    await delivery(told, first, "pending", attempts=1)
    await told.advance(6)
    await delivery(told, first, "pending", attempts=2)
    await delivery(told, await send_test(told), "delivered")
    assert (await delivery(told, first, "pending"))["next_attempt_at"]
    assert len(receiver.got) == 3


def test_the_schedule_takes_three_days_and_a_receiver_may_only_put_it_off():
    def middle(low, high):
        return (low + high) / 2

    pauses = [pause_ms(number, 0, middle) for number in range(1, 11)]
    assert pauses == [pause * 1000 for pause in PAUSES] + [None]
    assert sum(PAUSES) == 75 * 3600 + 35 * 60 + 5
    assert pause_ms(1, 120, middle) == 120_000
    assert pause_ms(2, 120, middle) == 300_000
    assert pause_ms(1, 10**9, middle) == 86_400_000
    assert pause_ms(1, 0, lambda low, _: low) == 4_500


async def test_a_receiver_that_asks_for_time_gets_it(told, receiver):
    receiver.answers = [web.Response(status=429, headers={"Retry-After": "60"})]
    event = await send_test(told)
    await delivery(told, event, "pending", attempts=1)
    await told.advance(50)
    # What is due is sent in the order in which it became due: the first would have gone before this one.
    fresh = await send_test(told)
    await delivery(told, fresh, "delivered")
    assert [received.id for received in receiver.got] == [event, fresh]
    await told.advance(11)
    assert [received.id for received in await receiver.wait(3)] == [event, fresh, event]


async def test_gone_disables_the_endpoint_until_it_is_enabled(new_world, receiver):
    async with receiving() as other:
        changes = {"sites__shop__webhook": hook(receiver), "sites__cafe__webhook": hook(other)}
        async with new_world(**changes) as world:
            await gone_until_enabled(world, receiver, other)


async def gone_until_enabled(told, receiver, other):
    receiver.answers = [410]
    event = await send_test(told)
    first = await delivery(told, event, "pending", attempts=1)
    assert first["attempts"][0]["result"] == "gone"
    state = await told.call("GET", "/v1/webhooks")
    assert (state["enabled"], state["waiting"], state["last_failure"]) == (False, 1, "gone")
    later = await send_test(told)
    await told.advance(86_400)
    # The other site's event is sent: the queue has been looked through.
    assert (await told.call("PUT", "/v1/bindings/bob", {"openid": "o-person-0001"}, key=OTHER_KEY)).status == 201
    await other.wait()
    assert len(receiver.got) == 1
    enabled = await told.call("POST", "/v1/webhooks/enable", {})
    assert (enabled.status, enabled["enabled"], enabled["waiting"]) == (200, True, 2)
    await receiver.wait(3)
    assert {received.id for received in receiver.got} == {event, later}
    await delivery(told, later, "delivered")
    assert (await told.call("GET", "/v1/webhooks"))["enabled"]


async def test_events_of_a_disabled_endpoint_do_not_wait_for_ever(told, receiver):
    receiver.answers = [410]
    event = await send_test(told)
    await delivery(told, event, "pending", attempts=1)
    await told.advance(31 * 86_400)
    fresh = await send_test(told)
    await told.call("POST", "/v1/webhooks/enable", {})
    await delivery(told, fresh, "delivered")
    assert (await delivery(told, event, "failed"))["reason"] == "expired"
    assert [received.id for received in receiver.got] == [event, fresh]


async def test_both_secrets_sign_while_one_replaces_the_other(new_world, receiver):
    both = hook(receiver, secrets=[SECRET, OTHER_SECRET])
    async with receiving(secret=OTHER_SECRET) as updated:
        cafe = hook(updated, secrets=[SECRET, OTHER_SECRET])
        async with new_world(sites__shop__webhook=both, sites__cafe__webhook=cafe) as world:
            await send_test(world)
            person = await world.bound("alice")
            assert (await world.bind("bob", person, key=OTHER_KEY)).status == 201
            (old,), (new,) = await receiver.of("webhook.test"), await updated.of("binding.created")
            assert len(old.headers["webhook-signature"].split()) == len(new.headers["webhook-signature"].split()) == 2
            assert receiver.forged == updated.forged == 0


async def test_a_secret_that_the_receiver_does_not_know_is_no_success(new_world, receiver):
    async with new_world(sites__shop__webhook=hook(receiver, secrets=[OTHER_SECRET])) as world:
        event = await send_test(world)
        state = await delivery(world, event, "pending", attempts=1)
        assert (state["attempts"][0]["result"], state["attempts"][0]["status"]) == ("refused", 401)
        assert receiver.forged == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_followed_by_nobody(told, receiver, status):
    async with receiving() as elsewhere:
        receiver.answers = [web.Response(status=status, headers={"Location": elsewhere.url})]
        event = await send_test(told)
        state = await delivery(told, event, "pending", attempts=1)
        assert (state["attempts"][0]["result"], state["attempts"][0]["status"]) == ("redirected", status)
        assert elsewhere.got == []


async def endless(request):
    """A hundred megabytes, unless somebody hangs up."""
    response = web.StreamResponse()
    await response.prepare(request)
    try:
        for _ in range(1600):
            await response.write(b"x" * 65_536)
            request.app["written"] = request.app.get("written", 0) + 65_536
    except ConnectionError:
        pass
    return response


async def silent(request):
    """No answer for as long as the caller waits."""
    await request.app["over"].wait()
    return web.Response()


async def bomb(_):
    """Little that claims to be much."""
    return web.Response(body=b"\x1f\x8b" + b"\0" * 100, headers={"Content-Encoding": "gzip"})


async def test_a_huge_answer_is_not_read(told, receiver):
    receiver.answers = [endless]
    event = await send_test(told)
    done = await delivery(told, event, "delivered")
    assert done["attempts"][0]["status"] == 200
    receiver.answers = [bomb]
    await delivery(told, await send_test(told), "delivered")


async def test_what_a_receiver_answers_is_shown_to_nobody(told, receiver, dump):
    receiver.answers = [web.Response(status=500, text="the inner secret", reason="a secret reason")]
    event = await send_test(told)
    await delivery(told, event, "pending", attempts=1)
    shown = (await told.call("GET", f"/v1/webhooks/deliveries/{event}")).text
    assert "secret" not in shown + repr(dump())


async def test_nobody_there(new_world, receiver):
    async with new_world(sites__shop__webhook=hook(receiver) | {"url": "http://127.0.0.1:1/hook"}) as world:
        event = await send_test(world)
        state = await delivery(world, event, "pending", attempts=1)
        assert (state["attempts"][0]["result"], state["attempts"][0]["status"]) == ("unreachable", None)
        assert (await world.call("GET", "/v1/webhooks"))["failures"] == 1


async def test_an_answer_that_is_no_http(new_world, receiver):
    async def nonsense(reader, writer):
        await reader.read(100)
        writer.write(b"220 smtp.example ESMTP\r\n")
        writer.close()

    async with AsyncExitStack() as stack:
        settings = hook(receiver) | {
            "url": f"http://127.0.0.1:{await stack.enter_async_context(raw_server(nonsense))}/"
        }
        world = await stack.enter_async_context(new_world(sites__shop__webhook=settings))
        event = await send_test(world)
        state = await delivery(world, event, "pending", attempts=1)
        assert state["attempts"][0]["result"] == "unreachable"


async def test_a_slow_endpoint_holds_up_no_other(new_world, receiver):
    over = asyncio.Event()

    async def hangs(_):
        await over.wait()
        return web.Response()

    async with receiving() as slow:
        slow.answers = [hangs] * 50
        changes = {"sites__cafe__webhook": hook(slow), "sites__shop__webhook": hook(receiver)}
        async with new_world(**changes) as world:
            for number in range(20):
                path, body = f"/v1/bindings/u-{number}", {"openid": f"o-person-{number:04}"}
                assert (await world.call("PUT", path, body, key=OTHER_KEY)).status == 201
            await slow.wait(8)
            for _ in range(20):
                await send_test(world)
            await receiver.of("webhook.test", 20)
            # Of the slow one, so many are under way as a lane is wide.
            assert len(slow.got) == 8
            over.set()
            await slow.wait(20)


async def test_an_endpoint_that_keeps_failing_is_asked_one_at_a_time(told, receiver):
    async def failed(count):
        return (await told.call("GET", "/v1/webhooks"))["failures"] == count

    receiver.answers = [500] * 30
    for _ in range(30):
        await send_test(told)
    await until(lambda: failed(30))
    most = 0

    async def counted(_):
        nonlocal most
        counted.now += 1
        most = max(most, counted.now)
        await asyncio.sleep(0.01)
        counted.now -= 1
        return web.Response(status=500)

    counted.now = 0
    receiver.answers = [counted] * 30
    await told.advance(6)
    await until(lambda: failed(60))
    assert most == 1
    await told.advance(400)
    await quiet(told, receiver)
    assert len(receiver.got) == 90


async def test_in_order_when_all_goes_well_one_after_the_other(told, receiver):
    events = []
    for number in range(5):
        events.append(await send_test(told))
        await receiver.wait(number + 1)
    assert [received.id for received in receiver.got] == events
    listed = await deliveries(told, limit=3)
    assert [found["id"] for found in listed] == events[:1:-1]
