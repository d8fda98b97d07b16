"""A site that does its worst within its limits: what a neighbour on the same account and partition feels of it."""

import asyncio

from tests.world import OTHER_KEY

MOST_BYTES = 8_192
"""What the largest start may take in the store; docs/decisions/threat-model.md multiplies it."""


async def test_a_neighbours_queue_delays_and_loses_nothing_of_ours(new_world):
    async with new_world(sites__cafe__limits={"address_starts": "none", "site_starts": ["100/minute"]}) as world:
        owner, theirs = await world.bound("alice"), await world.person()
        assert (await world.bind("bob", theirs, key=OTHER_KEY)).status == 201
        flood = await asyncio.gather(
            *(world.start("bob", "reset", ip=f"198.{n}.100.1", key=OTHER_KEY) for n in range(150))
        )
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
    before = {key: valkey.memory_usage(key) for key in valkey.keys("*")}
    metadata = {f"m{n}": "x" * 400 for n in range(9)}
    user, agent = "u" * 128, "a" * 500
    url = "https://shop.example/" + "r" * 400
    started = await world.start(user, metadata=metadata, user_agent=agent, return_url=url)
    assert started.status == 201, started.text
    after = {key: valkey.memory_usage(key) for key in valkey.keys("*")}
    grown = sum(after[key] - before.get(key, 0) for key in after)
    assert 4_096 < grown < MOST_BYTES
    too_much = await world.start(user, metadata={"m": "x" * 5_000})
    assert too_much.status == 400


async def test_the_answer_to_a_check_is_kept_no_longer_than_its_verification(world, valkey):
    """Five wrong codes with a key each held 1.5 kB for a day: six times what the starts of a site hold."""
    started = await world.start(headers={"Idempotency-Key": "start"})
    [record], [of_start] = list(valkey.scan_iter("*:vf:*")), list(valkey.scan_iter("*:idem:*"))
    for number in range(5):
        key = {"Idempotency-Key": f"check-{number}"}
        wrong = [await world.check(started, f"00000{number}", headers=key) for _ in range(2)]
        assert {(answer.status, answer["attempts_left"]) for answer in wrong} == {(422, 4 - number)}
    of_checks = set(valkey.scan_iter("*:idem:*")) - {of_start}
    assert len(of_checks) == 5
    ends = valkey.pexpiretime(record)
    assert max(map(valkey.pexpiretime, of_checks)) <= ends < valkey.pexpiretime(of_start)
    assert sum(map(valkey.memory_usage, of_checks | {of_start})) < 2_048


async def test_the_answer_to_an_approval_is_kept_as_long_as_the_approval(world, valkey):
    person, started = await world.person(), await world.start()
    await person.say(started["scan"]["keyword"])
    code, key = await person.code_in_chat(), {"Idempotency-Key": "check"}
    assert (await world.check(started, code, headers=key)).status == 200
    [record], [answer] = list(valkey.scan_iter("*:vf:*")), list(valkey.scan_iter("*:idem:*"))
    assert valkey.pttl(answer) > 3_600_000
    assert valkey.pexpiretime(answer) <= valkey.pexpiretime(record)
    assert (await world.check(started, code, headers=key)).status == 200
