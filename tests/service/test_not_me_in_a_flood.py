""" "This was not me" stops what a WeChat account was sent, however much came after it (DESIGN rule 5)."""

import pytest

from codesvc.delivery.pace import Pace
from codesvc.store import script
from tests.people.asks import login, reply, scan
from tests.people.browsers import WITH_CHAT, browser, links_in, open_in_wechat, press, query_of
from tests.service.held_pushes import holding, none_under_way

ABOVE = script.MOST_RECENT + 5
LIFTED = {
    "address_starts": "none",
    "site_starts": "none",
    "user_pushes": ["100/hour"],
    "openid_pushes": ["100/day"],
}


@pytest.fixture
async def world(new_world):
    """A site whose limits let a stranger send one person more messages than are listed for a WeChat account."""
    async with new_world(sites__shop__limits=LIFTED, pace=Pace(pauses=(0.01,)), **WITH_CHAT) as world:
        yield world


async def flood(world, owner, user="alice"):
    """A stranger begins for the same user from one address after the other; every message arrives."""
    before = len(await owner.pushed_codes())
    started = [await world.start(user, ip=f"203.0.113.{number}") for number in range(ABOVE)]
    await owner.wait_for_push(before + ABOVE)
    return started


async def verify(world, approved):
    return await world.call("POST", "/v1/proofs/verify", {"proof": approved["proof"]})


async def test_a_disclosed_one_is_canceled(world):
    owner, started = await world.bound("alice"), await world.start("alice")
    code = await owner.wait_for_push()
    later = await flood(world, owner)
    assert "已停止" in await reply(owner, "不是我")
    assert {(await world.get(one))["status"] for one in (started, *later)} == {"canceled"}
    assert (await world.check(started, code)).status == 410


async def test_an_undisclosed_one_reads_pending_and_every_code_is_wrong(world):
    owner, started = await world.bound("alice"), await world.start("alice", "reset")
    code, before = await owner.wait_for_push(), (await world.get(started)).text
    await flood(world, owner)
    await owner.say("不是我")
    assert (await world.get(started)).text == before
    answer = await world.check(started, code)
    assert (answer.status, answer["attempts_left"]) == (422, 4)


@pytest.mark.parametrize("purpose", ["register", "reset"])
async def test_a_proof_that_the_site_has_not_used_is_taken_back_and_the_chat_says_that_the_code_was_used(
    world, purpose
):
    owner, started = await world.bound("alice"), await world.start("alice", purpose)
    approved = await world.check(started, await owner.wait_for_push())
    await flood(world, owner)
    assert "已有人使用" in await reply(owner, "不是我")
    assert (await world.get(started))["status"] == "canceled"
    assert (await verify(world, approved)).problem == "proof-expired"


async def test_the_chat_says_so_if_the_site_has_used_the_proof(world):
    owner, started = await world.bound("alice"), await world.start("alice")
    approved = await world.check(started, await owner.wait_for_push())
    assert (await verify(world, approved)).status == 200
    for one in await flood(world, owner):
        await world.cancel(one)
    assert "已有人使用" in await reply(owner, "不是我")


async def test_a_proof_of_a_code_that_a_keyword_brought_is_taken_back(world):
    owner, started = await world.bound("alice"), await world.start("alice")
    await owner.say(started["scan"]["keyword"])
    approved = await world.check(started, await owner.code_in_chat())
    await flood(world, owner)
    assert "已有人使用" in await reply(owner, "不是我")
    assert (await verify(world, approved)).problem == "proof-expired"


async def test_a_proof_of_a_reset_by_a_link_of_the_chat_is_taken_back(world):
    owner, state = await world.bound("alice"), "the-swindler-s-own-session"
    [link] = links_in(await reply(owner, "重置密码"))
    async with browser() as swindler:
        await reply(owner, await swindler.show_digits(link))
        redeem = query_of((await swindler.go(f"{link}/go?state={state}")).headers["Location"])["redeem"]
    redeemed = await world.call("POST", "/v1/tickets/redeem", {"ticket": redeem, "state": state})
    await flood(world, owner)
    assert "已有人使用" in await reply(owner, "不是我")
    assert (await verify(world, redeemed)).problem == "proof-expired"


async def test_with_a_question_declined_by_the_same_message_it_mutes(world):
    owner, started = await world.bound("alice"), await world.start("alice", "reset")
    code = await owner.wait_for_push()
    for one in await flood(world, owner):
        await world.cancel(one)
    await scan(world, owner, await login(world))
    said = await reply(owner, "不是我")
    assert ("已拒绝" in said, "已停止" in said) == (True, True)
    assert (await world.check(started, code)).status == 422
    assert (await world.start("alice"))["delivery"]["reason"] == "muted"


async def test_what_is_begun_later_stays_good(world):
    owner = await world.bound("alice")
    await world.start("alice")
    await flood(world, owner)
    await owner.say("不是我")
    later = await world.start("alice")
    await owner.say(later["scan"]["keyword"])
    assert (await world.check(later, await owner.code_in_chat())).status == 200


async def test_withdrawing_permission_stops_it_too(world):
    """An unbound person's sign-up; of a bound user's nothing is left by the loss of the binding."""
    person, started = await world.person(), await world.start("bob")
    await person.say(started["scan"]["keyword"])
    code = await person.code_in_chat()
    await world.bind("alice", person)
    await flood(world, person)
    await world.control("POST", f"/users/{person.openid}/event", {"event": "user_authorization_revoke"})
    assert (await world.check(started, code)).status == 422


async def test_the_button_on_a_messages_own_page_stops_it_whatever_is_listed(world, valkey):
    owner, started = await world.bound("alice"), await world.start("alice", "reset")
    code = await owner.wait_for_push()
    [message] = await owner.messages("template")
    assert valkey.delete(*valkey.keys(f"*:recent:{owner.openid}")) == 1
    page = await open_in_wechat(owner, message["url"], from_chat=True)
    assert "已停止" in (await press(owner, page, "no"))["body"]
    assert (await world.check(started, code)).status == 422


@pytest.mark.parametrize("phase", ["pending", "approved"])
async def test_a_burst_that_costs_one_message_hides_nothing(new_world, valkey, phase):
    """By the shipped limits on messages: each start of the burst takes over the push of the one before."""
    free = {"address_starts": "none", "site_starts": "none"}
    async with holding(new_world, valkey, sites__shop__limits=free) as (world, pushes):
        owner, started = await world.bound("alice"), await world.start("alice", "reset")
        await world.advance(pushes.seconds)
        await pushes.leave(world)
        [code] = await owner.pushed_codes()
        approved = await world.check(started, code) if phase == "approved" else None
        pushes.hold()
        for _ in range(ABOVE):
            await world.start("alice", "reset", ip="203.0.113.99")
        said = await reply(owner, "不是我")
        if approved:
            assert "已有人使用" in said
            assert (await verify(world, approved)).problem == "proof-expired"
        else:
            assert (await world.check(started, code)).status == 422
        await world.advance(pushes.seconds)
        await pushes.leave(world)
        assert await owner.pushed_codes() == [code]
        await none_under_way(world, valkey)
