"""A store whose data are gone is not said to be well: /readyz, the metrics and the overview name it."""

from __future__ import annotations

import re

import pytest
import structlog

from codesvc.store.deployment_keys import PartitionKeys
from codesvc.store.marks import Marks
from codesvc.store.partitions import DEPLOYMENT
from codesvc.web.context import SERVICES
from tests.service.test_admin import ADMIN, signed_in
from tests.service.test_other_incidents import components, names
from tests.webhooks.receiver import until
from tests.world import OPERATOR_KEY


async def state_is(world, wanted):
    async def found():
        store = (await components(world))["store"]
        return store if store["state"] == wanted else None

    return await until(found)


@pytest.mark.parametrize("how", ["emptied", "another one"])
async def test_a_store_that_was_emptied_while_the_service_runs(new_world, valkey, how):
    async with new_world(admin=ADMIN) as world, signed_in(world) as lan:
        assert (await components(world))["store"]["state"] == "ok"
        marks = {name: valkey.get(name) for name in valkey.scan_iter("cs:*:mark")}
        assert marks, "the service marks its store when it starts"
        assert all(valkey.ttl(name) == -1 for name in marks)
        valkey.flushall()
        if how == "another one":
            for name in marks:
                valkey.set(name, b"1700000000000-other")
        store = await state_is(world, "emptied")
        assert "restore a backup" in store["means"]
        await names(lan, "存储里的数据没有了")
        # The probe has marked the empty store, which does not make the loss good.
        assert (await components(world))["store"]["state"] == "emptied"
        for name, mark_before in marks.items():
            valkey.set(name, mark_before)  # as a backup would
        assert "data since" in (await state_is(world, "ok"))["means"]


@pytest.mark.parametrize("which", ["of an account", "of the deployment"])
async def test_one_partition_that_was_emptied(new_world, valkey, which):
    async with new_world() as world:
        lost = world.app[SERVICES].directory.partitions() if which == "of an account" else {DEPLOYMENT}
        for partition in lost:
            assert valkey.delete(PartitionKeys("cs", partition).mark) == 1
        await state_is(world, "emptied")


def test_a_partition_that_comes_later_is_no_loss():
    marks = Marks()
    marks.note(3, "5-a")
    marks.note(9, f"7-{marks.own_id}")
    assert (marks.emptied, marks.new, marks.since) == (False, [9], {3: 5, 9: 7})
    marks.note(3, f"8-{marks.own_id}")
    assert marks.emptied


async def test_metrics_say_how_old_the_data_are(new_world, valkey):
    async with new_world() as world:
        name, *_ = valkey.scan_iter("cs:*:mark")
        valkey.set(name, b"1700000000000-other")

        async def shown():
            text = (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
            return re.search(r"^codesvc_store_data_since_seconds\{.*\} 1(700000000\.0|\.7e\+09)$", text, re.MULTILINE)

        assert await until(shown)


async def test_a_start_on_a_store_without_data_is_in_the_log(new_world):
    with structlog.testing.capture_logs() as lines:
        async with new_world():
            pass
        assert [line for line in lines if line["event"] == "store_new"]
        lines.clear()
        async with new_world():
            pass
        assert not [line for line in lines if line["event"] == "store_new"]
