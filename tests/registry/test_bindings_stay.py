"""Sites, accounts and appids that change at run time, or in the file, while bindings lie under the old appid."""

from dataclasses import replace

from codesvc.sites.directory import Directory
from codesvc.web.context import SERVICES
from tests.registry.test_admin_api import ACCOUNT, ADMINS, BAR, ask, office  # noqa: F401  office is a fixture
from tests.world import running_world

OPENID = "o" + "A" * 27
OTHER = "wx" + "8" * 16


async def bound_site(world, account="second"):
    assert (await ask(world, "PUT", "/accounts/second", ACCOUNT)).status == 201
    assert (await ask(world, "PUT", "/sites/bar", BAR | {"account": account})).status == 201
    scopes = {"scopes": ["bindings", "openids"]}
    key = (await ask(world, "PUT", "/sites/bar/keys/server", scopes))["key"]
    assert (await world.call("PUT", "/v1/bindings/alice", {"openid": OPENID}, key=key)).status == 201
    return key


async def test_an_appid_changes_only_where_nothing_lies_under_it(office):  # noqa: F811
    await bound_site(office)
    for method, body in (("PUT", ACCOUNT | {"appid": OTHER}), ("PATCH", {"appid": OTHER})):
        refused = await ask(office, method, "/accounts/second", body)
        assert (refused.status, "bindings are stored under its appid" in refused.text) == (409, True)
    # Round about: the site goes, the appid changes, the site comes back under its name.
    assert (await ask(office, "DELETE", "/sites/bar")).status == 204
    assert (await ask(office, "PATCH", "/accounts/second", {"appid": OTHER})).status == 200
    refused = await ask(office, "PUT", "/sites/bar?again=true", BAR | {"account": "second"})
    assert (refused.status, ACCOUNT["appid"] in refused.text) == (409, True)
    # The way back, and everything is there.
    assert (await ask(office, "PATCH", "/accounts/second", {"appid": ACCOUNT["appid"]})).status == 200
    assert (await ask(office, "PUT", "/sites/bar?again=true", BAR | {"account": "second"})).status == 201
    key = (await ask(office, "PUT", "/sites/bar/keys/server", {"scopes": ["bindings"]}))["key"]
    assert (await office.call("GET", "/v1/bindings/alice", key=key)).status == 200


async def test_a_site_that_was_removed_on_purpose_refuses_no_start(office, store_url, tmp_path, capfd):  # noqa: F811
    await bound_site(office)
    assert (await ask(office, "DELETE", "/sites/bar")).status == 204
    assert (await ask(office, "DELETE", "/accounts/second")).status == 204
    capfd.readouterr()
    async with running_world(store_url, tmp_path, platform=office.platform, admin__keys=ADMINS) as world:
        assert (await world.call("GET", "/readyz", key=None)).status == 200
    said = capfd.readouterr()
    assert "bindings_of_no_site" not in said.out + said.err


async def test_an_account_that_is_renamed_in_the_file_leaves_no_site_of_the_store_silently(office):  # noqa: F811
    key = await bound_site(office, account="main")
    assert (await office.call("GET", "/v1/bindings/alice", key=key)).status == 200
    here = office.app[SERVICES]
    renamed = here.settings.accounts | {"wechat": here.settings.accounts["main"]}
    del renamed["main"]
    directory = Directory(replace(here.settings, accounts=renamed, sites={}), here.directory.kept)
    assert directory.without_account == ["site/bar"]
    assert here.directory.without_account == []
