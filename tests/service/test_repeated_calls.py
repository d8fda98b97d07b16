"""Idempotency-Key: the same call again is the same answer, whatever has happened since (DESIGN, HTTP contract)."""

import asyncio

import pytest

from tests.service.held_pushes import holding
from tests.world import OTHER_KEY, wrong

ONCE = {"Idempotency-Key": "order-17"}


def said(answer):
    """Status and body of an answer, without what tells one request from another."""
    return answer.status, {name: value for name, value in answer.json.items() if name != "request_id"}


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


async def test_a_wrong_check_repeated_costs_nothing(world, dump):
    started = await world.start()
    first = await world.check(started, "000000", headers=ONCE)
    stored = dump()
    again = [await world.check(started, "000000", headers=ONCE) for _ in range(3)]
    assert [said(a) for a in again] == [said(first)] * 3
    assert first["attempts_left"] == 4
    assert dump() == stored


async def test_wrong_checks_under_different_keys_are_guesses(world):
    started = await world.start()
    left = [
        (await world.check(started, "000000", headers={"Idempotency-Key": f"k{n}"}))["attempts_left"] for n in range(3)
    ]
    assert left == [4, 3, 2]
    assert (await world.check(started, "000000", headers={"Idempotency-Key": "k0"}))["attempts_left"] == 4
    assert (await world.check(started, "000000"))["attempts_left"] == 1


@pytest.mark.parametrize("ended", ["exhausted", "canceled"])
async def test_a_wrong_check_repeated_after_the_end_gives_the_first_answer(world, ended):
    started = await world.start()
    first = await world.check(started, "000000", headers=ONCE)
    for n in range(4 if ended == "exhausted" else 0):
        last = await world.check(started, "000000", headers={"Idempotency-Key": f"k{n}"})
    if ended == "exhausted":
        assert last["attempts_left"] == 0
        assert said(await world.check(started, "000000", headers={"Idempotency-Key": "k3"})) == said(last)
    else:
        await world.cancel(started)
    assert said(await world.check(started, "000000", headers=ONCE)) == said(first)
    assert (await world.check(started, "000000")).problem == "verification-ended"


async def test_a_wrong_check_is_repeated_within_the_code_s_life(world):
    started = await world.start()
    await world.check(started, "000000", headers=ONCE)
    await world.advance(3600)
    assert (await world.check(started, "000000", headers=ONCE)).problem in {"verification-ended", "not-found"}


async def test_a_repeat_past_the_guess_budget_gives_the_first_answer(new_world):
    async with new_world(sites__shop__limits={"user_guesses": ["1/hour"]}) as world:
        started = await world.start()
        first = await world.check(started, "000000", headers=ONCE)
        assert (await world.check(started, "000000")).problem == "guess-budget"
        assert said(await world.check(started, "000000", headers=ONCE)) == said(first)


async def test_a_check_refused_by_the_budget_may_be_repeated_under_its_key(new_world):
    async with new_world(sites__shop__limits={"user_guesses": ["1/minute"]}) as world:
        started = await world.start()
        await world.check(started, "000000")
        assert (await world.check(started, "000000", headers=ONCE)).problem == "guess-budget"
        await world.advance(61)
        assert (await world.check(started, "000000", headers=ONCE))["attempts_left"] == 3


async def test_many_wrong_checks_at_once_under_one_key_take_one_attempt(world):
    started = await world.start()
    answers = await asyncio.gather(*(world.check(started, "000000", headers=ONCE) for _ in range(20)))
    assert {(a.status, a["attempts_left"]) for a in answers} == {(422, 4)}


async def test_a_key_belongs_to_one_path(world, dump):
    one, two = await world.start(), await world.start("bob")
    login, bind = {}, {"user": "alice"}
    acts = {
        "start": lambda headers: world.start("alice", headers=headers),
        "check": lambda headers: world.check(one, "000000", headers=headers),
        "another check": lambda headers: world.check(two, "000000", headers=headers),
        "login": lambda headers: world.call("POST", "/v1/logins", {**login, "client_ip": "192.0.2.1"}, headers=headers),
        "bind": lambda headers: world.call(
            "POST", "/v1/bind-intents", {**bind, "client_ip": "192.0.2.1"}, headers=headers
        ),
    }
    for name, act in acts.items():
        headers = {"Idempotency-Key": f"of-{name.replace(' ', '-')}"}
        first = await act(headers)
        assert first.status == 201 or first.problem == "wrong-code", first.text
        stored = dump()
        for other, again in acts.items():
            if other != name:
                answer = await again(headers)
                assert (answer.status, answer.problem) == (422, "idempotency-mismatch"), (name, other)
        assert dump() == stored
        assert said(await act(headers)) == said(first)


async def test_what_needs_no_key_answers_a_repeat_as_documented(world):
    """The last sentences of docs/en/api.md, Repeating a call."""
    started, person = await world.start(), await world.person()
    first, again = await world.cancel(started), await world.cancel(started)
    assert (first.status, again.status, again.text) == (200, 200, first.text)
    approved = await world.approved("bob")
    ended = await world.call("POST", f"/v1/verifications/{approved['id']}/cancel", {})
    assert (ended.status, ended.problem) == (410, "verification-ended")
    put = [await world.bind("carol", person) for _ in range(2)]
    assert [answer.status for answer in put] == [201, 200]
    gone = [await world.call("DELETE", "/v1/bindings/carol") for _ in range(2)]
    assert [answer.status for answer in gone] == [204, 404]
    lifted = [await world.call("DELETE", "/v1/users/carol/guesses") for _ in range(2)]
    assert [answer.status for answer in lifted] == [204, 204]
    for path, body in (("logins", {}), ("bind-intents", {"user": "dave"})):
        intent = await world.call("POST", f"/v1/{path}", {"client_ip": "192.0.2.1", **body})
        end = [await world.call("POST", f"/v1/{path}/{intent['id']}/cancel", {}) for _ in range(2)]
        assert end[0].status == 200, end[0].text
        assert [answer.status for answer in end] == [200, 200]
        assert end[1].text == end[0].text


async def test_a_right_check_many_times_at_once_under_one_key_is_one_approval(world):
    person, started = await world.person(), await world.start()
    await person.say(started["scan"]["keyword"])
    code = await person.code_in_chat()
    answers = await asyncio.gather(*(world.check(started, code, headers=ONCE) for _ in range(20)))
    assert {a.status for a in answers} == {200}
    assert len({a.text for a in answers}) == 1


async def test_what_was_refused_has_not_happened_and_leaves_the_key_free(world):
    """Also for what cannot be a code, for an ended verification, and for a call that is refused as invalid."""
    person, started = await world.person(), await world.start()
    await person.say(started["scan"]["keyword"])
    assert (await world.check(started, "12", headers=ONCE)).problem == "malformed-code"
    assert (await world.check(started, await person.code_in_chat(), headers=ONCE)).status == 200
    other = {"Idempotency-Key": "order-18"}
    assert (await world.check(started, "000000", headers=other)).problem == "verification-ended"
    assert (await world.start("bob", purpose="no such", headers=other)).problem == "invalid"
    assert (await world.start("bob", headers=other)).status == 201


async def test_a_key_may_have_255_characters_and_another_may_differ_in_the_last(world):
    first = await world.start(headers={"Idempotency-Key": "k" * 255})
    again = await world.start(headers={"Idempotency-Key": "k" * 255})
    other = await world.start(headers={"Idempotency-Key": "k" * 254 + "l"})
    assert (first.status, again.text, other.status) == (201, first.text, 201)
    assert other["id"] != first["id"]


async def test_a_repeated_start_answers_as_the_first_when_a_newer_one_has_its_message(new_world, valkey):
    async with holding(new_world, valkey) as (world, _):
        await world.bound("alice")
        first = await world.start("alice", headers=ONCE)
        await world.start("alice")
        assert (await world.get(first))["delivery"]["reason"] == "double-start"
        assert said(await world.start("alice", headers=ONCE)) == said(first)


async def test_a_start_that_is_repeated_is_no_double_click(world):
    owner = await world.bound("alice")
    first = await world.start("alice", headers=ONCE)
    code = await owner.wait_for_push()
    assert (await world.start("alice", headers=ONCE)).text == first.text
    await world.control("POST", "/settle")
    assert await owner.pushed_codes() == [code]
    assert (await world.check(first, code)).status == 200


async def test_what_is_kept_for_it_holds_no_secret_and_not_the_key_itself(world, dump):
    person, started = await world.person(), await world.start("alice", headers=ONCE)
    await person.say(started["scan"]["keyword"])
    approved = await world.check(started, await person.code_in_chat(), headers={"Idempotency-Key": "order-18"})
    kept = {key: value for key, value in dump().items() if ":idem:" in key}
    assert len(kept) == 2
    assert "order-1" not in str(kept)
    assert approved["proof"] not in str(kept)
    assert set().union(*kept.values()) == {b"since", b"fingerprint", b"id", b"outcome"}


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
async def test_what_is_no_key_is_refused(world, key):
    answer = await world.start(headers={"Idempotency-Key": key})
    assert (answer.status, answer.problem) == (400, "invalid")
