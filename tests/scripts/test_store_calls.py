"""A call when the server forgets its scripts, is away, or cannot write."""

import asyncio

import pytest

from codesvc.domain.clock import Offset
from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.store.connection import connect
from codesvc.store.keys import Keys
from codesvc.store.outcomes import Outcome
from codesvc.store.partitions import DEPLOYMENT, partition_root
from codesvc.store.store import Store


async def test_a_server_that_forgot_the_scripts_is_taught_them_again(shop, valkey):
    record = await shop.started()
    valkey.script_flush()
    assert (await shop.read(record)).id == record.id
    valkey.script_flush()
    assert (await shop.start("u-2")).outcome is Outcome.STARTED
    assert len(valkey.keys("cs:*:vf:*")) == 2


async def test_no_server_means_unavailable_and_never_unlimited(tmp_path):
    servers = await connect(f"unix://{tmp_path}/none", timeout=0.5)
    store = Store(servers, offset=Offset(movable=True), prefix="cs")
    with pytest.raises(StoreUnavailable) as told:
        await store.verifications.read(Keys("cs", "wx3f1c5a9e7b2d4860"), "vf_x")
    assert str(tmp_path) not in str(told.value)
    assert await store.state([0]) == "no answer"
    await servers.aclose()


async def test_a_store_that_cannot_write_means_unavailable(shop, valkey):
    """Its memory is full and nothing may be evicted."""
    record = await shop.started()
    valkey.config_set("maxmemory-policy", "noeviction")
    valkey.config_set("maxmemory", "1")
    try:
        with pytest.raises(StoreUnavailable, match="refuses start"):
            await shop.start("u-2")
        answer = await shop.world.start("u-2")
        assert (answer.status, answer.problem) == (503, "unavailable")
        assert answer.headers["Retry-After"]
    finally:
        valkey.config_set("maxmemory", "0")
    assert len(valkey.keys("cs:*:vf:*")) == 1
    assert (await shop.check(record)).outcome is Outcome.WRONG


async def test_our_own_fault_is_told_apart_from_the_stores(shop, valkey):
    names = shop.site.store_keys
    valkey.set(names.record("vf_odd"), "a string where MessagePack should be", px=100_000)
    with pytest.raises(ScriptError, match="read"):
        await shop.here.store.verifications.read(names, "vf_odd")
    answer = await shop.world.call("GET", "/healthz")
    assert answer.status == 200


async def test_nothing_is_ever_repeated_by_itself(shop, valkey):
    """A connection that is cut while the answer is awaited: the call fails, and ran at most once."""
    await shop.started()
    valkey.client_kill_filter(_type="normal", skipme=True)
    outcomes = []
    for n in range(6):
        try:
            outcomes.append((await shop.start(f"v-{n}")).outcome)
        except StoreUnavailable:
            outcomes.append(None)
    assert outcomes[-1] is Outcome.STARTED
    started = len(valkey.keys("cs:*:vf:*")) - 1
    assert started == outcomes.count(Outcome.STARTED)


@pytest.mark.parametrize("unfit", [None, object(), "\ud800"])
async def test_a_command_that_cannot_be_sent_takes_no_place_among_those_that_wait_for_answers(shop, unfit):
    """Answers belong to commands by order: one place too many, and everybody would get his neighbour's."""
    transport = shop.here.store.servers.at(shop.site.store_keys.partition).line
    calls = [transport.execute("ECHO", str(n)) for n in range(3)]
    calls += [transport.execute("ECHO", unfit)]
    calls += [transport.execute("ECHO", str(n)) for n in range(3, 6)]
    answers = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 60)
    assert isinstance(answers.pop(3), TypeError | UnicodeError)
    assert answers == [str(n).encode() for n in range(6)]


async def test_a_caller_who_gives_up_leaves_the_answers_of_others_in_order(shop):
    transport = shop.here.store.servers.at(shop.site.store_keys.partition).line
    tasks = [asyncio.create_task(transport.execute("ECHO", str(n))) for n in range(30)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    for n, answer in enumerate(answers):
        assert isinstance(answer, asyncio.CancelledError) if n % 3 == 0 else answer == str(n).encode()


async def test_every_key_of_every_script_lies_in_one_slot(shop, valkey):
    """Scripts stay legal in a cluster: all keys of an account carry its partition's tag."""
    record = await shop.started("alice")
    await shop.claim(record, "o_someone")
    await shop.guess(record)
    await shop.world.scan_url({"id": record.id})
    names = shop.site.store_keys
    keys = [key.decode() for key in valkey.keys("*")]
    # What the service notes of the deployment as a whole lies in a partition of its own.
    assert [key for key in keys if not key.startswith((names.root, partition_root(names.prefix, DEPLOYMENT)))] == []
    assert len(keys) > 8
