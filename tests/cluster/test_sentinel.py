"""Sentinels: the primary that they agree on is used; a fail-over costs clear 503s and mends itself."""

from __future__ import annotations

import signal

import pytest
from redis.exceptions import ConnectionError as Unreachable

from codesvc.domain.clock import Offset
from codesvc.domain.errors import StoreUnavailable
from codesvc.store.connection import connect
from codesvc.store.store import Store
from tests import stores
from tests.cluster.conftest import ground_on


@pytest.fixture
def watched():
    with stores.sentinels() as watched:
        yield watched


@pytest.fixture(scope="module")
def calm():
    """For tests that let the primary live."""
    with stores.sentinels(down_after=30_000) as watched:
        yield watched


async def everything_acknowledged_since_is_there(ground, number):
    for answer in ground.started[number:]:
        if answer.status == 201:
            assert (await ground.world.get(answer)).status == 200


def replicates(server):
    return server.client.info("replication")["role"] == "slave"


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.thorough)])
async def test_a_fail_over_costs_503s_and_mends_itself(watched, tmp_path, how):
    """Killed, the connections break at once; stopped, nobody answers any more and nobody says so."""
    async with ground_on(watched.url, tmp_path) as ground:
        person = await ground.world.bound("alice")
        assert (await ground.start()).status == 201
        old = watched.servers[0]
        old.process.send_signal(how)
        assert (await ground.start()).status == 503
        await ground.until_ready()
        assert (await ground.start()).status == 201
        await stores.until(watched.agree)
        assert watched.primary is not old
        # Worker and wake-ups have found their way, too.
        assert (await ground.world.start("alice", "reset")).status == 201
        await person.wait_for_push()
        if how == signal.SIGSTOP:
            # It wakes up and takes itself for the primary, until it is told; nobody talks to it.
            old.process.send_signal(signal.SIGCONT)
            await stores.until(lambda: replicates(old))
            assert (await ground.start()).status == 201
            await everything_acknowledged_since_is_there(ground, 2)


@pytest.mark.thorough
async def test_a_primary_that_is_demoted_under_us_is_left(watched, tmp_path):
    """SENTINEL FAILOVER: the old primary lives on, as a replica; no answer comes from it any more."""
    async with ground_on(watched.url, tmp_path) as ground:
        assert (await ground.start()).status == 201
        watched.sentinels[0].client.sentinel_failover(watched.service)
        await stores.until(lambda: replicates(watched.servers[0]))
        await ground.until_ready()
        started = await ground.start()
        assert started.status == 201
        assert (await ground.world.get(started)).status == 200
        subscribers = watched.servers[0].client.client_list(_type="pubsub")
        assert all(client["name"].startswith("sentinel-") for client in subscribers)


async def test_a_sentinel_that_is_silent_leaves_time_to_ask_another(calm):
    calm.sentinels[0].process.send_signal(signal.SIGSTOP)
    servers = await connect(calm.url, timeout=2)
    store = Store(servers, offset=Offset(movable=True), prefix="cs")
    try:
        assert await store.state([0]) == "ok"
    finally:
        calm.sentinels[0].process.send_signal(signal.SIGCONT)
        await servers.aclose()


async def test_a_replica_is_refused_whatever_a_sentinel_says(calm):
    """Reads from it would be answered, with what was true some time ago."""
    replica = calm.servers[1]
    for sentinel in calm.sentinels:
        sentinel.client.sentinel_monitor("stale", "127.0.0.1", replica.port, 2)
    servers = await connect(calm.url.replace("/codes", "/stale"), timeout=2)
    store = Store(servers, offset=Offset(movable=True), prefix="cs")
    with pytest.raises(StoreUnavailable, match="no connection"):
        await store.webhooks.count(0)
    with pytest.raises(Unreachable, match="not the primary"):
        await store.at(0).get("cs:{p00}:anything")
    await servers.aclose()


async def test_a_service_nobody_knows_is_unavailable(calm):
    servers = await connect(calm.url.replace("/codes", "/nobody"), timeout=2)
    store = Store(servers, offset=Offset(movable=True), prefix="cs")
    assert await store.state([0]) == "no answer"
    await servers.aclose()
