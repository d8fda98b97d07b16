"""A site whose key was removed or mistyped gets only 401: the overview names it, and no stranger can pretend it."""

from __future__ import annotations

import re

import pytest

from codesvc.config.api_keys import new_key, sites_named_by
from codesvc.domain.clock import unix_ms
from codesvc.web.context import SERVICES
from tests.service.test_other_incidents import WELL, names, watched
from tests.world import KEY, OPERATOR_KEY

MISTYPED = new_key("shop", bytes(32))[:-1]
BODY = {"purpose": "register", "user": "u1", "client_ip": "198.51.100.7"}


async def refused(world, key, times=3):
    for _ in range(times):
        answer = await world.call("POST", "/v1/verifications", BODY, key=key)
        assert answer.status == 401


async def valid(world):
    await world.call("GET", "/v1/bindings/nobody", key=KEY)
    await world.app[SERVICES].key_uses.write(spaced=False)


async def counted(world):
    """How many calls with an unknown key named each site, as the metrics of this process say."""
    shown = (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
    found = re.findall(r'codesvc_keys_refused_total\{site="(\w+)"\} (\S+)', shown)
    return {site: float(count) for site, count in found}


@pytest.mark.parametrize(
    ("key", "sites"),
    [
        (new_key("shop", bytes(32)), ["shop"]),
        (new_key("shop_eu", b"\xff" * 32), None),
        ("csk_shop_", ["shop"]),
        (new_key("a" * 32, bytes(32)), ["a" * 32]),
        ("csk_shop", []),
        ("csa_shop_x", []),
        ("", []),
    ],
)
def test_the_sites_that_a_key_may_name(key, sites):
    found = sites_named_by(key)
    assert "shop_eu" in found if sites is None else found == sites


async def test_a_site_that_is_refused_and_makes_no_valid_call(new_world):
    async with watched(new_world) as (world, lan):
        await refused(world, MISTYPED, times=2)
        assert "（401）" not in (await lan.get("/admin"))[2], "two calls are a trial"
        await refused(world, MISTYPED, times=1)
        await names(lan, "shop：调用都被拒绝（401），没有一个被接受（上一次：从未有过）")
        await valid(world)
        await names(lan, "shop：有些调用写着它的名字，用的却是不认识的密钥")
        assert "没有一个被接受" not in (await lan.get("/admin"))[2]
        await world.advance(16 * 60)
        assert "不认识的密钥" not in (await lan.get("/admin"))[2]


async def test_a_site_whose_valid_calls_ended_before(new_world):
    async with watched(new_world) as (world, lan):
        await valid(world)
        await world.advance(120)
        await refused(world, MISTYPED)
        await names(lan, "没有一个被接受")
        assert "从未有过" not in (await lan.get("/admin"))[2]


@pytest.mark.parametrize("key", ["x" * 40, new_key("nobody", bytes(32)), "csk_" + "_" * 5_000, "csk_\udcff_x"])
async def test_a_key_that_names_no_site_is_counted_for_none(new_world, key):
    async with watched(new_world) as (world, lan):
        before = await counted(world)
        await refused(world, key)
        page = (await lan.get("/admin"))[2]
        assert "（401）" not in page
        assert WELL not in page  # nothing was used yet
        assert await counted(world) == before


async def test_metrics_tell_a_valid_call_from_a_refused_one(new_world):
    async with new_world() as world:
        await valid(world)
        before = (await counted(world)).get("shop", 0)
        await refused(world, MISTYPED)
        assert (await counted(world))["shop"] == before + 3
        shown = (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
        [called] = re.findall(r'codesvc_site_called_seconds\{site="shop"\} (\S+)', shown)
        assert unix_ms() / 1000 - float(called) < 60
