"""Calls that wait for their turn while what they were admitted by is removed: they do nothing afterwards."""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import asynccontextmanager, closing

import pytest

from codesvc.web.context import SERVICES
from codesvc.web.site_calls import SiteCall
from tests.registry.test_admin_api import ADMINS, ask
from tests.registry.test_former_sites import EVERYTHING, is_bound, let, let_anew, relaying
from tests.relay.conftest import stub_server
from tests.relay.forms import TOKEN
from tests.stores import until

OTHER = "another-token-of-the-system"
MESSAGE = json.dumps({"recipient": "+8613800138000", "code": "482913"}).encode()


@pytest.fixture
async def town(new_world):
    async with new_world(admin__keys=ADMINS) as world:
        yield world


@asynccontextmanager
async def in_line(world, calling, site="bar", kind=""):
    """The answer to a call that has waited for its turn until the end of this block."""
    calls = world.app[SERVICES].site_calls
    calls.most_at_once, calls.patience_seconds = 1, 60
    with closing(SiteCall(calls, site, kind)) as held:
        await held.turn()
        waiting = asyncio.create_task(calling)
        await until(lambda: calls.lines[site, kind].waiting)
        yield waiting
        assert not waiting.done()


def binding(world, person, key, **more):
    return world.call("PUT", "/v1/bindings/alice", {"openid": person.openid}, key=key, **more)


async def test_a_call_whose_key_is_removed_while_it_waits_is_refused(town):
    person, first = await town.person(), await let(town)
    second = (await ask(town, "PUT", "/sites/bar/keys/second", EVERYTHING))["key"]
    async with in_line(town, binding(town, person, first)) as waiting:
        assert (await ask(town, "DELETE", "/sites/bar/keys/server")).status == 204
    assert (await waiting).status == 401
    assert not await is_bound(town, second)


async def test_a_call_whose_key_has_lost_its_scope_while_it_waits_is_refused(town):
    person, key = await town.person(), await let(town)
    async with in_line(town, binding(town, person, key)) as waiting:
        assert (await ask(town, "DELETE", "/sites/bar/keys/server")).status == 204
        digest = "sha256:" + hashlib.sha256(key.encode()).hexdigest()
        less = {"scopes": ["verify"], "hash": digest}
        assert (await ask(town, "PUT", "/sites/bar/keys/server", less)).status == 201
    assert (await waiting).status == 403


async def test_a_call_of_a_former_site_that_waits_does_nothing_at_the_next_one_of_its_name(town):
    person, former = await town.person(), await let(town)
    async with in_line(town, binding(town, person, former)) as waiting:
        new = await let_anew(town)
    assert (await waiting).status == 401
    assert not await is_bound(town, new)


async def test_a_call_goes_on_that_waited_while_something_else_of_its_site_changed(town):
    person, key = await town.person(), await let(town)
    async with in_line(town, binding(town, person, key)) as waiting:
        assert (await ask(town, "PATCH", "/sites/bar", {"origins": []})).status == 200
    assert (await waiting).status == 201


@pytest.fixture
async def gateway():
    async with stub_server() as stub:
        yield stub


@pytest.fixture
async def site(town, gateway):
    """The settings of the site `bar`, which takes messages of an identity system."""
    town.app[SERVICES].site_calls.answer_seconds = 60
    settings = relaying(gateway)
    assert (await ask(town, "PUT", "/sites/bar", settings)).status == 201
    return settings


async def sent(world):
    headers = {"Content-Type": "application/json", "Authorization": TOKEN}
    async with world.http.post(f"{world.service}/inbound/generic/bar", data=MESSAGE, headers=headers) as answer:
        return answer.status


@pytest.mark.parametrize("removed", ["secret", "source", "site", "site, and made anew"])
async def test_an_identity_system_that_is_removed_while_its_call_waits_sends_nothing(town, site, valkey, removed):
    without = {"secret": {"own": {"secrets": [OTHER]}}, "source": {"own": None}}
    async with in_line(town, sent(town), kind="inbound") as waiting:
        if removed in without:
            assert (await ask(town, "PATCH", "/sites/bar", {"inbound": without[removed]})).status == 200
        else:
            assert (await ask(town, "DELETE", "/sites/bar")).status == 204
        if removed == "site, and made anew":
            anew = site | {"inbound": {"own": {"adapter": "generic", "secrets": [OTHER]}}}
            assert (await ask(town, "PUT", "/sites/bar?again=true", anew)).status == 201
    assert await waiting == 401
    assert not [*valkey.scan_iter(match="cs:*:message:*")]


@pytest.mark.usefixtures("site")
async def test_an_identity_system_goes_on_whose_site_changed_while_its_call_waited(town, gateway, valkey):
    async with in_line(town, sent(town), kind="inbound") as waiting:
        assert (await ask(town, "PATCH", "/sites/bar", {"origins": []})).status == 200
    assert await waiting == 200
    assert [*valkey.scan_iter(match="cs:*:message:*")]
    await until(lambda: gateway.requests)
