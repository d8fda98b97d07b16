"""A store that lost its latest writes is not said to be well: /readyz, metrics, overview and log name it."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager

import pytest
import structlog

from codesvc.domain.clock import Offset
from codesvc.store.connection import connect
from codesvc.store.deployment_keys import PartitionKeys
from codesvc.store.marks import Marks
from codesvc.store.store import Store
from codesvc.web.context import SERVICES
from tests import stores
from tests.service.test_admin import ADMIN, signed_in
from tests.service.test_lost_store import state_is
from tests.service.test_other_incidents import components, names
from tests.world import OPERATOR_KEY

PLACE = 3
KEYS = PartitionKeys("cs", PLACE)


class Copy:
    """The contents of a store at one time, as a replica that lags or a backup has them."""

    def __init__(self, valkey):
        self._valkey = valkey
        self._kept = {key: (valkey.dump(key), valkey.pttl(key)) for key in valkey.keys("*")}

    def takes_over(self):
        self._valkey.flushall()
        for key, (content, left) in self._kept.items():
            self._valkey.restore(key, max(left, 0), content)


@asynccontextmanager
async def connected(url, offset_ms=0):
    offset = Offset(movable=True)
    offset.move_to(offset_ms)
    servers = await connect(url, timeout=5)
    try:
        yield Store(servers, offset=offset, prefix="cs")
    finally:
        await servers.aclose()


@pytest.fixture
async def store(store_url):
    async with connected(store_url) as store:
        yield store


async def look(store, *processes):
    for marks in processes:
        assert await store.state([PLACE], marks) == "ok"


async def test_the_service_says_it_everywhere(new_world, valkey):
    async with new_world(admin=ADMIN) as world, new_world() as other, signed_in(world) as lan:
        assert (await components(world))["store"]["state"] == "ok"
        copy = Copy(valkey)
        await world.app[SERVICES].readiness._ask()
        with structlog.testing.capture_logs() as lines:
            copy.takes_over()
            store = await state_is(world, "rolled back")
        assert re.search(r"between 20\d\d-.*Z and 20\d\d-.*Z", store["means"])
        [line] = [line for line in lines if line["event"] == "store_rolled_back"]
        assert (line["log_level"], line["since"] < line["until"]) == ("error", True)
        await names(lan, "存储丢失了最近的写入")
        metrics = (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
        seconds = re.findall(r"^codesvc_store_lost_seconds\{.*\} (.+)$", metrics, re.MULTILINE)
        assert 0 < max(map(float, seconds)) < 60
        ready = await world.call("GET", "/readyz", key=OPERATOR_KEY)
        assert (ready.status, ready["store"]) == (200, "ok"), "it works"
        # Every process says it, also one that has lost nothing of its own; and the next one.
        await state_is(other, "rolled back")
        async with new_world() as later:
            await state_is(later, "rolled back")
        # A day later it is over.
        for key in valkey.keys("*:lost-writes"):
            assert 86_000_000 < valkey.pttl(key) <= 86_400_000
            valkey.delete(key)
        await state_is(world, "ok")


async def test_a_replica_that_lagged_becomes_the_primary():
    """Each process knows by its own turn alone what the store had acknowledged to it."""
    with stores.tcp_server() as primary, stores.tcp_server("--replicaof", "127.0.0.1", str(primary.port)) as replica:
        copies = replica.client
        here, there, quiet = Marks(), Marks(), Marks()
        async with connected(f"redis://127.0.0.1:{primary.port}") as store:
            await look(store, here, there, quiet)
            await stores.until(lambda: copies.get(KEYS.mark) and copies.zcard(KEYS.turns) == 3)
            copies.replicaof("NO", "ONE")
            await look(store, here, there)
        async with connected(f"redis://127.0.0.1:{replica.port}") as store:
            # One that has nothing to miss, and many looks of it, hide nothing from the others.
            for _ in range(10):
                await look(store, quiet)
            assert quiet.lost is None
            await look(store, there)
            assert there.lost
            first = there.lost
            await look(store, here, quiet)
            # What one of them has lost earlier or later belongs to it.
            assert here.lost[0] <= first[0]
            assert here.lost[1] >= first[1]
            assert quiet.lost == here.lost
            # Nothing is lost a second time.
            copies.delete(KEYS.lost_writes)
            await look(store, here, there, quiet)
            assert (here.lost, there.lost, quiet.lost) == (None, None, None)


async def test_nothing_is_lost_while_the_store_goes_on(store_url, store, valkey):
    here, there = Marks(), Marks()
    # Several processes, one of which is slow.
    for _ in range(20):
        await look(store, here, there, here)
    # The store's clock jumps ahead, and back to before everything.
    async with connected(store_url, 86_400_000) as ahead, connected(store_url, -86_400_000) as behind:
        for at in (ahead, store, behind, store):
            await look(at, here, there)
    # A restart, and more processes than the store has places for; one of those that have none comes again.
    crowd = [Marks() for _ in range(300)]
    await look(store, *crowd)
    assert valkey.zcard(KEYS.turns) == 256
    await look(store, here, there, *crowd)
    assert not valkey.exists(KEYS.lost_writes)
    assert not any(marks.lost for marks in (here, there, *crowd))


async def test_an_answer_that_comes_late_is_no_loss(store):
    """Two looks of a process cross: that the earlier one is noted last says nothing about the store."""
    marks = Marks()
    await look(store, marks)
    mark_seen, turn = marks.latest(PLACE)
    await look(store, marks)
    marks.note(PLACE, mark_seen, turn)
    await look(store, marks)
    assert marks.lost is None


async def test_a_copy_from_before_this_process_began(store, valkey):
    before, here = Marks(), Marks()
    await look(store, before)
    copy = Copy(valkey)
    await look(store, here)
    copy.takes_over()
    await look(store, here)
    assert here.lost
    # Nor does it need another process's turn to say since when.
    valkey.delete(KEYS.turns, KEYS.lost_writes)
    await look(store, here)
    assert here.lost[0] == here.lost[1] - 1


@pytest.mark.parametrize("how", ["emptied", "another one"])
async def test_a_store_that_is_another_one_has_lost_nothing(store, valkey, how):
    """That is `emptied`; in the other deployment nothing is wrong."""
    marks = Marks()
    await look(store, marks)
    valkey.flushall()
    if how == "another one":
        await look(store, Marks())
    for _ in range(3):
        await look(store, marks)
        assert marks.lost is None


async def test_who_only_looks_leaves_nothing(store, valkey):
    assert await store.state([PLACE]) == "ok"
    assert not valkey.exists(KEYS.turns)
