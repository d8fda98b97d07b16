"""The store's clock steps: that is said, what waits is sent, and nothing is deleted for good meanwhile."""

import pytest

from codesvc.doctor import clocks
from codesvc.domain.clock import Offset, unix_ms
from codesvc.domain.health import CLOCK_JUMPED, CLOCK_SET_BACK, of_clock
from codesvc.runtime import metrics
from codesvc.service.store_clock import StoreClock
from codesvc.store.clock_mark import ClockMark
from codesvc.store.connection import connect
from codesvc.store.deployment_keys import DeploymentKeys
from codesvc.store.outbox import GROUP, Outbox
from codesvc.store.store import Store
from codesvc.web.context import SERVICES
from tests.stores import until
from tests.webhooks.receiver import hook, receiving
from tests.world import OPERATOR_KEY

CLOCK = DeploymentKeys("cs").store_clock
EIGHT_HOURS = 28_800


@pytest.fixture
async def store(store_url):
    servers = await connect(store_url, timeout=5)
    yield Store(servers, offset=Offset(movable=True), prefix="cs")
    await servers.aclose()


class Steady:
    """A steady clock. The store's clock has jumped ahead by as much as this one goes back."""

    def __init__(self):
        self.seconds = 1_000_000.0

    def __call__(self):
        return self.seconds


async def test_a_clock_that_goes_on_says_nothing(store):
    clock = StoreClock(store, steady=Steady())
    assert not clock.may_delete
    await clock.look()
    await clock.look()
    assert (clock.state, clock.may_delete) == (None, True)


@pytest.mark.parametrize(("ahead", "state", "said"), [(0, "ok", "agrees"), (-900, "apart", "seconds behind")])
async def test_a_machine_whose_own_clock_is_wrong(store, ahead, state, said):
    clock = StoreClock(store, steady=Steady(), wall=lambda: unix_ms() + ahead * 1000)
    assert "not compared" in of_clock(clock.ahead_ms).means
    await clock.look()
    found = of_clock(clock.ahead_ms)
    assert found.state == state
    assert said in found.means
    shown = next(iter(metrics.CLOCK_APART.collect())).samples[0].value
    assert abs(shown + ahead) < 5


async def test_a_clock_that_was_set_back_is_seen_by_the_next_process_too(store, valkey):
    first, second, reactions = StoreClock(store, steady=Steady()), StoreClock(store, steady=Steady()), []
    await first.look()
    valkey.hset(CLOCK, "seen", int(valkey.hget(CLOCK, "seen")) + EIGHT_HOURS * 1000)

    async def react():
        reactions.append(second)

    second.after_set_back.append(react)
    await second.look()
    assert (second.state, second.may_delete, reactions) == (CLOCK_SET_BACK, True, [second])
    await second.look()
    assert reactions == [second]
    third = StoreClock(store, steady=Steady())
    await third.look()
    assert third.state == CLOCK_SET_BACK


async def test_after_a_jump_ahead_nothing_is_deleted_for_a_day(store):
    steady = Steady()
    clock, other = StoreClock(store, steady=steady), StoreClock(store, steady=Steady())
    await clock.look()
    steady.seconds -= EIGHT_HOURS
    await clock.look()
    assert (clock.state, clock.may_delete) == (CLOCK_JUMPED, False)
    await other.look()
    assert (other.state, other.may_delete) == (CLOCK_JUMPED, False)


async def test_a_start_after_a_long_stop_is_not_a_fault_but_deletes_only_after_a_day(store, valkey):
    steady = Steady()
    await StoreClock(store, steady=Steady()).look()
    valkey.hincrby(CLOCK, "seen", -EIGHT_HOURS * 1000)
    clock = StoreClock(store, steady=steady)
    await clock.look()
    assert (clock.state, clock.may_delete) == (None, False)
    steady.seconds += 86_400
    assert clock.may_delete


async def test_readiness_says_it(world, valkey):
    clock = world.app[SERVICES].readiness._clock
    await until(lambda: clock.may_delete)
    valkey.hincrby(CLOCK, "seen", EIGHT_HOURS * 1000)
    await clock.look()
    answer = await world.call("GET", "/readyz", key=OPERATOR_KEY)
    [store] = [each for each in answer["components"] if each["component"] == "store"]
    assert (answer.status, store["state"]) == (200, CLOCK_SET_BACK)


async def test_events_that_are_due_are_sent_after_the_clock_was_set_back(new_world, valkey):
    async with receiving(answers=[500]) as receiver, new_world(sites__shop__webhook=hook(receiver)) as world:
        here = world.app[SERVICES]
        await until(lambda: here.readiness._clock.may_delete)
        here.offset.move_to(EIGHT_HOURS * 1000)
        await world.bound("alice")
        await receiver.wait(1)
        # The attempt was recorded, so the event is due again when the clock is there.
        await until(lambda: any(valkey.hget(each, "attempts") == b"1" for each in valkey.keys("*:webhook:*")))
        here.offset._ms = 0
        valkey.hincrby(CLOCK, "seen", EIGHT_HOURS * 1000)
        await here.readiness._clock.look()
        await receiver.wait(2)


async def test_the_idle_time_of_a_dead_workers_job_begins_anew(store, valkey):
    box = Outbox(store.servers, prefix="cs", partition=0, consumer="dead")
    await box.forget_idle_times()
    [stream] = [f"{key.decode()}" for key in valkey.keys("*outbox*")]
    valkey.xadd(stream, {"kind": "void", "id": "vf_x", "number": 1, "account": "wx1"})
    [job] = await box.read(count=1, block_ms=10)
    valkey.xclaim(stream, GROUP, "dead", 0, [job.entry], idle=3_600_000)
    await Outbox(store.servers, prefix="cs", partition=0, consumer="alive").forget_idle_times()
    [pending] = valkey.xpending_range(stream, GROUP, "-", "+", 10)
    assert pending["time_since_delivered"] < 3_000_000


def test_the_doctor_says_it():
    day = 86_400_000
    assert list(clocks.judge_steps(ClockMark(seen=day), day)) == []
    [behind] = clocks.judge_steps(ClockMark(seen=2 * day), day)
    assert "86400 s behind" in behind.found
    [before] = clocks.judge_steps(ClockMark(seen=day, state=CLOCK_JUMPED, stepped=day - 5), day)
    assert CLOCK_JUMPED in before.found
    assert list(clocks.judge_steps(ClockMark(seen=3 * day, state=CLOCK_JUMPED, stepped=day), 3 * day)) == []
