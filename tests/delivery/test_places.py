"""Who is next where more messages wait than WeChat takes: what can still arrive."""

import asyncio

import pytest

from codesvc.delivery.places import CALM_SECONDS, LIFE_SECONDS, Places
from tests.delivery.test_batches import FREE, keys_of, waiting_jobs
from tests.stores import until


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


class Queue:
    """Jobs that hold a place until they are let go, in the order in which they were given it."""

    def __init__(self, places):
        self.places, self.order, self.tasks, self.gates = places, [], {}, {}

    async def _job(self, name):
        async with self.places:
            self.order.append(name)
            await self.gates[name].wait()

    async def come(self, *names):
        for name in names:
            self.gates[name] = asyncio.Event()
            self.tasks[name] = asyncio.create_task(self._job(name))
            await asyncio.sleep(0)

    async def go(self, name):
        self.gates[name].set()
        await self.tasks[name]
        await asyncio.sleep(0)


async def test_they_go_in_their_order_while_nobody_waits_long(clock):
    queue = Queue(Places(2, now=clock))
    await queue.come(*"abcd")
    assert queue.order == [*"ab"]
    clock.now += CALM_SECONDS - 1
    await queue.go("b")
    await queue.go("a")
    await queue.come("e")
    await queue.go("c")
    assert queue.order == [*"abcde"]


async def test_the_newest_goes_first_once_the_oldest_waits_long(clock):
    queue = Queue(Places(1, now=clock))
    await queue.come(*"abc")
    clock.now += CALM_SECONDS
    await queue.come("d")
    await queue.go("a")
    await queue.go("d")
    assert queue.order == [*"adc"]


async def test_what_has_outlived_its_code_goes_before_all_to_be_ended(clock):
    queue = Queue(Places(1, now=clock))
    await queue.come(*"ab")
    clock.now += LIFE_SECONDS - 1
    await queue.come("c")
    clock.now += 1
    await queue.go("a")
    assert queue.order == [*"ab"]


async def test_a_job_that_is_cancelled_takes_no_place(clock):
    queue = Queue(Places(1, now=clock))
    await queue.come(*"abcd")
    queue.tasks["b"].cancel()
    await asyncio.sleep(0)
    queue.gates["a"].set()
    await asyncio.sleep(0)
    queue.tasks["c"].cancel()  # it was given the place and has not run yet
    for _ in range(3):
        await asyncio.sleep(0)
    assert queue.order == [*"ad"]
    await queue.go("d")
    await queue.come("e")
    assert queue.order == [*"ade"]
    await queue.go("e")


async def test_most_codes_come_soon_where_a_third_too_many_are_sent(clock):
    """Thirty a second come, of which WeChat takes 20: nearly all that are sent are sent soon, the others end."""
    places, waits, dead = Places(2, now=clock), [], 0
    ends = asyncio.Condition()

    async def job():
        nonlocal dead
        came = clock.now
        async with places:
            waited = clock.now - came
            if waited >= LIFE_SECONDS:
                dead += 1
                return
            waits.append(waited)
            ends_at = clock.now + 0.1
            while clock.now < ends_at:
                async with ends:
                    await ends.wait()

    tasks, most = [], 0
    for _ in range(4_000):  # 400 s in steps of 0.1 s
        tasks += [asyncio.create_task(job()) for _ in range(3)]
        for _ in range(3):
            await asyncio.sleep(0)
        clock.now += 0.1001
        async with ends:
            ends.notify_all()
        for _ in range(6):
            await asyncio.sleep(0)
        most = max(most, len(places._waiting))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    soon = sum(waited <= CALM_SECONDS + 1 for waited in waits)
    assert soon / len(waits) > 0.9, (soon, len(waits))
    assert len(waits) > 0.5 * len(tasks)
    assert dead > 500
    assert most < 4_000


async def test_of_a_backlog_only_what_still_lives_is_sent(new_world, valkey):
    """The jobs of ended codes are looked at and no call is made for them; those behind them arrive."""
    async with waiting_jobs(new_world, 40) as (first, people, started):
        await first.advance(301)
        late = [await first.bound(f"late-{number}") for number in range(10)]
        fresh = [await first.start(f"late-{number}") for number in range(10)]
        async with new_world(sites__shop__limits=FREE, platform=first.platform) as world:
            await until(lambda: valkey.xlen(keys_of(world).outbox) == 0)
            for one in fresh:
                await world.delivery(one, "sent", "delivered")
            for one in started:
                assert (await world.call("GET", f"/v1/verifications/{one['id']}")).json["status"] == "expired"
        for person, count in [*((each, 0) for each in people), *((each, 1) for each in late)]:
            messages = first.platform.contact(person.openid).messages
            assert [message["type"] for message in messages].count("template") == count
