"""Jobs whose account or site is no longer configured end, and say so once."""

import msgspec
from structlog.testing import capture_logs

from codesvc.delivery import worker
from codesvc.delivery.pace import Pace
from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID
from codesvc.store.connection import connect
from codesvc.store.keys import Keys
from codesvc.store.outbox import GROUP, Outbox
from codesvc.web.context import SERVICES
from tests.stores import until
from tests.world import OTHER_KEY, document

GONE = "wx0000000000000000"
JOB = {"kind": "push", "id": "vf_gone", "number": 1, "account": GONE}
SOON = Pace(hold_seconds=0.05)


def keys_of(world):
    return Keys("cs", world.platform.default_account.appid)


def events(lines, *names):
    return [line["event"] for line in lines if line["event"] in names]


async def test_the_job_of_an_account_that_nobody_knows_ends_when_no_code_can_live(world, valkey):
    box = keys_of(world).outbox
    with capture_logs() as lines:
        valkey.xadd(box, JOB, id="1-0")  # of the year 1970
        # The store has let go of the job before the service says so.
        await until(lambda: valkey.xlen(box) == 0 and events(lines, "job_without_account"))
    assert valkey.xpending(box, GROUP)["pending"] == 0
    [line] = [line for line in lines if line["event"] == "job_without_account"]
    assert line | {"subject": "vf_gone", "kind": "push", "appid": GONE, "log_level": "warning"} == line


async def test_until_then_it_waits_in_silence_for_a_process_that_knows_the_account(new_world, valkey):
    async with new_world(pace=SOON) as world:
        box, idle = keys_of(world).outbox, worker._DEAD_AFTER_MS

        def taken():
            [job] = valkey.xpending_range(box, GROUP, "-", "+", 1) or [{"times_delivered": 0}]
            return job["times_delivered"]

        def seen_again(result):
            """The result; until it is there, the job looks as if its process was dead.

            Said once, it could be said while the worker still has the job, and renews its claim.
            """
            for job in [] if (found := result()) else valkey.xpending_range(box, GROUP, "-", "+", 1):
                valkey.xclaim(box, GROUP, job["consumer"], 0, [job["message_id"]], idle=idle, justid=True)
            return found

        with capture_logs() as lines:
            await until(lambda: valkey.exists(box))
            valkey.xadd(box, JOB)
            await until(lambda: taken() == 1)
            await until(lambda: seen_again(lambda: taken() >= 2))
            assert valkey.xlen(box) == 1
            await world.advance(3600)
            await until(lambda: seen_again(lambda: valkey.xlen(box) == 0 and events(lines, "job_without_account")))
        assert events(lines, "job_without_account", "job_taken_over", "job_failed") == ["job_without_account"]


async def test_the_push_of_a_site_that_is_gone_ends_at_its_first_attempt(new_world, valkey):
    async with new_world(service__deliver=False) as first:
        person = await first.person()
        assert (await first.bind("alice", person, key=OTHER_KEY)).status == 201
        await first.start("alice", key=OTHER_KEY)
        sites = document(first.service, first.sandbox)["sites"]
    with capture_logs() as lines:
        async with new_world(platform=first.platform, sites={"shop": sites["shop"]}) as second:
            await until(lambda: valkey.xlen(keys_of(second).outbox) == 0)
    assert events(lines, "job_failed") == []
    assert all(message["type"] != "template" for message in first.platform.contact(person.openid).messages)


async def test_the_notice_of_a_site_that_is_gone_ends_at_its_first_attempt(new_world, valkey):
    message = {"template_id": CATEGORY_TEMPLATE_ID, "fields": {"thing2": "{{ site }}"}}
    async with new_world(accounts__main__messages__unbound=message) as world:
        keys, openid = keys_of(world), (await world.person()).openid
        with capture_logs() as lines:
            about = msgspec.json.encode({"site": "gone", "user": "alice"})
            deliveries = world.app[SERVICES].store.deliveries
            await deliveries.send_notice(keys, "nt_1", openid=openid, name="unbound", about=about, dedupe="1")
            await until(lambda: valkey.xlen(keys.outbox) == 0 and events(lines, "notice_not_sent"))
        assert events(lines, "job_failed", "notice_not_sent") == ["notice_not_sent"]


async def test_jobs_that_are_held_hide_none_of_a_dead_worker(store_url, valkey):
    """The store looks at ten jobs for each that is wanted, from the oldest on; more than those may be held."""
    servers, keys = await connect(store_url, timeout=2), Keys("cs", GONE)

    def box(name):
        return Outbox(servers, prefix="cs", partition=keys.partition, consumer=name)

    try:
        entries = [valkey.xadd(keys.outbox, JOB) for _ in range(25)]
        assert len(await box("dead").read(count=25, block_ms=1)) == 25
        valkey.xclaim(keys.outbox, GROUP, "dead", 0, [entries[-1]], idle=60_000, justid=True)
        alive = box("alive")
        found = [job.entry for _ in range(4) for job in await alive.take_over(idle_ms=50_000, count=1)]
        assert found == [entries[-1].decode()]
    finally:
        await servers.aclose()
