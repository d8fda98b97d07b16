"""`store migrate --resume` makes the target like the source: what was deleted since the first copy goes there too."""

import pytest

from codesvc.store.key_patterns import KINDS
from tests import stores
from tests.command_line import codesvc

DAY_MS = 86_400_000


@pytest.fixture
def two():
    with stores.tcp_server() as old, stores.tcp_server() as new:
        yield old.client, new.client, address(old), address(new)


def address(server):
    return f"redis://127.0.0.1:{server.port}"


async def migrate(here, there, *more):
    status, out, err = await codesvc("store", "migrate", "--from", here, "--to", there, *more)
    return status, out, err


def names(kind):
    return f"cs:{{p03}}:{kind}:shop:erased", f"cs:{{p03}}:wx0123456789abcdef:{kind}:erased"


def fill(client, *, left):
    """Keys of every kind, each with an expiry and without, and one that stays."""
    for kind in KINDS - {"mark", "turns"}:
        lasting, passing = names(kind)
        client.set(lasting, "1")
        client.set(passing, "1", px=left)
    client.set("cs:{p03}:binding:shop:stays", "1")


def lose(client):
    client.delete(*(name for kind in KINDS - {"mark", "turns"} for name in names(kind)))


async def test_what_was_deleted_since_the_first_copy_is_deleted_in_the_target_too(two):
    old, new, here, there = two
    fill(old, left=400 * DAY_MS)
    assert (await migrate(here, there))[0] == 0
    assert new.dbsize() == old.dbsize() > len(KINDS)
    lose(old)
    others = ["somebody:else", "cs-2:{p03}:binding:shop:u", "cs:{p03}", "cs:notes", "cs-2:{p03}:mark"]
    for name in others:
        new.set(name, "1")
    status, out, err = await migrate(here, there, "--dry-run")
    assert (status, out.splitlines()[-1].startswith("NOT alike")) == (3, True)
    assert "--resume" in out
    assert new.dbsize() > len(KINDS)
    status, out, err = await migrate(here, there, "--resume")
    assert (status, out.splitlines()[-1]) == (0, "alike"), err
    assert set(map(bytes.decode, new.keys())) == {"cs:{p03}:binding:shop:stays", *others}


async def test_what_is_deleted_is_no_longer_on_the_disk(two, tmp_path):
    old, _, here, _ = two
    old.set("cs:{p03}:binding:shop:stays", "1")
    old.rpush("cs:{p03}:history:shop:carol", "what carol did")

    def on_disk():
        return any(b"carol" in file.read_bytes() for file in (tmp_path / "data/appendonlydir").iterdir())

    (tmp_path / "data").mkdir(mode=0o700)
    assert (await migrate(here, f"embedded:{tmp_path}/data"))[0] == 0
    assert on_disk()
    old.delete("cs:{p03}:history:shop:carol")
    assert (await migrate(here, f"embedded:{tmp_path}/data", "--resume"))[0] == 0
    assert not on_disk()


async def test_a_prefix_that_is_a_pattern_reaches_no_other_service(two):
    old, new, here, there = two
    old.set("cs:{p03}:binding:shop:u", "1")
    new.set("other:{p03}:binding:shop:u", "1")
    await migrate(here, there, "--resume", "--prefix", "*")
    assert new.keys() == [b"other:{p03}:binding:shop:u"]


@pytest.mark.parametrize("kind", ["history", "binding"])
async def test_what_only_the_target_has_is_a_difference_whatever_its_kind(two, kind):
    old, new, here, there = two
    for client in (old, new):
        client.set("cs:{p03}:binding:shop:stays", "1")
    new.rpush(f"cs:{{p03}}:{kind}:shop:erased", "a")
    new.pexpire(f"cs:{{p03}}:{kind}:shop:erased", 400 * DAY_MS)
    status, out, _ = await migrate(here, there, "--dry-run")
    assert (status, [line.split() for line in out.splitlines() if line.startswith("history")]) == (
        3,
        [["history", "0", "1", "1"]] if kind == "history" else [],
    )


async def test_what_expired_in_one_store_while_they_were_compared_is_no_difference(two):
    old, new, here, there = two
    for client in (old, new):
        client.set("cs:{p03}:binding:shop:stays", "1")
    for client in (old, new):
        client.set(f"cs:{{p03}}:evicted:shop:{client is old}", "1", px=50_000)
    status, out, _ = await migrate(here, there, "--dry-run")
    assert (status, out.splitlines()[-1]) == (0, "alike")


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (("5-a", {"p": 10}), ("6-b", {"q": 9})),
        ((None, {}), ("5-a", {"p": 10})),
        (("5-a", {"p": 10}), ("5-a", {"p": 10, "q": 11})),
    ],
)
async def test_a_store_that_a_service_has_used_since_is_no_interrupted_copy(two, source, target):
    # Above all: the two addresses were given in the wrong order, and the target is the store of the service.
    old, new, here, there = two
    for client, (mark, turns) in ((old, source), (new, target)):
        client.set("cs:{p03}:binding:shop:u", "1")
        if mark:
            client.set("cs:{p03}:mark", mark)
            client.zadd("cs:{p03}:turns", turns)
    new.set("cs:{p03}:binding:shop:only-there", "1")
    before = sorted(new.keys())
    status, _, err = await migrate(here, there, "--resume")
    assert (status, "is not an interrupted copy of" in err) == (1, True)
    assert sorted(new.keys()) == before


async def test_a_copy_that_a_service_tried_before_the_source_went_on_is_made_like_the_source(two):
    old, new, here, there = two
    for client, turns in ((old, {"p": 12}), (new, {"p": 10, "q": 11})):
        client.set("cs:{p03}:mark", "5-a")
        client.zadd("cs:{p03}:turns", turns)
    assert (await migrate(here, there, "--resume"))[0] == 0
    assert new.zrange("cs:{p03}:turns", 0, -1, withscores=True) == [(b"p", 12)]


async def test_a_cluster_is_made_like_the_source_too():
    with stores.tcp_server() as old, stores.cluster() as nodes:
        for partition in range(16):
            for user in ("stays", "erased"):
                old.client.rpush(f"cs:{{p{partition:02}}}:history:shop:{user}", "a")
        assert (await migrate(address(old), nodes.url))[0] == 0
        for partition in range(16):
            old.client.delete(f"cs:{{p{partition:02}}}:history:shop:erased")
        status, out, err = await migrate(address(old), nodes.url, "--resume")
        assert (status, out.splitlines()[1].split()) == (0, ["history", "16", "16", "0"]), err
        assert "16 deleted" in err
