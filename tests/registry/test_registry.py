"""The registry in the store: sealed, followed by every process, and never the last word over the file."""

from __future__ import annotations

import asyncio
from itertools import permutations
from secrets import token_hex

import pytest

from codesvc.config import parse
from codesvc.config.api_keys import hash_line
from codesvc.delivery.gateway_calls import GatewayCalls
from codesvc.domain.clock import Offset
from codesvc.domain.keyring import Keyring
from codesvc.sites.directory import Directory
from codesvc.sites.lazy import PerEntry
from codesvc.sites.registry.contents import Contents, entry_text
from codesvc.sites.registry.sealing import Sealer
from codesvc.sites.registry.tables import Missing
from codesvc.store.connection import connect
from codesvc.store.deployment_keys import DeploymentKeys
from codesvc.store.outcomes import Outcome
from codesvc.store.store import Store
from codesvc.web.context import SERVICES
from tests.world import MASTER, OWN_SECRETS, document

KEYS = DeploymentKeys("cs")
NEW_KEY = "csk_bar_" + "b" * 43
BAR = {"name": "Bar", "account": "main"}
ACCOUNT = {"appid": "wx" + "7" * 16, "name": "Second", "secret": "a" * 32, "token": "tokentoken", "aes_key": "k" * 43}
OTHER_MASTER = "another master key, also for tests only, 9876543210zyxwvut"


def key_table(key, *scopes):
    return {"hash": hash_line(key).removeprefix("sha256:"), "scopes": list(scopes or ["verify"])}


async def put(world, **tables):
    """Entries, their names written with `__` for the stroke."""

    async def think():
        return {name.replace("__", "/"): table for name, table in tables.items()}

    await world.app[SERVICES].registry.change(think, by="test")


async def until(known, tries=150):
    """Wait for something that must be so within a second and a half; bounded by tries."""
    for _ in range(tries):
        if await known():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it stays as it was")


def good(world, key):
    async def ask():
        return (await world.start("u", key=key)).status == 201

    return ask


async def test_a_site_and_its_key_are_in_force_here_at_once(world):
    assert (await world.start(key=NEW_KEY)).problem == "unauthenticated"
    await put(world, site__bar=BAR, key__bar__server=key_table(NEW_KEY))
    started = await world.start(key=NEW_KEY)
    assert started.status == 201
    state = await world.page("GET", started, "/state")
    assert state["site"] == "Bar"
    person = await world.person()
    await person.say(started["scan"]["keyword"])
    assert (await world.check(started, await person.code_in_chat(), key=NEW_KEY))["status"] == "approved"
    assert (await world.get(started)).problem == "not-found", "another site's"


async def test_a_site_that_another_process_has_just_made_gets_a_key_here(new_world, monkeypatch):
    async with new_world() as one, new_world() as other:
        monkeypatch.setattr(other.app[SERVICES].change_notifier, "wake", lambda _: None)
        await put(one, site__bar=BAR)
        assert "bar" not in other.app[SERVICES].directory.sites, "it has not looked since"
        made = await other.app[SERVICES].administration.add_key("bar", "server", ["verify"], by="test")
        assert (await other.start("u", key=made)).status == 201


async def test_another_process_has_it_within_a_second(new_world, monkeypatch):
    async with new_world() as one, new_world() as other:
        await put(one, site__bar=BAR, key__bar__server=key_table(NEW_KEY))
        await until(good(other, NEW_KEY))
        await put(other, key__bar__server=None)
        await until(lambda: refused(one, NEW_KEY))
        # The word that something has changed gets lost: the next look finds it all the same.
        monkeypatch.setattr(one.app[SERVICES].change_notifier, "wake", lambda _: None)
        monkeypatch.setattr(other.app[SERVICES].change_notifier, "wake", lambda _: None)
        await put(one, key__bar__server=key_table(NEW_KEY))
        await until(good(other, NEW_KEY))


async def refused(world, key):
    return (await world.start("u", key=key)).status == 401


async def test_keys_change_hands_without_a_gap(new_world):
    """At every moment, in both processes, one of the two keys is good, and the other only as long as it is there."""
    second = "csk_bar_" + "c" * 43
    async with new_world() as one, new_world() as other:
        await put(one, site__bar=BAR, key__bar__old=key_table(NEW_KEY))
        await until(good(other, NEW_KEY))
        await put(one, key__bar__new=key_table(second))
        for world in (one, other):
            await until(good(world, second))
            assert await good(world, NEW_KEY)()
        await put(other, key__bar__old=None)
        for world in (one, other):
            await until(lambda world=world: refused(world, NEW_KEY))
            assert await good(world, second)()


async def test_a_new_policy_holds_for_the_next_call(world):
    await put(world, site__bar=BAR, key__bar__server=key_table(NEW_KEY))
    assert (await world.start(key=NEW_KEY)).status == 201
    await put(world, site__bar=BAR | {"limits": {"site_starts": ["1/hour"]}})
    limited = await world.start(key=NEW_KEY)
    assert (limited.status, limited["limit"]) == (429, "site_starts")
    await put(world, site__bar=BAR | {"purposes": {"register": {"code_length": 9}}})
    longer = await world.start(key=NEW_KEY)
    assert (await world.page("GET", longer, "/state"))["code_length"] == 9


async def test_a_removed_site_is_gone_and_its_verifications_with_it(world):
    await put(world, site__bar=BAR, key__bar__server=key_table(NEW_KEY))
    started = await world.start(key=NEW_KEY)
    await put(world, site__bar=None)
    assert (await world.start(key=NEW_KEY)).problem == "unauthenticated"
    assert (await world.page("GET", started, "/state")).status == 404
    person = await world.person()
    await person.say(started["scan"]["keyword"])
    _, said = await person.texts()
    assert not any(line.isdigit() for line in said.splitlines())
    assert (await world.start()).status == 201, "the others are as they were"


async def test_nothing_of_it_can_be_read_in_the_store_or_moved(world, valkey):
    secret = "a" * 31 + "S"
    account = {"appid": "wx" + "7" * 16, "name": "Other", "secret": secret, "token": "tokentoken", "aes_key": "k" * 43}
    await put(world, account__second=account, site__bar=BAR, key__bar__server=key_table(NEW_KEY, "verify"))
    raw = {name.decode(): text.decode() for name, text in valkey.hgetall(KEYS.registry).items()}
    everything = "".join(raw.values())
    for hidden in (secret, "tokentoken", "k" * 43, NEW_KEY, "Other"):
        assert hidden not in everything
    sealer = Sealer(Keyring(MASTER.encode()))
    contents = Contents(sealer)
    contents.apply({name: text for name, text in raw.items() if name != "version"})
    assert contents.open("account/second") == account
    # Who can write to the store may take an entry's place, or its hint, and wins nothing by it.
    contents.apply({"account/third": raw["account/second"], "key/shop/server": raw["key/bar/server"]})
    assert contents.open("account/third") is None
    assert contents.open("key/shop/server") is None
    flipped = (
        raw["key/bar/server"][:-6] + ("A" if raw["key/bar/server"][-6] != "A" else "B") + raw["key/bar/server"][-5:]
    )
    contents.apply({"key/bar/server": flipped})
    assert contents.open("key/bar/server") is None


async def test_a_forged_hint_gives_a_key_to_nobody(world, valkey):
    """A writer to the store puts the hash of a key of his own into the hint of a genuine entry."""
    await put(world, site__bar=BAR, key__bar__server=key_table(NEW_KEY))
    text = valkey.hget(KEYS.registry, "key/bar/server").decode()
    own = "csk_bar_" + "e" * 43
    forged = text.replace(hash_line(NEW_KEY)[7:], hash_line(own)[7:])
    assert forged != text
    world.app[SERVICES].directory.apply({"key/bar/server": forged})
    assert (await world.start(key=own)).problem == "unauthenticated"


def directory_of(tmp_path, **tables):
    return directory_with(
        parse(document("http://127.0.0.1:1", "http://127.0.0.1:2"), env={}, directory=tmp_path), **tables
    )


def directory_with(settings, **tables):
    sealer = Sealer(Keyring(MASTER.encode()))
    directory = Directory(settings, Contents(sealer))
    apply(directory, {name.replace("__", "/"): table for name, table in tables.items()})
    return directory


def apply(directory, tables):
    sealer = Sealer(Keyring(MASTER.encode()))
    texts = {name: entry_text(sealer, name, table) if table is not None else None for name, table in tables.items()}
    directory.apply(texts)


def test_the_file_has_the_last_word(tmp_path):
    own = parse(document("http://127.0.0.1:1", "http://127.0.0.1:2"), env={}, directory=tmp_path)
    appid = own.accounts["main"].appid
    account = {"appid": appid, "name": "Thief", "secret": "a" * 32, "token": "tokentoken", "aes_key": "k" * 43}
    directory = directory_of(
        tmp_path,
        site__shop={"name": "Thief", "account": "main"},
        account__main=account | {"appid": "wx" + "7" * 16},
        account__thief=account,
        key__bar__server={"hash": own.sites["shop"].keys[0].hash.removeprefix("sha256:"), "scopes": ["verify"]},
        site__bar=BAR,
    )
    assert directory.sites["shop"].config.name.en == "Moonhill Tea"
    assert directory.accounts["main"].config.appid == appid
    assert directory.accounts.get("thief") is None
    assert directory.by_appid[appid].name == "main"
    assert directory.caller("csk_shop_" + "k" * 43).site.name == "shop"
    assert sorted(directory.shadowed) == ["account/main", "account/thief", "site/shop"]
    assert sorted(directory.sites) == ["bar", "cafe", "shop"]


def test_what_no_rule_allows_any_more_is_not_used(tmp_path):
    """Entries are held to the rules when they are used too: those of a test deployment have no power in live mode."""
    directory = directory_of(tmp_path, site__bar=BAR | {"code": 1}, site__pub=BAR | {"account": "nowhere"})
    assert directory.sites.get("bar") is None
    assert directory.sites.get("pub") is None


def test_a_change_of_a_site_leaves_its_account_and_its_neighbours_as_they_are(tmp_path):
    """Breaker, places and clients of an account live as long as its settings: one site's changes would reset them."""
    invented = document("http://127.0.0.1:1", "http://127.0.0.1:2")["accounts"]["main"] | {"appid": "wx" + "7" * 16}
    tables = {"site/one": {"name": "One", "account": "invented"}, "site/two": {"name": "Two", "account": "invented"}}
    directory = directory_of(tmp_path, account__invented=invented)
    apply(directory, tables)
    made = []
    kept = PerEntry(directory.accounts, lambda entry: made.append(entry.config), lambda entry: entry.config)
    neighbour = directory.sites["two"].config

    def counts():
        kept["invented"]
        return len(made), directory.accounts["invented"].sites

    assert counts() == (1, 2)
    apply(directory, {"site/one": tables["site/one"] | {"name": "Another"}})
    assert (directory.sites["one"].config.name.zh, counts()) == ("Another", (1, 2))
    apply(directory, {"site/three": tables["site/one"]})
    assert counts() == (1, 3)
    apply(directory, {"site/three": None})
    assert counts() == (1, 2)
    assert directory.sites["two"].config is neighbour
    # Its own change is one.
    apply(directory, {"account/invented": invented | {"name": "Another"}})
    assert (counts(), made[-1].name) == ((2, 2), "Another")
    apply(directory, {"account/invented": None})
    assert directory.accounts.get("invented") is None
    apply(directory, {"account/invented": invented})
    assert (counts(), made[-1].name) == ((3, 2), invented["name"])


def test_a_change_of_a_site_gives_it_no_more_calls_of_its_gateway_at_once(tmp_path):
    directory = directory_of(tmp_path, site__one=BAR)
    calls = GatewayCalls(directory, parts=None, recorder=None)
    turns = calls._lanes["one"]
    apply(directory, {"site/one": BAR | {"name": "Another"}})
    assert directory.sites["one"].config.name.zh == "Another"
    assert calls._lanes["one"] is turns


def test_what_a_test_deployment_left_has_no_power_in_live_mode(tmp_path):
    live = document("https://code.example.com", "https://api.weixin.qq.com", mode="live")
    live["accounts"]["main"] |= OWN_SECRETS | {"open_url": "https://open.weixin.qq.com"}
    live["secrets"]["master_key"] = "Tq0mV7hZ2nC5yXw8LbR4sD6fJ9kG1pAeUoIzQxNvMtY3BcHj"
    settings = parse(live, env={}, directory=tmp_path)
    sealer = Sealer(Keyring(live["secrets"]["master_key"].encode()))
    directory = Directory(settings, Contents(sealer))
    invented = live["accounts"]["main"] | {"appid": "wx" + "7" * 16, "api_url": "http://127.0.0.1:8081"}
    entries = {
        "site/tested": BAR | {"test_users": {"e2e-*": "246810"}},
        "site/plain": BAR,
        "account/invented": invented,
        "key/tested/server": key_table(NEW_KEY),
    }
    directory.apply({name: entry_text(sealer, name, table) for name, table in entries.items()})
    assert directory.sites.get("plain") is not None
    assert directory.sites.get("tested") is None
    assert directory.accounts.get("invented") is None
    assert directory.caller(NEW_KEY) is None


async def test_a_replaced_master_key_still_opens_and_everything_is_sealed_anew(new_world, valkey):
    async with new_world() as world:
        await put(world, site__bar=BAR, key__bar__server=key_table(NEW_KEY))
        before = valkey.hgetall(KEYS.registry)
    keys = {"secrets__master_key": OTHER_MASTER, "secrets__previous_master_keys": [MASTER]}
    async with new_world(**keys) as world:
        assert (await world.start(key=NEW_KEY)).status == 201
        after = valkey.hgetall(KEYS.registry)
        assert before[b"site/bar"] != after[b"site/bar"]
    async with new_world(secrets__master_key=OTHER_MASTER) as world:
        assert (await world.start(key=NEW_KEY)).status == 201
    async with new_world() as world:
        assert (await world.start(key=NEW_KEY)).problem == "unavailable"
        assert (await world.start()).status == 201


@pytest.mark.parametrize("what", ["key", "site"])
async def test_an_entry_under_a_master_key_that_this_process_lacks_can_be_removed(new_world, what):
    """Whoever removes a key is not told that there is none while it works at another process."""
    async with new_world() as one, new_world(secrets__master_key=OTHER_MASTER) as other:
        await put(one, site__bar=BAR, key__bar__server=key_table(NEW_KEY))
        await until(lambda: told_of(other, "key/bar/server"))
        administration = other.app[SERVICES].administration
        with pytest.raises(Missing):
            await administration.remove_key("bar", "another", by="test")
        if what == "key":
            await administration.remove_key("bar", "server", by="test")
        else:
            await administration.remove("site", "bar", by="test")
        await until(lambda: refused(one, NEW_KEY))
        kept = one.app[SERVICES].directory.kept
        assert set(kept.texts) == ({"site/bar"} if what == "key" else {"removed/bar"})


async def told_of(world, name):
    return name in world.app[SERVICES].directory.kept.texts


async def test_two_who_change_at_once_lose_nothing(new_world):
    """Each adds an origin to what it found; a change that was thought out on something old is thought out again."""
    async with new_world() as one, new_world() as other:
        await put(one, site__bar=BAR | {"origins": []})

        def adding(world, number):
            async def think():
                found = world.app[SERVICES].directory.kept.open("site/bar")
                return {"site/bar": found | {"origins": [*found["origins"], f"https://s{number}.example"]}}

            return world.app[SERVICES].registry.change(think, by="test")

        await asyncio.gather(*(adding(one if number % 2 else other, number) for number in range(12)))
        for world in (one, other):
            await world.app[SERVICES].registry.refresh()
            assert len(world.app[SERVICES].directory.sites["bar"].config.origins) == 12


async def test_who_was_away_for_long_reads_it_all_again(new_world, valkey):
    async with new_world() as world:
        here = world.app[SERVICES].registry
        await put(world, site__bar=BAR)
        valkey.delete(KEYS.registry_log)
        valkey.hset(KEYS.registry, "version", "a later one")
        valkey.hdel(KEYS.registry, "site/bar")
        await here.refresh()
        assert world.app[SERVICES].directory.sites.get("bar") is None
        # Another registry, such as that of a store that was restored.
        await put(world, site__bar=BAR)
        valkey.delete(KEYS.registry, KEYS.registry_log)
        await here.refresh()
        assert world.app[SERVICES].directory.sites.get("bar") is None
        await put(world, site__pub=BAR)
        assert set(world.app[SERVICES].directory.sites) == {"shop", "cafe", "pub"}


@pytest.mark.parametrize("order", list(permutations(["old", "new", "other"])))
def test_a_key_and_an_appid_belong_to_the_entry_that_has_them_in_whatever_order_changes_are_read(tmp_path, order):
    """A key and an account get other names, and another key the old name, all of it read at once."""
    directory = directory_of(
        tmp_path,
        site__bar=BAR,
        key__bar__old=key_table(NEW_KEY),
        account__old=ACCOUNT,
        account__other=ACCOUNT | {"appid": "wx" + "8" * 16},
    )
    second = "csk_bar_" + "c" * 43
    after = {
        "old": {"key/bar/old": key_table(second), "account/old": None},
        "new": {"key/bar/new": key_table(NEW_KEY), "account/new": ACCOUNT},
        "other": {"account/other": ACCOUNT | {"appid": "wx" + "9" * 16}},
    }
    assert directory.by_appid["wx" + "8" * 16].name == "other"
    apply(directory, {name: table for part in order for name, table in after[part].items()})
    assert directory.caller(NEW_KEY).key.name == "new"
    assert directory.caller(second).key.name == "old"
    assert directory.has_key(hash_line(NEW_KEY))
    assert directory.by_appid[ACCOUNT["appid"]].name == "new"
    assert directory.by_appid["wx" + "9" * 16].name == "other"
    assert directory.by_appid.get("wx" + "8" * 16) is None


async def test_a_key_with_a_new_name_is_good_where_the_whole_registry_is_read_again(new_world, valkey):
    async with new_world() as world:
        await put(world, site__bar=BAR, key__bar__old=key_table(NEW_KEY))
        here, text = (
            world.app[SERVICES],
            entry_text(Sealer(Keyring(MASTER.encode())), "key/bar/new", key_table(NEW_KEY)),
        )
        valkey.hset(KEYS.registry, mapping={"key/bar/new": text, "version": "a later one"})
        valkey.hdel(KEYS.registry, "key/bar/old")
        valkey.delete(KEYS.registry_log)
        await here.registry.refresh()
        assert await good(world, NEW_KEY)()
        assert here.directory.has_key(hash_line(NEW_KEY)), "so no other site gets it"


async def test_a_registry_that_lost_its_latest_change_and_went_on(store_url, valkey):
    """A replica that lacks the latest change became the primary; the next change came before everybody had looked."""
    servers = await connect(store_url, timeout=5)
    try:
        calls = Store(servers, offset=Offset(movable=False), prefix="cs").registry

        async def change(expected, **texts):
            version = token_hex(8)
            found = await calls.change(texts, actor="", expected=expected, version=version, writes="")
            assert found.outcome is Outcome.DONE
            return version

        kept = await change("", leaked="key", other="site")
        replica = {name: valkey.dump(name) for name in (KEYS.registry, KEYS.registry_log)}
        lost = await change(kept, lost="key")
        for name, dump in replica.items():
            valkey.restore(name, 0, dump, replace=True)
        # Who has the lost change reads all of it, before the next change and after it.
        read = await calls.read(lost)
        assert (read.version, read.complete, read.changes) == (kept, True, {"leaked": "key", "other": "site"})
        now = await change(kept, leaked="")
        read = await calls.read(lost)
        assert (read.version, read.complete, read.changes) == (now, True, {"other": "site"})
        # Who has not reads what came since.
        read = await calls.read(kept)
        assert (read.version, read.complete, read.changes) == (now, False, {"leaked": ""})
        assert (await calls.read(now)).outcome is Outcome.SAME
        late = await calls.change({"x": "y"}, actor="", expected=lost, version="z", writes="")
        assert late.outcome is Outcome.STALE
    finally:
        await servers.aclose()
