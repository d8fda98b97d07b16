"""Idempotency-Key: the same call again is the same answer, whatever has happened since (DESIGN, HTTP contract)."""

import asyncio

import pytest

from tests.world import OTHER_KEY, wrong

ONCE = {"Idempotency-Key": "order-17"}


async def test_the_same_start_again_gives_the_same_answer(world, dump):
    first = await world.start("alice", headers=ONCE, metadata={"n": 1})
    stored = dump()
    again = await world.start("alice", headers=ONCE, metadata={"n": 1})
    assert (again.status, again.text) == (201, first.text)
    assert dump() == stored


@pytest.mark.parametrize("purpose", ["register", "reset"])
async def test_even_after_it_was_pushed_claimed_resent_and_approved(world, purpose):
    owner = await world.bound("alice")
    first = await world.start("alice", purpose, headers=ONCE)
    code = await owner.wait_for_push()
    await world.check(first, wrong(code))
    await world.advance(61)
    await world.resend(first)
    await owner.say(first["scan"]["keyword"])
    assert (await world.start("alice", purpose, headers=ONCE)).text == first.text
    assert (await world.check(first, code)).status == 200
    again = await world.start("alice", purpose, headers=ONCE)
    assert (again.status, again.text) == (201, first.text)
    assert "proof" not in again.json


async def test_another_body_under_the_same_key_is_refused(world, dump):
    await world.start("alice", headers=ONCE)
    stored = dump()
    other = await world.start("bob", headers=ONCE)
    assert (other.status, other.problem) == (422, "idempotency-mismatch")
    assert dump() == stored


async def test_a_key_is_the_sites_own(world):
    shop = await world.start("alice", headers=ONCE)
    cafe = await world.start("alice", headers=ONCE, key=OTHER_KEY)
    assert cafe.status == 201
    assert cafe["id"] != shop["id"]


async def test_many_at_once_start_one(world):
    answers = await asyncio.gather(*(world.start("alice", headers=ONCE) for _ in range(20)))
    assert {a.status for a in answers} == {201}
    assert len({a.text for a in answers}) == 1


async def test_a_repeated_start_costs_no_limit(new_world):
    async with new_world(sites__shop__limits={"address_starts": ["1/hour"]}) as world:
        for _ in range(3):
            assert (await world.start(headers=ONCE)).status == 201
        assert (await world.start()).status == 429


async def test_a_refused_start_may_be_repeated_under_its_key(new_world):
    async with new_world(sites__shop__limits={"address_starts": ["1/hour"]}) as world:
        await world.start("first")
        assert (await world.start("alice", headers=ONCE)).status == 429
        await world.advance(3601)
        assert (await world.start("alice", headers=ONCE)).status == 201


async def test_the_winner_may_repeat_his_check_and_nobody_else(world):
    person, started = await world.person(), await world.start()
    await person.say(started["scan"]["keyword"])
    code = await person.code_in_chat()
    first = await world.check(started, code, headers=ONCE)
    again = await world.check(started, code, headers=ONCE)
    assert (again.status, again.text) == (200, first.text)
    assert (await world.check(started, code)).problem == "verification-ended"
    assert (await world.check(started, code, headers={"Idempotency-Key": "other"})).problem == "verification-ended"
    assert (await world.check(started, wrong(code), headers=ONCE)).problem == "idempotency-mismatch"


async def test_a_wrong_guess_repeated_is_a_guess(world):
    started = await world.start()
    left = [(await world.check(started, "no", headers=ONCE))["attempts_left"] for _ in range(3)]
    assert left == [4, 3, 2]


async def test_what_is_kept_for_it_holds_no_secret_and_not_the_key_itself(world, dump):
    person, started = await world.person(), await world.start("alice", headers=ONCE)
    await person.say(started["scan"]["keyword"])
    approved = await world.check(started, await person.code_in_chat(), headers=ONCE)
    kept = {key: value for key, value in dump().items() if ":idem:" in key}
    assert len(kept) == 2
    assert "order-17" not in str(kept)
    assert approved["proof"] not in str(kept)
    assert set().union(*kept.values()) == {b"fingerprint", b"id", b"outcome"}


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
async def test_what_is_no_key_is_refused(world, key):
    answer = await world.start(headers={"Idempotency-Key": key})
    assert (answer.status, answer.problem) == (400, "invalid")
