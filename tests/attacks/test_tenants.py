"""A site that does its worst within its limits: what a neighbour on the same account and partition feels of it."""

import asyncio

from tests.world import OTHER_KEY

MOST_BYTES = 8_192
"""What the largest start may take in the store; docs/decisions/threat-model.md multiplies it."""


async def test_a_neighbours_queue_delays_and_loses_nothing_of_ours(new_world):
    async with new_world(sites__cafe__limits={"address_starts": "none", "site_starts": ["100/minute"]}) as world:
        owner, theirs = await world.bound("alice"), await world.person()
        assert (await world.bind("bob", theirs, key=OTHER_KEY)).status == 201
        flood = await asyncio.gather(*(world.start("bob", "reset", key=OTHER_KEY) for _ in range(150)))
        # The neighbour's own limit ends it, whatever it wants.
        assert sorted({answer.status for answer in flood}) == [201, 429]
        assert sum(answer.status == 201 for answer in flood) == 100
        started = await world.start("alice", "reset")
        assert started.status == 201
        code = await owner.wait_for_push()
        assert (await world.check(started, code)).status == 200


async def test_what_the_largest_start_holds_is_bounded(world, valkey):
    # As long as the call allows: metadata of 4 KiB, a user, a return address, an agent.
    await world.start("warm-up")
    before = {key: valkey.memory_usage(key) for key in valkey.scan_iter()}
    metadata = {f"m{n}": "x" * 400 for n in range(9)}
    user, agent = "u" * 128, "a" * 500
    url = "https://shop.example/" + "r" * 400
    started = await world.start(user, metadata=metadata, user_agent=agent, return_url=url)
    assert started.status == 201, started.text
    after = {key: valkey.memory_usage(key) for key in valkey.scan_iter()}
    grown = sum(after[key] - before.get(key, 0) for key in after)
    assert 4_096 < grown < MOST_BYTES
    too_much = await world.start(user, metadata={"m": "x" * 5_000})
    assert too_much.status == 400
