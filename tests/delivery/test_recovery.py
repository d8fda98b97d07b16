"""When what stood in the way is mended, what waits goes on at once; until then WeChat is tried every few seconds."""

import asyncio
from itertools import pairwise

import pytest

from codesvc.delivery.breaker import FAILURES, LONGEST_PAUSE
from codesvc.delivery.channels.protocol import Attempt, Ending
from codesvc.delivery.circuits import Circuit
from codesvc.delivery.courier import PAUSES
from codesvc.delivery.pace import Pace
from codesvc.domain.channels import Channel
from codesvc.wechat.token import COOL_DOWN, QUICK_COOL_DOWN
from tests.stores import until

TRIED_WITHIN = 5.0
TOKENS = "/cgi-bin/stable_token"
FREE = dict.fromkeys(("site_starts", "address_starts", "user_pushes", "openid_pushes"), "none")
BLOCKED = Attempt(Ending.LATER, Channel.TEMPLATE, blocked=True)
SENT = Attempt(Ending.SENT, Channel.TEMPLATE)


class Hours:
    """A clock that jumps to the end of the shortest pause when everybody waits."""

    def __init__(self):
        self.now, self.waiting = 0.0, []

    async def sleep(self, seconds):
        over = asyncio.get_running_loop().create_future()
        self.waiting.append((self.now + seconds, over))
        await over

    async def pass_by(self):
        for _ in range(20):
            await asyncio.sleep(0)
        self.waiting = [(end, over) for end, over in self.waiting if not over.done()]
        if self.waiting:
            end, over = min(self.waiting, key=lambda one: one[0])
            self.now = max(self.now, end)
            over.set_result(None)


@pytest.mark.parametrize("jobs", [1, 3, 40])
async def test_while_work_waits_wechat_is_tried_every_five_seconds(jobs):
    hours = Hours()
    circuit = Circuit("main", trials=Pace().trials, clock=lambda: hours.now, sleep=hours.sleep)
    mended, tries, sent = False, [], []

    async def job():
        for number in range(10_000):
            if circuit.allows():
                tries.append(hours.now)
                circuit.ended(SENT if mended else BLOCKED)
                if mended:
                    return sent.append(hours.now)
                await circuit.pause(PAUSES[min(number, len(PAUSES) - 1)] * 1.2)
            else:
                await circuit.pause(circuit.wait())
        return None

    tasks = [asyncio.create_task(job()) for _ in range(jobs)]
    while hours.now < 600:
        await hours.pass_by()
    assert max(late - early for early, late in pairwise(tries)) <= TRIED_WITHIN
    assert len(tries) <= jobs * 5 + 600 / LONGEST_PAUSE + FAILURES
    mended, at = True, hours.now
    while len(sent) < jobs:
        await hours.pass_by()
    assert sent[0] <= at + TRIED_WITHIN
    assert sent[-1] == sent[0], "whoever waits is not woken"
    await asyncio.gather(*tasks)


def test_a_refused_token_is_fetched_again_at_every_trial():
    """A trial for which no token is fetched would show nothing."""
    assert max(COOL_DOWN, QUICK_COOL_DOWN) <= LONGEST_PAUSE <= TRIED_WITHIN
    assert max(PAUSES) * 1.2 <= TRIED_WITHIN


async def test_a_trial_for_which_no_call_was_made_leaves_room_for_another():
    hours = Hours()
    circuit = Circuit("main", trials=(1.0, 1.0), clock=lambda: hours.now, sleep=hours.sleep)
    for _ in range(FAILURES):
        circuit.ended(BLOCKED)
    hours.now = 1.0
    assert circuit.allows()
    circuit.ended(None)
    assert circuit.allows()
    assert not circuit.allows()


# One that speaks of the address and one of the secret, each of which waits seconds: the token knows no difference.
@pytest.mark.parametrize("errcode", [40164, 40125])
async def test_a_token_that_is_refused_and_mended_lets_all_that_waits_go(new_world, errcode):
    async with new_world(pace=Pace(pauses=(0.05,), trials=(0.1, 0.1)), sites__shop__limits=FREE) as world:
        people = [await world.bound(f"u-{number}") for number in range(8)]
        await world.fault("errcode", path=TOKENS, errcode=errcode)
        await world.control("POST", f"/accounts/{world.platform.default_account.appid}/revoke-tokens")
        purposes = ["register", "reset"] * 4
        started = [await world.start(f"u-{number}", purpose) for number, purpose in enumerate(purposes)]
        asked = len(world.platform.journal.entries("api", path=TOKENS))
        await until(lambda: len(world.platform.journal.entries("api", path=TOKENS)) > asked)
        assert (await world.get(started[0]))["delivery"]["status"] == "queued"
        await world.control("DELETE", "/faults")
        for person in people:
            await person.wait_for_push()
        assert [len(await person.messages("template")) for person in people] == [1] * 8
