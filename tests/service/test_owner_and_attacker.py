"""What a stranger can use up stops pushes and blind guesses, never the owner (DESIGN rule 3)."""

import pytest

from tests.service.inside import code_of
from tests.world import wrong


async def attack(world, user, purpose="reset"):
    """From many addresses: use up the pushes, the guess budget, and three live verifications at each address."""
    for n in range(12):
        started = await world.start(user, purpose, ip=f"198.51.100.{n}")
        assert started.status == 201
        await world.check(started, wrong(code_of(world, started)), client_ip=f"203.0.113.{n}")
    refused = await world.check(started, wrong(code_of(world, started)))
    assert (refused.status, refused.problem, refused["limit"]) == (429, "guess-budget", "user_guesses")
    return started


@pytest.mark.parametrize("purpose", ["register", "reset"])
async def test_the_owner_gets_through_by_scanning_while_the_attack_lasts(world, purpose):
    owner = await world.bound("alice")
    await attack(world, "alice", purpose)
    await owner.wait_for_push(5)
    pushed = len(await owner.pushed_codes())
    mine = await world.start("alice", purpose, ip="192.0.2.77")
    assert mine.status == 201
    await world.control("POST", "/settle")
    assert len(await owner.pushed_codes()) == pushed <= 5
    if purpose == "register":
        assert mine["delivery"] == {"channel": "scan", "status": "awaiting_scan", "reason": "limited"}
    await owner.scan(await world.scan_url(mine))
    code = await owner.code_in_chat()
    assert (await world.check(mine, wrong(code), client_ip="192.0.2.77")).status == 422
    assert (await world.check(mine, code, client_ip="192.0.2.77")).status == 200


async def test_without_a_scan_the_budget_holds_even_for_the_right_code(world):
    await world.bound("alice")
    started = await attack(world, "alice")
    blocked = await world.check(started, code_of(world, started))
    assert (blocked.status, blocked.problem) == (429, "guess-budget")
    assert int(blocked.headers["Retry-After"]) <= 3600
    assert '"user_guesses/3600";q=10;w=3600' in blocked.headers["RateLimit-Policy"]
    assert blocked.headers["RateLimit"].startswith('"user_guesses/3600";r=0;t=')


async def test_attempts_a_stranger_spent_come_back_to_the_owner_who_scans(world):
    owner, started = await world.bound("alice"), await world.start("alice", "reset")
    for _ in range(4):
        await world.check(started, wrong(code_of(world, started)))
    assert (await world.get(started))["attempts_left"] == 1
    await owner.scan(await world.scan_url(started))
    assert (await world.get(started))["attempts_left"] == 5
    assert (await world.check(started, await owner.code_in_chat())).status == 200


async def test_a_claimed_verification_is_not_superseded_by_unclaimed_ones_of_the_same_address(world):
    owner, mine = await world.bound("alice"), await world.start("alice", "reset")
    await owner.scan(await world.scan_url(mine))
    for _ in range(6):
        await world.start("alice", "reset")
    assert (await world.get(mine))["status"] == "pending"
    assert (await world.check(mine, await owner.code_in_chat())).status == 200


async def test_starts_from_other_addresses_supersede_nothing(world):
    mine = await world.start("alice", "reset", ip="192.0.2.77")
    for n in range(8):
        await world.start("alice", "reset", ip=f"198.51.100.{n}")
    assert (await world.get(mine))["status"] == "pending"


async def test_an_ipv6_subscriber_is_one_address(new_world):
    async with new_world(sites__shop__limits={"address_starts": ["2/hour"]}) as world:
        answers = [await world.start(ip=f"2001:db8:0:7::{n}") for n in range(1, 4)]
        assert [a.status for a in answers] == [201, 201, 429]
        assert answers[-1]["limit"] == "address_starts"
        assert (await world.start(ip="2001:db8:0:8::1")).status == 201


async def test_a_site_can_free_a_person_it_has_identified_otherwise(world):
    person = await world.person()
    await world.bind("alice", person)
    await attack(world, "alice")
    lifted = await world.call("DELETE", "/v1/users/alice/guesses")
    assert lifted.status == 204
    fresh = await world.start("alice", "reset", ip="192.0.2.77")
    answer = await world.check(fresh, wrong(code_of(world, fresh)), client_ip="192.0.2.77")
    assert answer.status == 422


async def test_words_are_limited_per_person_and_the_scan_still_works(world):
    person, started = await world.person(), await world.start()
    for n in range(10):
        await person.say(f"abcdefg{'hjkmnpqrst'[n]}")
    await person.say(started["scan"]["keyword"])
    assert "口令过多" in await person.last_text()
    await person.scan(await world.scan_url(started))
    assert (await world.check(started, await person.code_in_chat())).status == 200


async def test_words_come_back_after_an_hour(world):
    person = await world.person()
    for n in range(11):
        await person.say(f"abcdefg{'hjkmnpqrstu'[n]}")
    assert "口令过多" in await person.last_text()
    await world.advance(3601)
    started = await world.start()
    await person.say(started["scan"]["keyword"])
    assert (await world.check(started, await person.code_in_chat())).status == 200


async def test_pushes_come_back_after_an_hour(world):
    owner = await world.bound("alice")
    for n in range(6):
        started = await world.start("alice", ip=f"198.51.100.{n}")
    assert started["delivery"]["reason"] == "limited"
    await owner.wait_for_push(5)
    await world.advance(3601)
    await world.start("alice")
    await owner.wait_for_push(6)
