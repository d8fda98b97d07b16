"""Entries sealed under a master key that a process lacks: there, not usable here, and not the process's to replace."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from codesvc.config import parse
from codesvc.doctor.binding_state import check
from codesvc.doctor.finding import Status
from codesvc.doctor.store_probe import ReachableStore
from codesvc.domain.page_token import PageSubject
from codesvc.sites.registry.tables import UnreadableEntry
from codesvc.store.deployment_keys import DeploymentKeys
from codesvc.web.context import SERVICES
from tests.oidc.parties import SUBJECT_KEY, Browser
from tests.registry.test_admin_api import ACCOUNT, ADMINS, BAR, a_site, ask
from tests.registry.test_registry import OTHER_MASTER
from tests.world import MASTER, document

ISSUER = {"oidc__subject_key": SUBJECT_KEY, "sites__shop__oidc": {}, "admin__keys": ADMINS}
AHEAD = ISSUER | {"secrets__master_key": OTHER_MASTER, "secrets__previous_master_keys": [MASTER]}
WIKI = {"name": "Wiki", "redirect_uris": ["https://wiki.example/back"]}
NEIGHBOUR = ACCOUNT | {"appid": "wx" + "8" * 16}


@pytest.fixture
async def two(new_world):
    """A process with the next master key, and one on the same store that missed the first step of its replacement."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(new_world(**settings)) for settings in (AHEAD, ISSUER)]


async def read_by(process):
    """The process has all changes."""
    await process.app[SERVICES].registry.refresh()


def texts(process):
    return dict(process.app[SERVICES].directory.kept.texts)


async def published(world):
    found = await Browser(world).get("/oidc/shop/jwks.json")
    return found.status, sorted(key["kid"] for key in found.json.get("keys", ()))


async def test_signing_keys_are_replaced_by_no_process_that_cannot_read_them(two):
    ahead, behind = two
    status, keys = await published(ahead)
    assert (status, len(keys)) == (200, 2)
    await read_by(behind)
    for _ in range(3):
        assert await published(behind) == (503, [])
    parties = behind.app[SERVICES].oidc.parties
    with pytest.raises(UnreadableEntry, match="oidc-keys/all"):
        await parties.rotate(2**53, by="test")
    await read_by(ahead)
    assert await published(ahead) == (200, keys)


async def test_keys_whose_master_key_is_gone_are_replaced_where_an_operator_says_so(new_world):
    async with new_world(**AHEAD) as ahead:
        _, keys = await published(ahead)
    async with new_world(**ISSUER) as behind:
        assert await published(behind) == (503, [])
        parties = behind.app[SERVICES].oidc.parties
        assert len((await parties.rotate(2**53, by="test", new=True)).keys) == 2
        status, others = await published(behind)
        assert (status, len(others), set(others) & set(keys)) == (200, 2, set())


async def test_a_sites_calls_are_put_off_and_its_settings_refused_where_its_entry_cannot_be_read(two):
    ahead, behind = two
    key = await a_site(ahead)
    begun = (await ahead.start(key=key))["id"]
    assert (await ask(ahead, "PUT", "/accounts/second", ACCOUNT)).status == 201
    assert (await ask(ahead, "PUT", "/sites/shop/oidc-clients/wiki", WIKI)).status == 201
    await read_by(behind)
    before = texts(behind)
    assert (await behind.start(key=key)).status == 503
    assert (await behind.call("GET", "/wechat/second", key=None)).status == 503
    assert (await Browser(behind, "bar").get("/oidc/bar/jwks.json")).status == 503
    token = behind.app[SERVICES].page_tokens.sign(PageSubject("bar", begun))
    for language, shown in (("text/html", "<html"), ("application/json", '"status":503')):
        answer = await behind.http.get(f"{behind.service}/p/{token}", headers={"Accept": language})
        assert (answer.status, shown in await answer.text()) == (503, True)
    for method, path, body in [
        ("GET", "/sites/bar", None),
        ("PUT", "/sites/bar", BAR | {"name": "Another customer"}),
        ("PUT", "/sites/bar?again=true", BAR | {"name": "Another customer"}),
        ("PATCH", "/sites/bar", {"name": "Another customer"}),
        ("GET", "/sites/bar/keys", None),
        ("PUT", "/sites/bar/keys/other", {"scopes": ["verify"]}),
        ("PUT", "/sites/next", BAR),  # its words may be those of bar
        ("GET", "/accounts/second", None),
        ("PUT", "/accounts/second", NEIGHBOUR),
        ("PATCH", "/accounts/second", {"name": "Another"}),
        ("PUT", "/accounts/third", ACCOUNT),  # with the appid of second
        ("PUT", "/sites/shop/oidc-clients/wiki", WIKI),
    ]:
        answer = await ask(behind, method, path, body)
        assert (answer.status, answer.problem) == (503, "unavailable"), (method, path, answer.text)
    await read_by(behind)
    assert texts(behind) == before
    # What goes with neither is still possible, and so is a removal: an operator may know that the key is gone for good.
    # The answer is 503 where the other process has encrypted the new account anew before this one reads it.
    assert (await ask(behind, "PUT", "/accounts/third", NEIGHBOUR)).status in {201, 503}
    assert "account/third" in texts(behind)
    assert (await ask(behind, "DELETE", "/sites/bar")).status == 204
    assert (await ask(behind, "DELETE", "/accounts/second")).status == 204


async def test_no_change_replaces_an_entry_that_cannot_be_read(two):
    ahead, behind = two
    await a_site(ahead)
    await read_by(behind)

    async def replace():
        return {"site/bar": dict(BAR)}

    with pytest.raises(UnreadableEntry, match="site/bar"):
        await behind.app[SERVICES].registry.change(replace, by="test")


async def test_readiness_names_the_missing_key_also_where_no_other_process_runs(new_world, valkey):
    async with new_world(**AHEAD) as ahead:
        await a_site(ahead)
    valkey.delete(DeploymentKeys("cs").master_keys)
    for settings, state, entries in ((ISSUER, "differs", 2), (AHEAD, "ok", 0)):
        async with new_world(**settings) as world:
            [said] = [each for each in world.app[SERVICES].readiness.of_process() if each.component == "master_key"]
            assert (said.state, f"{entries} entries of the registry" in said.means) == (state, bool(entries))
            valkey.delete(DeploymentKeys("cs").master_keys)


async def test_the_mark_of_a_removed_site_needs_no_key(new_world):
    """Its name says all, and no command removes it: with a lost key it would be a fault for ever."""
    async with new_world(**AHEAD) as ahead:
        await a_site(ahead)
        assert (await ask(ahead, "DELETE", "/sites/bar")).status == 204
    async with new_world(**ISSUER) as behind:
        kept = behind.app[SERVICES].directory.kept
        assert (list(kept.texts), kept.lost()) == (["removed/bar"], [])
        assert (await ask(behind, "PUT", "/sites/bar", BAR)).status == 409
        assert (await ask(behind, "PUT", "/sites/bar?again=true", BAR)).status == 201


async def test_check_names_the_entries(two, tmp_path):
    ahead, behind = two
    await published(ahead)
    place = ReachableStore(ahead.app[SERVICES].store.servers, "here")
    for world, settings, passes in ((ahead, AHEAD, True), (behind, ISSUER, False)):
        tables = document(world.service, world.sandbox, **settings)
        found = await check(parse(tables, env={}, directory=tmp_path), place)
        [registry] = [each for each in found if each.what == "registry"]
        assert (registry.status is Status.OK) is passes, registry
        assert ("oidc-keys/all" in registry.found) is not passes
