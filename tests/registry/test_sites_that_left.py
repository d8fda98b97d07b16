"""What was begun at a site does nothing in its old account's chat once the site is gone, or at another account."""

import pytest

from codesvc.service.misplaced_bindings import BindingsElsewhere, find_misplaced, require_in_place
from codesvc.store.bindings import Bind
from codesvc.store.outcomes import Outcome
from codesvc.store.partitions import partition_of
from codesvc.web.context import SERVICES
from tests.people.asks import bind_intent, login, read, reply
from tests.registry.test_admin_api import ACCOUNT, ADMINS, BAR, ask, office  # noqa: F401  office is a fixture
from tests.world import running_world

SCOPES = {"scopes": ["verify", "bindings", "openids"]}
APPIDS = {"elsewhere": "wx" + "7" * 16, "beside": "wx" + "a" * 16}
MOVES = [None, "elsewhere", "beside"]
"""Removed only; anew at an account in another partition; anew at one in the same partition."""


def test_the_accounts_lie_as_their_names_say(office):  # noqa: F811
    partition = partition_of(office.app[SERVICES].settings.accounts["main"].appid)
    assert {name: partition_of(appid) == partition for name, appid in APPIDS.items()} == {
        "elsewhere": False,
        "beside": True,
    }


async def new_key(world):
    return (await ask(world, "PUT", "/sites/bar/keys/server", SCOPES))["key"]


async def begun_site(world, **more):
    """The site at its first account; its key."""
    assert (await ask(world, "PUT", "/sites/bar", BAR | more)).status == 201
    return await new_key(world)


async def leave(world, move):
    """The site is removed, and perhaps made anew at another account; its new key."""
    assert (await ask(world, "DELETE", "/sites/bar")).status == 204
    if move is None:
        return None
    assert (await ask(world, "PUT", "/accounts/second", ACCOUNT | {"appid": APPIDS[move]})).status == 201
    assert (await ask(world, "PUT", "/sites/bar?again=true", BAR | {"account": "second"})).status == 201
    return await new_key(world)


async def assert_nothing_bound(world, valkey, name):
    assert [*valkey.scan_iter(match=f"cs:*:binding:bar:{name}")] == []
    here = world.app[SERVICES]
    assert await find_misplaced(here.store, here.directory) == []


@pytest.mark.parametrize("scanned", [False, True])
@pytest.mark.parametrize("move", MOVES)
async def test_a_yes_in_the_old_chat_binds_nobody(office, valkey, move, scanned):  # noqa: F811
    key, person = await begun_site(office), await office.person()
    started = await bind_intent(office, key=key)
    if scanned:
        assert started["reference"] in await reply(person, started["scan"]["keyword"])
    await leave(office, move)
    if not scanned:
        assert "失效" in await reply(person, started["scan"]["keyword"])
    assert "绑定" not in (await reply(person, "确认") or "")
    await assert_nothing_bound(office, valkey, "alice")


@pytest.mark.parametrize("move", MOVES)
async def test_a_scan_that_binds_at_once_binds_nobody(office, valkey, move):  # noqa: F811
    key, person = await begun_site(office, confirm_bind=False), await office.person()
    started = await bind_intent(office, key=key)
    await leave(office, move)
    assert "失效" in await reply(person, started["scan"]["keyword"])
    await assert_nothing_bound(office, valkey, "alice")


async def test_the_owner_moves_no_user_of_a_site_that_left(office, valkey):  # noqa: F811
    key, owner, other = await begun_site(office), await office.person(), await office.person()
    first = await bind_intent(office, key=key)
    await reply(owner, first["scan"]["keyword"])
    await reply(owner, "确认")
    again = await bind_intent(office, key=key)
    await reply(other, again["scan"]["keyword"])
    await reply(other, "确认")
    assert (await read(office, again, key=key))["status"] == "conflict"
    await leave(office, None)
    assert "绑定" not in (await reply(owner, f"同意换绑 {again['reference']}") or "")
    (name,) = valkey.scan_iter(match="cs:*:binding:bar:alice")
    assert valkey.hget(name, "openid").decode() == owner.openid


@pytest.mark.parametrize("move", ["elsewhere", "beside"])
async def test_a_handle_of_the_old_account_binds_nobody(office, valkey, move):  # noqa: F811
    key, person = await begun_site(office), await office.person()
    begun = await login(office, key=key)
    await reply(person, begun["scan"]["keyword"])
    await reply(person, "确认")
    handle = (await read(office, begun, key=key))["handle"]
    key = await leave(office, move)
    refused = await office.call("PUT", "/v1/bindings/bob", {"handle": handle}, key=key)
    assert (refused.status, refused.problem) == (422, "bad-proof"), refused.text
    assert (await office.call("GET", f"/v1/bindings?handle={handle}", key=key)).status == 422
    await assert_nothing_bound(office, valkey, "bob")


@pytest.mark.parametrize("move", MOVES)
async def test_the_old_chat_gives_no_code_of_the_site(office, move):  # noqa: F811
    key, person = await begun_site(office), await office.person()
    started = await office.start("alice", key=key)
    await leave(office, move)
    said = await reply(person, started["scan"]["keyword"])
    assert "酒吧" not in said
    assert await reply(person, started["scan"]["keyword"]) == said


@pytest.mark.parametrize("move", MOVES)
async def test_the_old_chat_logs_nobody_in(office, move):  # noqa: F811
    key, person = await begun_site(office), await office.person()
    begun = await login(office, key=key)
    assert begun["reference"] in await reply(person, begun["scan"]["keyword"])
    key = await leave(office, move)
    assert "登录" not in (await reply(person, "确认") or "")
    if move == "beside":
        assert (await read(office, begun, key=key)).status == 404


async def test_a_binding_that_lies_at_the_old_account_refuses_no_start(office, store_url, tmp_path, capfd):  # noqa: F811
    """An earlier version made such bindings, and while a site moves an act of another process may still make one."""
    await begun_site(office)
    person, account = await office.person(), office.app[SERVICES].directory.accounts["main"]
    await leave(office, "elsewhere")
    old = Bind(
        site="bar", user="alice", made_by="openid", openid=person.openid, replace=False, many=False, notices=False,
        actor="site", hooks="",
    )  # fmt: skip
    assert (await office.app[SERVICES].store.bindings.bind(account.store_keys, old)).outcome is Outcome.BOUND
    capfd.readouterr()
    async with running_world(store_url, tmp_path, platform=office.platform, admin__keys=ADMINS) as world:
        assert (await world.call("GET", "/readyz", key=None)).status == 200
        said = capfd.readouterr()
        assert "bindings_under_another_appid" in said.out + said.err
        here = world.app[SERVICES]
        with pytest.raises(BindingsElsewhere):
            await require_in_place(here.store, here.directory, sites=["bar"])
