"""A process that goes hands its jobs back; one that waits for the store sends nothing a second time."""

import asyncio

from structlog.testing import capture_logs

from codesvc.delivery import worker
from codesvc.delivery.pace import Pace
from codesvc.domain.clock import Offset
from codesvc.store.connection import connect
from codesvc.store.keys import Keys
from codesvc.store.outbox import GROUP, Outbox
from codesvc.store.store import Store
from tests.stores import until

SEND = "/cgi-bin/message/template/send"


def outbox(world):
    return Keys("cs", world.platform.default_account.appid).outbox


async def test_what_a_stopped_process_had_on_the_road_is_taken_over_at_once(new_world, valkey):
    async with new_world(pace=Pace(hold_seconds=0.1)) as first:
        owner = await first.bound("alice")
        await first.fault("http", path=SEND, when="before")
        started = await first.start("alice")
        await first.delivery(started, "unknown")
    [job] = valkey.xpending_range(outbox(first), GROUP, "-", "+", 10)
    assert job["time_since_delivered"] >= worker._DEAD_AFTER_MS
    first.platform.faults.remove()
    async with new_world(platform=first.platform, pace=Pace(hold_seconds=0.1)) as second:
        owner.world = second
        await second.delivery(started, "sent", "delivered")
        assert len(await owner.messages("template")) == 1
        await until(lambda: valkey.xlen(outbox(second)) == 0)


async def test_a_result_waits_for_the_store_and_the_message_is_not_sent_again(world, valkey):
    owner = await world.bound("alice")
    await world.fault("slow", path=SEND, delay=1.5, times=1)
    started = await world.start("alice")
    seen = world.platform.contact(owner.openid).messages
    await until(lambda: any(message["type"] == "template" for message in seen))
    with capture_logs() as lines:
        valkey.config_set("min-replicas-to-write", 1)  # a full memory would not do: it lets this script write
        try:
            # The result has been offered to the store, and offered again.
            await until(lambda: [line["event"] for line in lines].count("store_awaited") >= 2)
        finally:
            valkey.config_set("min-replicas-to-write", 0)
        assert len(world.platform.journal.entries("api", path=SEND)) == 1
    await world.delivery(started, "sent", "delivered")
    assert len(world.platform.journal.entries("api", path=SEND)) == 1


async def test_readers_that_are_long_dead_are_forgotten_unless_they_hold_a_job(store_url, valkey):
    servers = await connect(store_url, timeout=2)
    store = Store(servers, offset=Offset(movable=False), prefix="cs")
    keys = Keys("cs", "wx3f1c5a9e7b2d4860")

    def box(name):
        return Outbox(servers, prefix="cs", partition=keys.partition, consumer=name)

    async def forget(idle):
        answer = await store.deliveries.forget_consumers(keys.partition, idle_ms=idle)
        return answer.forgotten, {one["name"].decode() for one in valkey.xinfo_consumers(keys.outbox, GROUP)}

    try:
        await box("idle").read(count=1, block_ms=1)
        # Before Redis 7.2 a reader that has read nothing is not remembered at all.
        valkey.xgroup_createconsumer(keys.outbox, GROUP, "idle")
        valkey.xadd(keys.outbox, {"kind": "void", "id": "vf_x", "number": 1, "account": "wx3f1c5a9e7b2d4860"})
        await box("holds a job").read(count=1, block_ms=1)
        assert await forget(60_000) == (0, {"idle", "holds a job"})
        while min(one["idle"] for one in valkey.xinfo_consumers(keys.outbox, GROUP)) <= 10:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        assert await forget(10) == (1, {"holds a job"})
    finally:
        await servers.aclose()
