"""What waits for its turn at a slow gateway is looked at again when it has come: it may be over by then."""

import asyncio

from codesvc.delivery.gateway_calls import MOST_PER_SITE
from tests.relay.conftest import PHONE, ended, send
from tests.relay.test_contacts import outbox, start
from tests.stores import until


async def occupied(world, stub):
    """Every place of the site is taken by a call that does not end."""
    stub.held = asyncio.Event()
    for number in range(MOST_PER_SITE):
        assert (await send(world, phone=f"+86138001380{number:02}")).status == 202
    await until(lambda: len(stub.requests) == MOST_PER_SITE)


async def test_a_message_waits_as_accepted_and_is_not_sent_after_its_end(new_relay, stub):
    async with new_relay() as world:
        await occupied(world, stub)
        late = await send(world, phone="+8613900139000", expires_in=60)
        assert (await world.call("GET", f"/v1/messages/{late['id']}"))["status"] == "accepted"
        await world.advance(61)
        stub.held.set()
        found = await ended(world, late, "failed", "handed_over", "unknown")
        assert (found["status"], found["reason"]) == ("failed", "expired")
        assert len(stub.requests) == MOST_PER_SITE


async def test_a_canceled_verification_sends_nothing_any_more(new_relay, stub, valkey):
    async with new_relay(sites__shop__limits={"address_starts": "none"}) as world:
        await occupied(world, stub)
        started = await start(world, "zoe", contact={"phone": PHONE})
        assert (await world.call("POST", f"/v1/verifications/{started['id']}/cancel")).status == 200
        stub.held.set()
        await until(lambda: outbox(valkey) == 0)
        assert len(stub.requests) == MOST_PER_SITE
