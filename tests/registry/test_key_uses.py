"""When a key was last used: noted for nothing, written once a minute, read by an operator."""

from __future__ import annotations

import pytest

from codesvc.config.api_keys import hash_line
from codesvc.domain.errors import StoreUnavailable
from codesvc.store.deployment_keys import DeploymentKeys
from codesvc.web.context import SERVICES
from tests.command_line import codesvc
from tests.world import KEY, OTHER_KEY, document

SECOND = "csk_shop_" + "s" * 43


def kept(valkey):
    """The times by key; those of sites are left out."""
    found = {name.decode(): int(at) for name, at in valkey.hgetall(DeploymentKeys("cs").uses).items()}
    return {name: at for name, at in found.items() if "/" not in name}


def name(key):
    return hash_line(key).removeprefix("sha256:")[:32]


async def test_only_a_key_that_was_used_says_so(world, valkey):
    noted = world.app[SERVICES].key_uses
    shop, cafe = (world.app[SERVICES].directory.sites[site].config.keys for site in ("shop", "cafe"))
    assert await noted.last((*shop, *cafe)) == [None, None]
    await world.start()
    for stranger in ("nonsense", KEY[:-1]):
        await world.start(key=stranger)
    before = valkey.time()[0] * 1000
    await noted.write()
    at, never = await noted.last((*shop, *cafe))
    assert never is None
    assert before - 2000 <= at <= before + 2000
    assert kept(valkey) == {name(KEY): at}
    assert 0 < valkey.pttl(DeploymentKeys("cs").uses) <= 400 * 86_400_000


async def test_it_is_written_at_most_once_a_minute(world, monkeypatch):
    noted, key = world.app[SERVICES].key_uses, world.app[SERVICES].directory.sites["shop"].config.keys[0]
    await world.start()
    await noted.write()
    (first,) = await noted.last([key])
    registry, asked = type(world.app[SERVICES].store.registry), []
    note_uses = registry.note_uses

    async def listened(self, ages, **more):
        asked.append("note_uses")
        return await note_uses(self, ages, **more)

    monkeypatch.setattr(registry, "note_uses", listened)
    await world.call("GET", "/v1/bindings/alice", key=OTHER_KEY)
    for _ in range(3):
        await world.start()
        await noted.write()
    assert asked.count("note_uses") == 1, "only the other key was due"
    assert await noted.last([key]) == [first]
    # Another process does not hold itself to this one's minute; the store does.
    await noted.write(spaced=False)
    assert await noted.last([key]) == [first]
    await world.advance(61)
    await world.start()
    await noted.write(spaced=False)
    (later,) = await noted.last([key])
    assert later - first >= 60_000


async def test_what_could_not_be_written_is_written_later(world, monkeypatch):
    noted, key = world.app[SERVICES].key_uses, world.app[SERVICES].directory.sites["shop"].config.keys[0]
    await world.start()

    async def gone(*_, **__):
        raise StoreUnavailable("gone")

    with monkeypatch.context() as broken:
        broken.setattr(type(world.app[SERVICES].store.registry), "note_uses", gone)
        with pytest.raises(StoreUnavailable):
            await noted.write()
    await noted.write()
    assert await noted.last([key]) != [None]


async def test_the_last_ones_are_written_when_the_service_ends(new_world, valkey):
    async with new_world() as world:
        await world.start()
    assert list(kept(valkey)) == [name(KEY)]


async def test_keys_change_hands_without_a_gap(new_world):
    """Old and new side by side, then the old one goes: at every moment one of the two is good, and it shows which."""
    old = {"name": "2025", "hash": hash_line(KEY), "scopes": ["verify"]}
    new = {"name": "2026", "hash": hash_line(SECOND), "scopes": ["verify"]}
    async with new_world(sites__shop__keys=[old, new]) as world:
        for key in (KEY, SECOND):
            assert (await world.start(key=key)).status == 201
        started = await world.start(key=KEY)
        assert (await world.get(started, key=SECOND)).status == 200
    async with new_world(sites__shop__keys=[new]) as world:
        assert (await world.start(key=KEY)).problem == "unauthenticated"
        assert (await world.get(started, key=SECOND)).status == 200


async def test_an_operator_reads_it(new_world, store_url, tmp_path):
    async with new_world(sites__shop__keys=[
        {"name": "server", "hash": hash_line(KEY), "scopes": ["verify", "bindings"]},
        {"name": "old", "hash": hash_line(SECOND), "scopes": ["verify"]},
    ]) as world:  # fmt: skip
        await world.start()
        await world.app[SERVICES].key_uses.write()
        toml = tmp_path / "config.toml"
        toml.write_text(configuration(store_url))
        status, out, err = await codesvc("keys", "list", "--config", toml, "--site", "shop")
    assert status == 0, err
    head, server, old = out.splitlines()
    assert head.split() == ["site", "key", "scopes", "kept", "last", "used"]
    assert server.split()[:4] == ["shop", "server", "bindings,verify", "file"]
    assert server.split()[4].startswith("20")
    assert old.split() == ["shop", "old", "verify", "file", "never"]


def configuration(store_url):
    tables = document("http://127.0.0.1:8080", "http://127.0.0.1:8081")
    account = tables["accounts"]["main"]
    return f"""
mode = "test"
[service]
public_url = "http://127.0.0.1:8080"
[store]
url = "{store_url}"
[secrets]
master_key = "{tables["secrets"]["master_key"]}"
[accounts.main]
appid = "{account["appid"]}"
name = "main"
secret = "{account["secret"]}"
token = "{account["token"]}"
aes_key = "{account["aes_key"]}"
[sites.shop]
name = "shop"
account = "main"
[[sites.shop.keys]]
name = "server"
hash = "{hash_line(KEY)}"
scopes = ["verify", "bindings"]
[[sites.shop.keys]]
name = "old"
hash = "{hash_line(SECOND)}"
scopes = ["verify"]
"""
