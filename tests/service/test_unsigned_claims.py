"""In plaintext mode a claim could be forged: it earns nothing that a stranger would not have (decision record 7)."""

from dataclasses import replace

import pytest

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from tests.service.callbacks import post, push_of
from tests.service.held_pushes import holding

PLAIN = replace(DEFAULT_ACCOUNT, mode="plaintext")
FREE = {"address_starts": "none", "site_starts": "none", "address_guesses": "none", "openid_keywords": "none"}


async def forge(world, owner, started):
    """Claim as the owner: whoever saw one signed query can post this."""
    account = world.platform.default_account
    return await post(world, push_of(account, owner.openid, text=started["scan"]["keyword"]), mode=account.mode)


@pytest.fixture
async def plain(new_world):
    async with new_world(account=PLAIN, sites__shop__limits=FREE | {"openid_pushes": "none"}) as world:
        yield world


async def test_forged_claims_do_not_lift_the_guess_budget(plain):
    owner, answers = await plain.bound("alice"), []
    for number in range(4):
        started = await plain.start("alice", "reset", ip=f"192.0.2.{number}")
        await forge(plain, owner, started)
        answers += [(await plain.check(started, "000000")).problem for _ in range(5)]
    assert answers.count("wrong-code") == 10
    assert answers[10:] == ["guess-budget"] * 10


async def test_a_forged_claim_restores_no_attempts(plain):
    owner, started = await plain.bound("alice"), await plain.start("alice", "reset")
    assert (await plain.check(started, "000000"))["attempts_left"] == 4
    await forge(plain, owner, started)
    assert (await plain.check(started, "000000"))["attempts_left"] == 3


@pytest.mark.parametrize("mode", ["plaintext", "safe"])
async def test_only_a_signed_claim_protects_from_superseding(new_world, mode):
    async with new_world(account=replace(DEFAULT_ACCOUNT, mode=mode), sites__shop__limits=FREE) as world:
        owner, first = await world.bound("alice"), await world.start("alice", "reset")
        await (forge(world, owner, first) if mode == "plaintext" else owner.say(first["scan"]["keyword"]))
        for _ in range(3):
            # No double clicks, which would leave the first one as the newest in the chat.
            await world.advance(3)
            await world.start("alice", "reset")
        expected = "superseded" if mode == "plaintext" else "pending"
        assert (await world.get(first))["status"] == expected


async def test_a_forged_claim_in_the_place_of_a_push_gives_nothing_back(new_world, valkey):
    limits = FREE | {"openid_pushes": "none", "user_pushes": ["3/hour"]}
    async with holding(new_world, valkey, account=PLAIN, sites__shop__limits=limits) as (world, _):
        owner = await world.bound("alice")
        for number in range(3):
            started = await world.start("alice", "register", ip=f"192.0.2.{number}")
            assert started["delivery"]["status"] == "queued"
            await forge(world, owner, started)
        fourth = await world.start("alice", "register", ip="192.0.2.9")
        assert fourth["delivery"]["reason"] == "limited"


async def test_forged_claims_send_no_more_than_the_owner_s_budget_of_messages(new_world):
    limits = FREE | {"openid_pushes": ["3/day"], "user_pushes": "none"}
    async with new_world(account=PLAIN, sites__shop__limits=limits) as world:
        owner = await world.bound("alice")
        for number in range(6):
            started = await world.start("alice", "reset", ip=f"192.0.2.{number}")
            await forge(world, owner, started)
        for _ in range(50):
            await world.get(started)
        assert len(await owner.messages("template")) <= 3
        calls = (await world.control("GET", "/calls?path=/cgi-bin/message"))["calls"]
        assert len(calls) <= 3


async def test_a_forged_claim_does_not_tell_that_a_user_is_bound_to_this_wechat(plain):
    """Rule 7: whoever guesses an openid must not see by the answers whether it is the user's."""
    owner, stranger = await plain.bound("alice"), await plain.person()
    seen = []
    for number, person in enumerate((owner, stranger)):
        started = await plain.start("alice", "reset", ip=f"192.0.2.{number}")
        await forge(plain, person, started)
        seen.append((await plain.get(started))["delivery"])
    assert seen[0] == seen[1]


async def test_keywords_of_a_forger_count_under_whatever_message_id(new_world):
    async with new_world(account=PLAIN) as world:
        account, openid = world.platform.default_account, (await world.person()).openid
        said = []
        for letter in "23456789abcd":
            message = push_of(account, openid, text=letter * 8) | {"MsgId": 41}
            said.append((await post(world, message, mode="plaintext")).text)
        assert ["分钟" in text for text in said] == [False] * 10 + [True] * 2
