"""A site's gateway that does not answer delays that site's messages alone."""

import asyncio

from structlog.testing import capture_logs

from codesvc.delivery import worker
from codesvc.delivery.pace import Pace
from codesvc.store.outbox import GROUP
from tests.relay.conftest import Clock, send
from tests.stores import until
from tests.world import OTHER_KEY


async def test_its_messages_leave_places_to_everybody_else(new_relay, stub):
    stub.held = asyncio.Event()
    async with new_relay(skip=False, pace=Pace(sleep=Clock(), hold_seconds=0.05, most_held=4)) as world:
        for number in range(5):
            assert (await send(world, phone=f"+861380013800{number}")).status == 202
        await until(lambda: len(stub.requests) >= 2)
        person = await world.person()
        assert (await world.bind("alice", person, key=OTHER_KEY)).status == 201
        await world.start("alice", key=OTHER_KEY)
        await person.wait_for_push()


async def test_what_waits_too_long_is_left_to_the_stream_and_done_later(new_relay, stub, valkey):
    stub.held = asyncio.Event()
    clock = Clock()
    clock.go.set()

    def waiting():
        [box] = [key for key in valkey.keys("*:outbox*") if valkey.type(key) == b"stream"]
        return [(box, job["message_id"], job["consumer"]) for job in valkey.xpending_range(box, GROUP, "-", "+", 100)]

    def as_time_goes_by():
        """Whether all are done; until then each job looks as if nobody had renewed it."""
        for box, entry, consumer in waiting():
            valkey.xclaim(box, GROUP, consumer, 0, [entry], idle=worker._DEAD_AFTER_MS, justid=True)
        return not waiting()

    with capture_logs() as lines:
        async with new_relay(pace=Pace(sleep=clock, hold_seconds=0.05, most_held=4, wait_seconds=0)) as world:
            for number in range(5):
                await send(world, phone=f"+861380013800{number}")
            await until(lambda: [line for line in lines if line["event"] == "jobs_deferred"])
            assert len(stub.requests) == 2
            stub.held.set()
            await until(as_time_goes_by)
    assert len(stub.requests) == 5
    line = next(line for line in lines if line["event"] == "jobs_deferred")
    assert (line["log_level"], line["site"]) == ("warning", "shop")
    assert line["jobs"] >= 1
