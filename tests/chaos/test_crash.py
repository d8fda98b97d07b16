"""Killed with -9 at every await and at random instants: nothing that was acknowledged is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import random
import signal
import sys

import pytest

from codesvc.domain.errors import CodesvcError
from codesvc.runtime import crash_points
from tests.chaos.processes import LONG, OUTBOX, RECORDS, a_town, age_jobs, bounded, child_named, kill

COUNT, STORE_COUNT = (10_000, 2_000) if LONG else (200, 200)
PEOPLE = 100


def tell(line):
    """What a long run has shown, for whoever runs it with -s."""
    sys.stdout.write(line + "\n")


@pytest.fixture
async def town(tmp_path):
    async with a_town(tmp_path) as town:
        yield town


STORIES = [("delivery", 4), ("request", 2), *([("outbox", 3)] if LONG else [])]


@bounded
@pytest.mark.parametrize(("story", "at_least"), STORIES)
async def test_death_at_every_await_costs_nothing_and_doubles_nothing(town, valkey, store_url, story, at_least):
    """The same verification dies at its first step, then at its second, and so on until it gets through."""
    town.configure(f'url = "{store_url}"')
    async with town.serving():
        await town.people_and_users(1)
        # The token and the first look at the quotas are not what is tried here.
        _, first = await town.start(0)
        assert await town.all_arrived([first["id"]]) == ([], [])
    deaths, wanted = 0, asyncio.create_task(town.start(1))
    for step in range(1, 60):
        age_jobs(valkey)
        async with town.serving(wait=story == "delivery", CODESVC_FAULT_POINT=f"{story}:{step}") as process:
            dying = asyncio.create_task(process.wait())
            # It has got through when it is answered and the outbox is empty.
            while not dying.done() and not (wanted.done() and valkey.xlen(OUTBOX) == 0):
                await asyncio.wait({dying}, timeout=0.02)
            if not dying.done():
                dying.cancel()
                break
            assert await dying == -signal.SIGKILL, f"step {step}: {town.last_words()}"
            deaths += 1
    status, body = await wanted
    assert status == 201
    assert town.shown()[body["id"]] == 1
    assert set(town.shown().values()) == {1}
    assert len(list(valkey.scan_iter(RECORDS))) == 2
    async with town.serving():
        status, body = await town.call("GET", f"/v1/verifications/{body['id']}")
        assert body["delivery"]["status"] in {"sent", "delivered"}
    assert deaths >= at_least, f"{story} has more awaits than that"


def test_the_fault_point_is_no_part_of_a_live_service():
    async def story():
        return 5

    told = story()
    assert crash_points.mortal("delivery", told) is told
    assert asyncio.run(told) == 5
    with pytest.raises(CodesvcError, match="unset it"):
        crash_points.arm("live", {crash_points.VARIABLE: "delivery:1"})
    for nonsense in ("delivery", "delivery:0", "coffee:1", "delivery:-1"):
        with pytest.raises(CodesvcError, match="must be one of"):
            crash_points.arm("test", {crash_points.VARIABLE: nonsense})
    crash_points.arm("test", {})
    assert crash_points.mortal("delivery", told) is told


async def all_started(town, count, disturb):
    """Start so many verifications, 16 at a time, while the service is disturbed again and again; their ids."""
    gate = asyncio.Semaphore(16)

    async def one(number):
        async with gate:
            status, body = await town.start(number)
            assert status == 201, body
            return body["id"]

    async with asyncio.TaskGroup() as together:
        disturbing = together.create_task(disturb())
        names = await asyncio.gather(*(one(number) for number in range(count)))
        disturbing.cancel()
    return names


async def hold_everything(town, names):
    missing, doubled = await town.all_arrived(names)
    assert (missing, doubled) == ([], [])
    assert len(set(names)) == len(names)
    with town.embedded() as client:
        assert len(list(client.scan_iter(RECORDS, count=1000))) == len(names)
        for _ in range(400):
            if client.xlen(OUTBOX) == 0:
                return
            await asyncio.sleep(0.1)
    raise AssertionError("jobs are left")


@bounded
async def test_a_service_killed_at_random_instants_loses_and_doubles_nothing(town):
    town.configure('data_dir = "data"\nfsync = "everysec"')
    draw, deaths = random.Random(COUNT), 0  # noqa: S311  instants to die at
    async with town.serving():
        await town.people_and_users(PEOPLE)

    async def live_and_die():
        nonlocal deaths
        while True:
            async with town.serving() as process:
                await asyncio.sleep(draw.uniform(0.0, 4.0 if LONG else 1.0))
                kill(process.pid)
                deaths += 1

    names = await all_started(town, COUNT, live_and_die)
    assert deaths >= 1
    async with town.serving():
        if not LONG:
            with town.embedded() as client:
                age_jobs(client)
        await hold_everything(town, names)
    tell(f"{COUNT} verifications, {deaths} deaths of the service: none lost, none doubled")


@bounded
async def test_a_store_killed_at_random_instants_loses_nothing_under_always(town):
    town.configure('data_dir = "data"\nfsync = "always"')
    draw, deaths = random.Random(STORE_COUNT), 0  # noqa: S311  instants to die at
    async with town.serving() as process:
        await town.people_and_users(PEOPLE)

        async def kill_the_store():
            nonlocal deaths
            while True:
                await town.ready()
                await asyncio.sleep(draw.uniform(0.0, 1.0))
                if (server := child_named(process.pid, "valkey")) is not None:
                    kill(server)
                    deaths += 1

        names = await all_started(town, STORE_COUNT, kill_the_store)
        assert deaths >= 1
        await town.ready()
        await hold_everything(town, names)
    tell(f"{STORE_COUNT} verifications, {deaths} deaths of the store: none lost, none doubled")
