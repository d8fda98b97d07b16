"""What was made for a site does not act for the next site that gets its name, in the file or in the registry."""

from __future__ import annotations

import pytest

from codesvc.config.api_keys import hash_line
from codesvc.doctor import registry_entries
from codesvc.web.context import SERVICES
from tests.oidc.parties import CALLBACK, SUBJECT_KEY
from tests.registry.test_admin_api import ADMINS, BAR, ask
from tests.registry.test_bindings_stay import OPENID

FILE_KEY = "csk_bar_" + "f" * 43
SCOPES = {"scopes": ["verify", "bindings", "openids"]}
APP = {"name": "App", "redirect_uris": [CALLBACK]}
ISSUER = {"oidc__subject_key": SUBJECT_KEY}
IN_FILE = {
    "name": "Bar of the file",
    "account": "main",
    "oidc": {},
    "keys": [{"name": "server", "hash": hash_line(FILE_KEY), "scopes": SCOPES["scopes"]}],
}


@pytest.fixture
def office(new_world):
    def made(**more):
        return new_world(admin__keys=ADMINS, **ISSUER, **more)

    return made


async def new_key(world, name="support"):
    made = await ask(world, "PUT", f"/sites/bar/keys/{name}", SCOPES)
    assert made.status == 201, made.text
    return made["key"]


async def with_key_and_app(world):
    """A key and an app, made by the admin API; the key."""
    key = await new_key(world)
    assert (await ask(world, "PUT", "/sites/bar/oidc-clients/app", APP)).status == 201
    return key


async def is_in(world, key):
    return (await world.call("GET", "/v1/bindings/alice", key=key)).status != 401


async def knows_the_app(world):
    """Whether the issuer leads people on to the app's login."""
    query = f"response_type=code&client_id=app&redirect_uri={CALLBACK}&scope=openid"
    return (await world.call("GET", f"/oidc/bar/authorize?{query}", key=None)).status == 303


async def test_a_site_of_the_file_leaves_no_key_app_or_binding_to_a_site_of_the_registry(office):
    async with office(sites__bar=IN_FILE) as world:
        key = await with_key_and_app(world)
        assert (await world.call("PUT", "/v1/bindings/alice", {"openid": OPENID}, key=key)).status == 201
    async with office() as world:
        refused = await ask(world, "PUT", "/sites/bar", BAR | {"oidc": {}})
        assert (refused.status, refused.problem) == (409, "registry-conflict"), refused.text
        assert (await ask(world, "PUT", "/sites/bar?again=true", BAR | {"oidc": {}})).status == 201
        assert not await is_in(world, key)
        assert (await ask(world, "GET", "/sites/bar/keys"))["keys"] == []
        assert (await ask(world, "GET", "/sites/bar/oidc-clients"))["clients"] == []
        assert not await knows_the_app(world)
        # `again` says that it is the same customer: their people are theirs.
        assert (await world.call("GET", "/v1/bindings/alice", key=await new_key(world)))["openid"] == OPENID


@pytest.mark.parametrize("left", ["key", "app", "binding"])
async def test_each_of_them_keeps_the_name(office, left):
    async with office(sites__bar=IN_FILE) as world:
        if left == "key":
            await new_key(world)
        elif left == "app":
            assert (await ask(world, "PUT", "/sites/bar/oidc-clients/app", APP)).status == 201
        else:
            assert (await world.call("PUT", "/v1/bindings/alice", {"openid": OPENID}, key=FILE_KEY)).status == 201
    async with office() as world:
        assert (await ask(world, "PUT", "/sites/bar", BAR)).status == 409


async def test_a_name_with_nothing_left_is_free(office):
    async with office(sites__bar=IN_FILE) as world:
        assert (await world.call("PUT", "/v1/bindings/alice", {"openid": OPENID}, key=FILE_KEY)).status == 201
        assert (await world.call("DELETE", "/v1/bindings/alice", key=FILE_KEY)).status == 204
    async with office() as world:
        assert (await ask(world, "PUT", "/sites/bar", BAR)).status == 201
        # Nor does anything keep a site that is there from being changed.
        await new_key(world)
        assert (await ask(world, "PUT", "/sites/bar", BAR | {"origins": []})).status == 200


async def test_keys_and_apps_of_a_site_rest_while_the_file_has_its_name(office, capfd):
    async with office() as world:
        assert (await ask(world, "PUT", "/sites/bar", BAR | {"oidc": {}})).status == 201
        key = await with_key_and_app(world)
        assert await is_in(world, key)
        assert await knows_the_app(world)
    capfd.readouterr()
    async with office(sites__bar=IN_FILE) as world:
        said = "".join(capfd.readouterr())
        assert not await is_in(world, key)
        assert not await knows_the_app(world)
        for entry in ("site/bar", "key/bar/support", "oidc-client/bar/app"):
            assert f"entry={entry} " in said, said
        assert [key["kept"] for key in (await ask(world, "GET", "/sites/bar/keys"))["keys"]] == ["file"]
        assert (await ask(world, "GET", "/sites/bar/oidc-clients"))["clients"] == []
        # Whose would they be?
        assert (await ask(world, "PUT", "/sites/bar/keys/more", SCOPES)).problem == "registry-conflict"
        assert (await ask(world, "PUT", "/sites/bar/oidc-clients/more", APP)).problem == "registry-conflict"
    async with office() as world:
        assert await is_in(world, key), "the file has given the name back"
    async with office(sites__bar=IN_FILE) as world:
        assert (await ask(world, "DELETE", "/sites/bar")).status == 204
        assert (await ask(world, "GET", "/sites/bar"))["kept"] == "file"
        assert (await ask(world, "DELETE", "/sites/bar")).problem == "registry-conflict"
        more = await with_key_and_app(world)
        assert await is_in(world, more)
        assert await knows_the_app(world)
        assert not await is_in(world, key)


async def test_a_key_and_an_app_of_the_registry_are_removed_although_the_file_has_their_names(office):
    app = APP | {"id": "app"}
    async with office(sites__bar=IN_FILE) as world:
        leaked = await with_key_and_app(world)
    own = IN_FILE | {
        "keys": [*IN_FILE["keys"], {"name": "support", "hash": hash_line("csk_bar_" + "n" * 43), "scopes": ["verify"]}],
        "oidc": {"clients": [app]},
    }
    async with office(sites__bar=own) as world:
        assert await is_in(world, leaked)
        for path in ("/sites/bar/keys/support", "/sites/bar/oidc-clients/app"):
            assert (await ask(world, "DELETE", path)).status == 204
            assert (await ask(world, "DELETE", path)).problem == "registry-conflict", "the file's is changed there"
        assert not await is_in(world, leaked)
        assert await world.call("GET", "/v1/bindings/alice", key="csk_bar_" + "n" * 43), "the file's stays"


async def test_keys_and_apps_whose_site_is_gone_are_named_and_can_be_removed(office, capfd):
    async with office(sites__bar=IN_FILE) as world:
        await with_key_and_app(world)
    capfd.readouterr()
    async with office() as world:
        said, directory = "".join(capfd.readouterr()), world.app[SERVICES].directory
        for entry in ("key/bar/support", "oidc-client/bar/app"):
            assert f"entry={entry} " in said, said
        [finding] = [each for each in registry_entries.findings(directory) if each.status == "warn"]
        assert "key/bar/support" in finding.found
        for path in ("/sites/bar/keys/support", "/sites/bar/oidc-clients/app"):
            assert (await ask(world, "DELETE", path)).status == 204
            assert (await ask(world, "DELETE", path)).status == 404
        assert all(each.status == "ok" for each in registry_entries.findings(directory))
        assert (await ask(world, "PUT", "/sites/bar", BAR)).status == 201
