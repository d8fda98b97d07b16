"""Jobs that wait together go to the store together, and stand or fall each for itself (DESIGN rule 4)."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest

from codesvc.delivery import worker
from codesvc.domain.errors import ScriptError
from codesvc.runtime import metrics
from codesvc.store import servers
from codesvc.store.batcher import MOST_TOGETHER
from codesvc.store.connection import connect
from codesvc.store.deployment_keys import topic
from codesvc.store.keys import Keys
from codesvc.store.outbox import GROUP, Outbox
from codesvc.web.context import SERVICES
from tests.stores import acts_of, until

FREE = {"address_starts": "none", "site_starts": "none"}
WAITING = 2 * MOST_TOGETHER + 5
NOT_PACKED = b"\xc1 is nothing in MessagePack"


@asynccontextmanager
async def waiting_jobs(new_world, count=WAITING):
    """A world in which so many bound people's pushes wait, as nobody delivers."""
    async with new_world(sites__shop__limits=FREE, service__deliver=False) as world:
        people = [await world.bound(f"u-{number}") for number in range(count)]
        started = [await world.start(f"u-{number}") for number in range(count)]
        yield world, people, started


def keys_of(world):
    return Keys("cs", world.platform.default_account.appid)


def calls_of(script):
    series = metrics.STORE_SECONDS.labels(script)
    return sum(bucket.get() for bucket in series._buckets)


def begin(world, jobs):
    """The script's answers, one for each job."""
    account = world.app[SERVICES].directory.accounts["main"]
    keys = account.store_keys
    args = {"root": keys.root, "account": keys.account, "appid": keys.appid, "group": GROUP}
    args |= {"sites": 2, "assumed_daily": 1000, "reserve": "0.1", "jobs": msgspec.msgpack.encode(jobs)}
    return _answers(world, "begin_deliveries", {"outbox": keys.outbox, "day": keys.quota("template", 1)}, args)


def record(world, results):
    keys = keys_of(world)
    args = {"root": keys.root, "account": keys.account, "topic": topic("cs"), "group": GROUP, "event": "e"}
    args["results"] = msgspec.msgpack.encode(results)
    return _answers(world, "record_deliveries", {"outbox": keys.outbox}, args)


async def _answers(world, script, keys, args):
    raw = await acts_of(world.app[SERVICES].store)[script].raw(keys_of(world), keys, args)
    return [one if isinstance(one, bytes) else one[0] for one in raw[2]], raw[2]


def results_of(started):
    return [[one["id"], "1", "sent", "template", "", "", f"77{n}", f"{n + 1}-0"] for n, one in enumerate(started)]


async def test_jobs_that_wait_together_are_begun_in_few_calls_and_each_arrives_once(new_world, valkey):
    async with waiting_jobs(new_world) as (first, people, started):
        before = calls_of("begin_deliveries")
        async with new_world(sites__shop__limits=FREE, platform=first.platform) as world:
            await until(lambda: valkey.xlen(keys_of(world).outbox) == 0)
            for one in started:
                await world.delivery(one, "sent", "delivered")
        assert calls_of("begin_deliveries") - before == 3
        for person, one in zip(people, started, strict=True):
            contact = world.platform.contact(person.openid)
            [message] = [message for message in contact.messages if message["type"] == "template"]
            assert one["reference"] in message["data"]["thing2"]["value"]


async def test_a_verification_that_cannot_be_read_holds_up_nobody_else(new_world, valkey, capfd):
    async with waiting_jobs(new_world, 5) as (first, people, started):
        valkey.set(keys_of(first).record(started[2]["id"]), NOT_PACKED, keepttl=True)
        async with new_world(sites__shop__limits=FREE, platform=first.platform) as world:
            for one in started[:2] + started[3:]:
                await world.delivery(one, "sent", "delivered")
            await until(lambda: valkey.xlen(keys_of(world).outbox) == 1)
        assert "job_left" in capfd.readouterr().out
        assert [len(first.platform.contact(p.openid).messages) for p in people].count(2) == 4


async def test_in_one_call_each_act_is_for_itself(new_world, valkey):
    async with waiting_jobs(new_world, 4) as (world, _, started):
        broken = keys_of(world).record(started[1]["id"])
        kept = valkey.get(broken)
        valkey.set(broken, NOT_PACKED, keepttl=True)
        jobs = [["push", one["id"], "1", f"{n + 1}-0"] for n, one in enumerate(started)]
        jobs[3][2] = "2"
        assert (await begin(world, jobs))[0] == [b"begun", b"again", b"begun", b"stale"]
        with pytest.raises(ScriptError):
            await begin(world, [jobs[1]])
        assert (await record(world, results_of(started)))[0] == [b"done", b"again", b"done", b"done"]
        valkey.set(broken, kept, keepttl=True)
        assert (await record(world, results_of(started)))[0] == [b"stale", b"done", b"stale", b"stale"]


async def test_two_results_of_one_delivery_tell_what_happened_for_the_first_time_once(new_world):
    async with waiting_jobs(new_world, 1) as (world, _, [started]):
        sent = results_of([started])[0]
        unknown = [*sent[:2], "unknown", *sent[3:6], "", ""]
        words, answers = await record(world, [unknown, sent, sent])
        assert words == [b"done", b"done", b"stale"]
        assert [answer[5] for answer in answers[:2]] == [b"unknown", b"sent/template"]


async def test_a_batch_is_acknowledged_whole_or_not_at_all(new_world, valkey):
    async with waiting_jobs(new_world, 3) as (world, _, started):
        outbox = keys_of(world).outbox
        valkey.xgroup_create(outbox, GROUP, id="0")
        entries = [entry.decode() for entry, _ in valkey.xreadgroup(GROUP, "me", {outbox: ">"})[0][1]]
        results = [[*result[:7], entry] for result, entry in zip(results_of(started), entries, strict=True)]
        # One goes on: its job stays.
        results[1][2], results[1][6:] = "unknown", ["", ""]
        await record(world, results)
        assert [job["message_id"].decode() for job in valkey.xpending_range(outbox, GROUP, "-", "+", 9)] == [entries[1]]
        assert [entry.decode() for entry, _ in valkey.xrange(outbox)] == [entries[1]]
        for one, status in zip(started, ["sent", "unknown", "sent"], strict=True):
            assert (await world.get(one))["delivery"]["status"] == status


async def test_a_long_outbox_is_read_on_in_order_whatever_happens_between(store_url, valkey):
    servers = await connect(store_url, timeout=2)
    keys = Keys("cs", "wx3f1c5a9e7b2d4860")
    box = Outbox(servers, prefix="cs", partition=keys.partition, consumer="me")

    def put(*numbers):
        for number in numbers:
            valkey.xadd(keys.outbox, {"kind": "void", "id": "vf_x", "number": number, "account": keys.appid})

    async def read():
        return [job.number for job in await box.read(count=2, block_ms=1)]

    try:
        put(1, 2, 3, 4, 5)
        assert [await read() for _ in range(4)] == [[1, 2], [3, 4], [5], []]
        put(6, 7)
        assert await read() == [6, 7]
        # Nothing is left: it waits as ever, and finds what comes meanwhile.
        waiting = asyncio.create_task(box.read(count=2, block_ms=5_000))
        while not valkey.info("clients")["blocked_clients"]:  # noqa: ASYNC110  # Valkey tells nobody
            await asyncio.sleep(0.001)
        put(8)
        assert [job.number for job in await asyncio.wait_for(waiting, 60)] == [8]
        put(9, 10)
        assert await read() == [9, 10]
        valkey.flushall()
        put(1)
        assert await read() == [1]
    finally:
        await servers.aclose()


def test_a_read_that_waits_ends_before_its_connection_counts_as_silent():
    assert worker._BLOCK_MS / 1000 < servers._BLOCKING_EXTRA
