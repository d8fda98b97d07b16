"""Nodes that die, are replaced, or are too few: clear 503s, `/readyz` says why, and nothing has to be restarted."""

from __future__ import annotations

import asyncio
import signal

import pytest

from codesvc.store.cluster import SLOTS
from codesvc.store.deployment_keys import topic
from tests import stores
from tests.cluster.conftest import ground_on


@pytest.fixture
def guarded():
    """Each primary has a replica."""
    with stores.cluster(replicas=True, node_timeout=1000) as nodes:
        yield nodes


@pytest.fixture
def lasting():
    """No replicas, but a file: a node that comes back knows what it knew."""
    with stores.cluster("--appendonly", "yes", "--appendfsync", "always", node_timeout=1000) as nodes:
        yield nodes


async def everything_acknowledged_is_there(ground):
    for answer in ground.started:
        if answer.status == 201:
            assert (await ground.world.get(answer)).status == 200


@pytest.mark.thorough
async def test_a_node_that_dies_costs_503_until_it_is_back(lasting, tmp_path):
    async with ground_on(lasting.url, tmp_path) as ground:
        person = await ground.world.bound("alice")
        assert (await ground.start()).status == 201
        victim = lasting.holder(ground.keys.root)
        victim.kill()
        assert (await ground.start()).status == 503
        assert await ground.until_unready("no answer", "cluster down")
        assert (await ground.world.call("GET", "/healthz", key=None)).status == 200
        victim.start()
        await ground.until_ready()
        assert (await ground.start()).status == 201
        await everything_acknowledged_is_there(ground)
        # The worker reads its stream again, too.
        reset = await ground.world.start("alice", "reset")
        assert reset.status == 201
        await person.wait_for_push()


@pytest.mark.thorough
async def test_a_replica_that_is_promoted_is_followed_and_nothing_is_lost(guarded, tmp_path):
    """CLUSTER FAILOVER, as before an upgrade: the old primary waits until the replica has everything."""
    async with ground_on(guarded.url, tmp_path) as ground:
        assert (await ground.start()).status == 201
        old = guarded.holder(ground.keys.root)
        heir = guarded.replicas[guarded.primaries.index(old)]
        starting = [asyncio.create_task(ground.start()) for _ in range(5)]
        heir.client.execute_command("CLUSTER", "FAILOVER")
        while heir.client.info("replication")["role"] != "master":
            starting.append(asyncio.create_task(ground.start()))
            await asyncio.sleep(0.02)
        await asyncio.gather(*starting)
        await ground.until_ready()
        assert (await ground.start()).status == 201
        await everything_acknowledged_is_there(ground)
        assert ground.here.store.servers.at(ground.keys.partition).shown.endswith(str(heir.port))


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.thorough)])
async def test_a_replica_takes_over_by_itself(guarded, tmp_path, how):
    """Killed, the connections break at once; stopped, nobody answers any more and nobody says so."""
    async with ground_on(guarded.url, tmp_path) as ground:
        person = await ground.world.bound("alice")
        assert (await ground.start()).status == 201
        victim = guarded.holder(ground.keys.root)
        victim.process.send_signal(how)
        assert (await ground.start()).status == 503
        await ground.until_ready()
        assert (await ground.start()).status == 201
        assert (await ground.world.start("alice", "reset")).status == 201
        await person.wait_for_push()


@pytest.mark.thorough
async def test_a_cluster_without_a_majority_is_down_and_says_so(lasting, tmp_path):
    async with ground_on(lasting.url, tmp_path) as ground:
        assert (await ground.start()).status == 201
        mine = lasting.holder(ground.keys.root)
        others = [node for node in lasting.primaries if node is not mine]
        for node in others:
            node.kill()
        assert await ground.until_unready("cluster down") == "cluster down"
        assert (await ground.start()).status == 503
        for node in others:
            node.start()
        await ground.until_ready()
        assert (await ground.start()).status == 201
        await everything_acknowledged_is_there(ground)


@pytest.mark.thorough
async def test_a_service_that_starts_before_its_cluster_waits_for_it(lasting, tmp_path):
    for node in lasting.primaries:
        node.kill()
    async with ground_on(lasting.url, tmp_path) as ground:
        assert await ground.until_unready("no answer") == "no answer"
        assert (await ground.start()).status == 503
        for node in lasting.primaries:
            node.start()
        await ground.until_ready()
        assert (await ground.start()).status == 201


@pytest.mark.thorough
async def test_all_primaries_at_once_and_an_operator_who_promotes_the_replicas(guarded, tmp_path):
    """A site that is gone with every primary: nobody can vote, so somebody has to say CLUSTER FAILOVER TAKEOVER."""
    async with ground_on(guarded.url, tmp_path) as ground:
        assert (await ground.start()).status == 201
        # The replicas are known from the first look at the map.
        for node in guarded.primaries:
            node.kill()
        assert (await ground.start()).status == 503
        for replica in guarded.replicas:
            replica.client.execute_command("CLUSTER", "FAILOVER", "TAKEOVER")
        await ground.until_ready()
        assert (await ground.start()).status == 201
        await everything_acknowledged_is_there(ground)


@pytest.mark.thorough
async def test_wake_ups_survive_a_node_that_hangs(guarded, tmp_path):
    """It accepts everything and answers nothing: the subscription goes to another node, and everybody looks again."""
    async with ground_on(guarded.url, tmp_path) as ground:
        with ground.here.change_notifier.watch("vf_of_somebody") as woken:

            def subscribed():
                everybody = guarded.primaries + guarded.replicas
                return [node for node in everybody if node.client.client_list(_type="pubsub")]

            await stores.until(lambda: len(subscribed()) == 1)
            [hanging] = subscribed()
            woken.clear()
            hanging.process.send_signal(signal.SIGSTOP)
            await asyncio.wait_for(woken.wait(), 60)
            woken.clear()
            other = next(node for node in guarded.primaries if node is not hanging)
            other.client.publish(topic(ground.here.store.prefix), "vf_of_somebody")
            await asyncio.wait_for(woken.wait(), 60)


@pytest.mark.thorough
async def test_fail_overs_and_moves_one_after_the_other_under_load(guarded, tmp_path):
    """Planned ones lose nothing: what was acknowledged is there at the end, and every other answer was a 503."""
    async with ground_on(guarded.url, tmp_path) as ground:
        everybody = {node.port: node for node in guarded.primaries + guarded.replicas}
        busy = True

        async def caller():
            while busy:
                await ground.start()
                await asyncio.sleep(0.01)

        def holder():
            shown = ground.here.store.servers.at(ground.keys.partition).shown
            return everybody[int(shown.rpartition(":")[2])]

        def replica_of(node):
            identity = node.client.execute_command("CLUSTER", "MYID").decode()
            [line] = node.client.execute_command("CLUSTER", "REPLICAS", identity)
            address = line.decode().split()[1].partition("@")[0]
            return everybody[int(address.rpartition(":")[2])]

        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(caller())
            for number in range(6):
                await asyncio.sleep(0.5)
                before = holder()
                if number % 2:
                    heir = next(n for n in everybody.values() if n is not before and is_primary(n))
                    slot = SLOTS[ground.keys.partition]
                    target = heir.client.execute_command("CLUSTER", "MYID")
                    before.client.execute_command("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", target)
                else:
                    await stores.until(lambda node=before: node.client.info("replication")["connected_slaves"])
                    replica_of(before).client.execute_command("CLUSTER", "FAILOVER")
                await stores.until(lambda node=before: holder() is not node)
                await ground.until_ready()
            busy = False
        assert sum(answer.status == 201 for answer in ground.started) > 100
        await everything_acknowledged_is_there(ground)


def is_primary(node):
    return node.client.info("replication")["role"] == "master"
