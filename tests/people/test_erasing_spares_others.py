"""Erasing a user of a site deletes nothing of other users, of other sites, or of WeChat accounts linked earlier."""

import pytest

from codesvc.web.context import SERVICES
from tests.people.test_erasing import data_of, erase
from tests.world import OTHER_KEY, hash_line

ADMIN = "csa_" + "a" * 43
ADMINS = [{"name": "provisioning", "hash": hash_line(ADMIN), "scopes": ["sites", "keys"]}]
BAR = {"name": {"zh": "酒吧", "en": "Bar"}, "account": "main", "origins": ["https://bar.example"]}
LIMITS = {"site_guesses": ["5/1d"]}


async def shown(world, user):
    data = data_of(world)
    return {trace.name for trace in (await data.found(await data.person(user))).theirs}


async def test_a_binding_that_a_neighbour_makes_meanwhile_stays_and_can_be_unbound(world):
    person = await world.bound("alice")
    data = data_of(world)
    begun = await data.person("alice")
    assert (await world.bind("bob", person, key=OTHER_KEY)).status == 201
    erased = await data.erase(begun)
    assert (await world.call("GET", "/v1/bindings/alice")).status == 404
    assert (await world.call("GET", "/v1/bindings/bob", key=OTHER_KEY)).status == 200
    assert erased.kept
    assert (await world.call("DELETE", "/v1/bindings/bob", key=OTHER_KEY)).status == 204
    assert (await world.bind("alice", person)).status == 201


async def test_bindings_of_a_removed_site_stay_for_its_return(new_world):
    async with new_world(admin__keys=ADMINS) as world:

        async def ask(method, path, body=None):
            return await world.call(method, f"/admin/v1/sites/bar{path}", body, key=ADMIN)

        async def added(again=""):
            assert (await ask("PUT", again, BAR)).status == 201
            return (await ask("PUT", "/keys/server", {"scopes": ["bindings", "openids"]}))["key"]

        key = await added()
        person = await world.bound("alice")
        assert (await world.bind("bob", person, key=key)).status == 201
        assert (await ask("DELETE", "")).status == 204
        assert (await erase(world, "alice")).entries
        key = await added("?again=true")
        assert (await world.call("GET", "/v1/bindings/bob", key=key)).status == 200
        assert (await world.call("DELETE", "/v1/bindings/bob", key=key)).status == 204
        assert (await world.bind("bob-2", person, key=key)).status == 201


@pytest.mark.parametrize("user", ["register", "192.0.2.1", "all", "server"])
async def test_a_user_with_the_name_of_a_purpose_or_an_address_lifts_no_limit(new_world, valkey, user):
    async with new_world(sites__shop__limits=LIMITS) as world:
        for number in range(3):
            started = await world.start(f"u{number}", "register", ip=f"192.0.2.{number + 1}")
            await world.check(started, "000000")
        await world.bound("quinn")

        def limits():
            return {name for name in valkey.keys("*window:*") if b":user_" not in name}

        before = limits()
        assert any(name.endswith(b":register") for name in before)
        await erase(world, user)
        assert limits() == before


async def test_a_person_who_was_linked_earlier_keeps_what_is_theirs(world, valkey):
    keys = world.app[SERVICES].directory.sites["shop"].store_keys
    earlier = await world.bound("office")
    assert (await world.call("DELETE", "/v1/bindings/office")).status == 204
    await world.bound("office")
    theirs = [keys.oidc_first(earlier.openid), keys.muted(earlier.openid)]
    valkey.set(theirs[0], "o_before_the_account_moved")
    await earlier.say("不是我")
    started = await world.start("att-1", key=OTHER_KEY)
    await earlier.say(started["scan"]["keyword"])
    code = await earlier.code_in_chat()
    assert valkey.exists(*theirs) == len(theirs)
    assert not [name for name in await shown(world, "office") if earlier.openid in name]
    assert (await erase(world, "office")).entries
    assert valkey.exists(*theirs) == len(theirs)
    assert (await world.check(started, code, key=OTHER_KEY)).status == 200


async def test_what_the_bound_wechat_account_does_at_a_neighbour_stays(world, valkey):
    keys = world.app[SERVICES].directory.sites["shop"].store_keys
    person = await world.bound("alice")
    valkey.set(keys.oidc_first(person.openid), "o_before_the_account_moved")
    started = await world.start("att-1", key=OTHER_KEY)
    await person.say(started["scan"]["keyword"])
    code = await person.code_in_chat()
    of_the_account = {name.decode() for name in valkey.keys(f"*{person.openid}*") if b"owners" not in name}
    assert keys.oidc_first(person.openid) in of_the_account
    assert not await shown(world, "alice") & of_the_account
    erased = await erase(world, "alice")
    assert valkey.exists(*of_the_account) == len(of_the_account)
    assert (await world.check(started, code, key=OTHER_KEY)).status == 200
    assert erased.kept > len(of_the_account)


async def test_once_nobody_else_has_the_wechat_account_its_marks_go(world, valkey):
    keys = world.app[SERVICES].directory.sites["shop"].store_keys
    person = await world.bound("alice")
    valkey.set(keys.oidc_first(person.openid), "o_before_the_account_moved")
    assert keys.oidc_first(person.openid) in await shown(world, "alice")
    assert (await erase(world, "alice")).kept == 0
    assert not valkey.keys(f"*{person.openid}*")


async def test_a_second_user_of_the_same_wechat_account_keeps_it(new_world, valkey):
    async with new_world(sites__shop__users_per_wechat="many") as world:
        keys = world.app[SERVICES].directory.sites["shop"].store_keys
        person = await world.bound("alice")
        assert (await world.bind("alice-2", person)).status == 201
        await person.say("不是我")
        assert (await erase(world, "alice")).kept
        assert valkey.exists(keys.muted(person.openid))
        assert valkey.smembers(keys.owners("shop", person.openid)) == {b"alice-2"}
        assert (await world.call("DELETE", "/v1/bindings/alice-2")).status == 204
