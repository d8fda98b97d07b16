"""Who is let in by the configuration file anew, by a reload or a restart, has a line in the audit log."""

import pytest

from codesvc.config.api_keys import hash_line
from codesvc.domain.passwords import password_line
from codesvc.service.auditing import AuditLog
from codesvc.store.partitions import PARTITIONS
from codesvc.web.context import SERVICES

LAN = {"lan": {"password": password_line("correct horse battery", bytes(16))}}
MEI = {"mei": {"password": password_line("another horse battery", bytes(16))}}
OPS = {"name": "ops", "hash": hash_line("cs_admin_" + "a" * 43), "scopes": ["sites"]}


async def lines(world):
    """Oldest first: actor, act, detail."""
    found = (await AuditLog(world.app[SERVICES].store, range(PARTITIONS)).search()).lines
    return [(line.actor, line.act, line.detail) for line in reversed(found)]


async def test_the_first_start_on_a_store_and_one_with_the_same_file_write_nothing(new_world):
    for _ in range(2):
        async with new_world(admin={"operators": LAN, "keys": [OPS]}) as world:
            assert await lines(world) == []


@pytest.mark.parametrize("before", [{}, {"operators": LAN}])
async def test_an_operator_and_an_admin_key_that_were_added_are_lines(new_world, before):
    async with new_world(admin=before):
        pass
    async with new_world(admin={"operators": LAN | MEI, "keys": [OPS]}) as world:
        added = ["admin-key/ops", *([] if before else ["operator/lan"]), "operator/mei"]
        assert await lines(world) == [("file", "settings.set", f"file/{name}") for name in added]


async def test_a_new_password_more_scopes_and_a_removal_are_lines(new_world):
    async with new_world(admin={"operators": LAN | MEI, "keys": [OPS]}):
        pass
    changed = {"lan": {"password": password_line("a third horse battery", bytes(16))}}
    async with new_world(admin={"operators": changed, "keys": [OPS | {"scopes": ["sites", "keys"]}]}) as world:
        assert sorted(await lines(world)) == [
            ("file", "settings.removed", "file/operator/mei"),
            ("file", "settings.set", "file/admin-key/ops"),
            ("file", "settings.set", "file/operator/lan"),
        ]


async def test_a_key_of_a_site_in_the_file_is_a_line(new_world):
    async with new_world():
        pass
    other = {"name": "other", "hash": hash_line("cs_shop_" + "b" * 43), "scopes": ["verify"]}
    async with new_world() as world:
        keys = world.app[SERVICES].settings.sites["shop"].keys
        before = [{"name": key.name, "hash": key.hash, "scopes": sorted(key.scopes)} for key in keys]
    async with new_world(sites__shop__keys=[*before, other]) as world:
        assert await lines(world) == [("file", "settings.set", "file/key/shop/other")]
