"""Two processes on one store with different master keys: each says so, before anybody's code is wrong."""

from __future__ import annotations

import pytest

from codesvc.domain.clock import Offset
from codesvc.domain.keyring import Keyring
from codesvc.service.master_keys import MasterKeyWatch
from codesvc.sites.registry.contents import Contents
from codesvc.sites.registry.sealing import Sealer
from codesvc.store.connection import connect
from codesvc.store.deployment_keys import DeploymentKeys
from codesvc.store.store import Store
from tests.service.test_admin import ADMIN, signed_in
from tests.service.test_other_incidents import components, names
from tests.world import MASTER, OPERATOR_KEY, running_world

OTHER = "another master key that is only for tests, 9876543210zyxw"


@pytest.fixture
async def store(store_url):
    servers = await connect(store_url, timeout=5)
    yield Store(servers, offset=Offset(movable=True), prefix="cs")
    await servers.aclose()


def process(store, current, *previous):
    keyring = Keyring(current.encode(), [each.encode() for each in previous])
    return MasterKeyWatch(store, keyring, Contents(Sealer(keyring)))


async def states(*processes):
    """What each says when all have looked, the first one once more."""
    for each in (*processes, processes[0]):
        await each.look()
    return [each.condition.state for each in processes]


async def test_each_of_two_processes_names_the_key_that_it_lacks(store, valkey):
    first, second = process(store, MASTER), process(store, OTHER)
    assert "not known" in first.condition.means
    assert await states(first, second) == ["differs", "differs"]
    assert Keyring(OTHER.encode()).current.key_id in first.condition.means
    assert valkey.ttl(DeploymentKeys("cs").master_keys) > 0


async def test_a_key_that_is_replaced_as_documented_is_known_at_each_step(store):
    old, knows_both, new = process(store, OTHER), process(store, OTHER, MASTER), process(store, MASTER, OTHER)
    assert await states(old, knows_both) == ["ok", "ok"]
    assert await states(knows_both, new) == ["ok", "ok"]
    assert await states(old, new) == ["differs", "ok"]


async def test_a_process_that_has_ended_is_forgotten(store):
    first, second = process(store, MASTER), process(store, OTHER)
    assert await states(first, second) == ["differs", "differs"]
    store.offset.move_to(46_000)
    await first.look()
    assert first.condition.state == "ok"
    assert await store.master_keys.read() == {Keyring(MASTER.encode()).current.key_id}


async def test_readiness_metrics_and_overview_name_it(new_world, store_url, tmp_path):
    async with (
        running_world(store_url, tmp_path, secrets__master_key=OTHER),
        new_world(admin=ADMIN) as world,
        signed_in(world) as lan,
    ):
        await names(lan, "用了另一个主密钥")
        assert (await components(world))["master_key"]["state"] == "differs"
        shown = (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
        assert "codesvc_master_key_unknown 1.0" in shown
