"""An account's places: so many and no more, in order, also where a caller gives up."""

import asyncio

import pytest

from codesvc.delivery.places import Places


class Traffic:
    """Who is in a lane, and when each may go."""

    def __init__(self, most):
        self.lane, self.inside, self.came, self.may_go = Places(most), set(), [], {}

    async def drive(self, name):
        self.may_go[name] = asyncio.Event()
        async with self.lane:
            self.inside.add(name)
            self.came.append(name)
            try:
                await self.may_go[name].wait()
            finally:
                self.inside.discard(name)

    def start(self, *names):
        return [asyncio.create_task(self.drive(name)) for name in names]


async def settled():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_so_many_are_inside_and_the_rest_follow_in_order():
    traffic = Traffic(2)
    tasks = traffic.start(*range(6))
    for left in range(6):
        await settled()
        assert traffic.inside == {left, left + 1} & set(range(6))
        traffic.may_go[left].set()
    await asyncio.wait_for(asyncio.gather(*tasks), 60)
    assert traffic.came == list(range(6))
    tasks = traffic.start("a", "b", "c")
    await settled()
    assert traffic.inside == {"a", "b"}
    for name in "abc":
        traffic.may_go[name].set()
    await asyncio.wait_for(asyncio.gather(*tasks), 60)


async def test_who_gives_up_while_waiting_leaves_no_gap():
    traffic = Traffic(1)
    first, second, third = traffic.start(1, 2, 3)
    await settled()
    second.cancel()
    traffic.may_go[1].set()
    await settled()
    assert traffic.inside == {3}
    traffic.may_go[3].set()
    await asyncio.wait_for(asyncio.gather(first, third), 60)


async def test_who_is_ended_in_the_moment_he_is_given_a_place_hands_it_on():
    traffic = Traffic(1)
    async with traffic.lane:
        given, next_one = traffic.start("given", "next")
        await settled()
    # The place is his, and he has not heard of it.
    given.cancel()
    await settled()
    assert traffic.inside == {"next"}
    traffic.may_go["next"].set()
    await asyncio.wait_for(next_one, 60)
    async with asyncio.timeout(60), traffic.lane:
        pass


async def test_an_error_inside_frees_the_place():
    lane = asyncio.Semaphore(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="invalid"):
            async with asyncio.timeout(60), lane:
                int("nothing")
