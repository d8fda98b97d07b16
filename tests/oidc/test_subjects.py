"""A person's subject stays the same for ever: over bindings, master keys, and the account's own move."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from tests.oidc.parties import CONFIDENTIAL, SUBJECT_KEY, Browser, provider, told
from tests.people.test_account_move import Move
from tests.registry.test_admin_api import ADMIN, ADMINS
from tests.world import MASTER, Person, running_world


async def subject(world, person, site="shop"):
    browser = Browser(world, site)
    said = await browser.login(person)
    return (await browser.claims((await browser.exchange(said["code"])).json))["sub"]


async def test_it_outlives_bindings(new_world):
    async with new_world(**provider()) as world:
        person = await world.person()
        before = await subject(world, person)
        assert (await world.bind("u-1", person)).status == 201
        assert await subject(world, person) == before
        assert (await world.call("DELETE", "/v1/bindings/u-1")).status == 204
        assert (await world.bind("u-2", person)).status == 201
        assert await subject(world, person) == before
        assert await subject(world, await world.bound("u-3")) != before


async def test_it_outlives_a_rotation_of_the_master_key_and_old_signatures_stay_good(new_world):
    async with new_world(**provider()) as world:
        person, browser = await world.person(), Browser(world)
        said = await browser.login(person)
        tokens = (await browser.exchange(said["code"])).json
        before, platform = await browser.claims(tokens), world.platform
        port = int(world.service.rpartition(":")[2])
    fresh = {"master_key": "another master key that is only for tests, 9876543210", "previous_master_keys": [MASTER]}
    async with new_world(**provider(secrets=fresh), platform=platform, service_port=port) as world:
        browser = Browser(world)
        assert await subject(world, Person(world, person.openid)) == before["sub"]
        assert await browser.claims(tokens) == before
        assert (await browser.userinfo(tokens["access_token"]))["sub"] == before["sub"]


async def test_another_subject_key_is_refused_and_not_used(new_world):
    async with new_world(**provider()) as world:
        await subject(world, await world.person())
    async with new_world(**provider(oidc__subject_key=SUBJECT_KEY[::-1])) as world:
        said = told(await Browser(world).authorize())
        assert said["error"] == "server_error"
        assert (await Browser(world).get("/oidc/shop/jwks.json")).status == 503


async def test_no_app_is_registered_under_another_subject_key(new_world):
    """Nobody could log in to it, and its secret would be lost."""
    app, path = {"name": "Notes", "redirect_uris": ["https://notes.example/"]}, "/admin/v1/sites/shop/oidc-clients"
    async with new_world(**provider()) as world:
        await subject(world, await world.person())
    async with new_world(**provider(oidc__subject_key=SUBJECT_KEY[::-1], admin__keys=ADMINS)) as world:
        refused = await world.call("PUT", f"{path}/notes", app, key=ADMIN)
        assert (refused.status, "oidc.subject_key" in refused["detail"]) == (409, True)
        assert "notes" not in (await world.call("GET", path, key=ADMIN)).text


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("bound", [False, True])
async def test_it_outlives_the_move_of_the_account_to_another_appid(store_url, tmp_path, inside, bound):
    async with AsyncExitStack() as before:
        world = await before.enter_async_context(running_world(store_url, tmp_path, **provider()))
        move = Move(before, world, store_url, tmp_path, inside=inside)
        person = await world.bound("u-1") if bound else await world.person()
        known = await subject(world, person)
        await move.migrate()
        status, out, err = await move.move("--site", "shop")
        assert status == 0, out + err
        async with move.after(**provider(CONFIDENTIAL)) as world:
            successor = Person(world, await move.successor(person))
            assert successor.openid != person.openid
            assert await subject(world, successor) == known
            stranger = await move.stranger(world)
            assert await subject(world, stranger) != known
