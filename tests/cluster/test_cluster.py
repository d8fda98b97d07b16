"""A cluster of three: every partition is found, and whatever moves, each answer is right or a clear 503."""

from __future__ import annotations

import asyncio

import pytest

from codesvc.domain.clock import Offset
from codesvc.domain.errors import StoreUnavailable
from codesvc.store.change_notifier import ChangeNotifier
from codesvc.store.cluster import SLOTS
from codesvc.store.connection import connect
from codesvc.store.deployment_keys import PartitionKeys, topic
from codesvc.store.outbox import Outbox
from codesvc.store.partitions import PARTITIONS
from codesvc.store.store import Store


@pytest.fixture
async def store(nodes):
    servers = await connect(nodes.url, timeout=2)
    yield Store(servers, offset=Offset(movable=True), prefix="cs")
    await servers.aclose()


async def test_the_partitions_lie_on_all_nodes_and_each_is_found(store, nodes):
    assert await store.state(range(PARTITIONS)) == "ok"
    found = [len(node.client.keys("cs:*:probe")) for node in nodes.primaries]
    assert sum(found) == PARTITIONS
    assert min(found) > 0


async def test_each_node_learns_the_scripts(store, nodes):
    for node in nodes.primaries:
        node.client.script_flush()
    assert await store.state(range(PARTITIONS)) == "ok"
    assert await store.state(range(PARTITIONS)) == "ok"


async def test_one_node_is_enough_to_find_the_others(nodes):
    servers = await connect(nodes.url.partition(",")[0], timeout=2)
    assert len(servers.primaries()) == 3
    await servers.aclose()


async def test_streams_are_read_where_they_lie(store):
    boxes = [Outbox(store.servers, prefix="cs", partition=p, consumer="me") for p in range(PARTITIONS)]
    for box in boxes:
        job = {"kind": "push", "id": f"vf_{box.partition}", "number": 1, "account": "wx"}
        await store.at(box.partition).xadd(PartitionKeys("cs", box.partition).outbox, job)
    read = await asyncio.gather(*(box.read(count=10, block_ms=1000) for box in boxes))
    assert [[job.subject for job in jobs] for jobs in read] == [[f"vf_{p}"] for p in range(PARTITIONS)]
    await asyncio.gather(
        *(box.set_idle_time([job.entry for job in jobs]) for box, jobs in zip(boxes, read, strict=True))
    )
    assert await boxes[3].take_over(idle_ms=60_000, count=10) == []
    for box in boxes:
        await store.at(box.partition).delete(PartitionKeys("cs", box.partition).outbox)


async def test_what_any_node_publishes_wakes_everybody(store, nodes):
    change_notifier = ChangeNotifier(store.servers, "cs")
    async with change_notifier.running():
        with change_notifier.watch("vf_1") as woken:
            await asyncio.wait_for(woken.wait(), 60)  # the subscription itself
            for node in nodes.primaries:
                woken.clear()
                node.client.publish(topic("cs"), "vf_1")
                await asyncio.wait_for(woken.wait(), 60)


def assign(nodes, slot, holder):
    """Let a slot, its keys thrown away, belong to another node."""
    for node in nodes.primaries:
        for key in node.client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 1000):
            node.client.delete(key)
    identity = holder.client.execute_command("CLUSTER", "MYID")
    for node in [holder, *(n for n in nodes.primaries if n is not holder)]:
        node.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", identity)
        # Without a later epoch than the last owner's, hearsay could turn it back.
        holder.client.execute_command("CLUSTER", "BUMPEPOCH")


async def test_a_slot_that_has_moved_is_followed_at_once(store, nodes):
    slot, before = SLOTS[4], nodes.holder("{p04}")
    after = next(node for node in nodes.primaries if node is not before)
    await store.state([4])
    assign(nodes, slot, after)
    try:
        assert await store.state([4]) == "ok"
        assert store.servers.at(4).shown.endswith(str(after.port))
        # What is not a script learns it too.
        assert await store.at(4).set("cs:{p04}:probe", "1", px=1)
    finally:
        assign(nodes, slot, before)
    assert await store.state([4]) == "ok"


async def test_a_read_that_meets_a_move_fails_and_finds_its_way(store, nodes):
    slot, before = SLOTS[5], nodes.holder("{p05}")
    after = next(node for node in nodes.primaries if node is not before)
    box = Outbox(store.servers, prefix="cs", partition=5, consumer="me")
    await store.at(5).ping()
    assign(nodes, slot, after)
    try:
        with pytest.raises(StoreUnavailable, match="MovedError"):
            await box.read(count=1, block_ms=10)
        for _ in range(200):
            await asyncio.sleep(0.01)
            if store.servers.at(5).shown.endswith(str(after.port)):
                break
        assert await box.read(count=1, block_ms=10) == []
    finally:
        assign(nodes, slot, before)
