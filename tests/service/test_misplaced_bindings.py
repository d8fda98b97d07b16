"""Under which appid bindings lie: what the scripts note, what an earlier version has left, and what is found."""

from dataclasses import replace

import pytest

from codesvc.domain.errors import Invalid
from codesvc.service.misplaced_bindings import BindingsElsewhere, find_misplaced, require_in_place
from codesvc.sites.directory import Directory
from codesvc.store.partitions import partition_of
from codesvc.web.api.user_ids import check_openid
from codesvc.web.context import SERVICES
from tests.people.test_account_move import OLD, new_appid
from tests.world import OTHER_KEY

OPENID = "o" + "A" * 27


def under(world, appid):
    """The directory as a configuration with another appid has it."""
    here = world.app[SERVICES]
    accounts = {"main": replace(here.settings.accounts["main"], appid=appid)}
    return Directory(replace(here.settings, accounts=accounts), here.directory.kept)


def forget(valkey):
    """As an earlier version has left the store: nothing says under which appid bindings lie."""
    for name in valkey.scan_iter(match="cs:*:binding-account"):
        valkey.delete(name)


@pytest.mark.parametrize("inside", [False, True])
async def test_bindings_are_found_under_the_old_appid_until_they_are_gone(world, inside):
    store, elsewhere = world.app[SERVICES].store, under(world, new_appid(inside=inside))
    assert await find_misplaced(store, elsewhere) == []
    await world.call("PUT", "/v1/bindings/alice", {"openid": OPENID})
    await world.call("PUT", "/v1/bindings/bob", {"openid": OPENID}, key=OTHER_KEY)
    assert [(each.site, each.appid) for each in await find_misplaced(store, elsewhere)] == [
        ("cafe", OLD),
        ("shop", OLD),
    ]
    assert await find_misplaced(store, world.app[SERVICES].directory) == []
    with pytest.raises(BindingsElsewhere, match=f"--from-appid {OLD}"):
        await require_in_place(store, elsewhere, sites=["shop"])
    await world.call("DELETE", "/v1/bindings/alice")
    assert [each.site for each in await find_misplaced(store, elsewhere)] == ["cafe"]


async def test_a_store_of_an_earlier_version_is_walked_once(world, valkey):
    store = world.app[SERVICES].store
    await world.call("PUT", "/v1/bindings/alice", {"openid": OPENID})
    forget(valkey)
    # Where the appid has not changed, it is noted; in another partition it is plain that it has.
    assert await find_misplaced(store, world.app[SERVICES].directory) == []
    assert [each.appid for each in await find_misplaced(store, under(world, new_appid(inside=True)))] == [OLD]
    forget(valkey)
    found = await find_misplaced(store, under(world, new_appid(inside=False)))
    assert [(each.site, each.appid, each.partition) for each in found] == [("shop", "", partition_of(OLD))]
    assert "an appid that is not known" in str(found[0])


@pytest.mark.parametrize("value", ["oBADOPENID", "x" * 28, "test_0123456789"])
def test_the_api_takes_openids_of_wechats_form_in_live_mode(value):
    check_openid(value, "test")
    check_openid(OPENID, "live")
    with pytest.raises(Invalid) as refused:
        check_openid(value, "live")
    assert value not in str(refused.value)
