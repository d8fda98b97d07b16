""" "This was not me" in the chat: it cancels, and mutes pushes for a day (DESIGN rule 5)."""

import pytest

from tests.people.asks import login, reply, scan, status
from tests.service.inside import code_of


async def test_a_disclosed_one_is_canceled_and_its_code_is_dead(world):
    owner, started = await world.bound("alice"), await world.start("alice")
    code = await owner.wait_for_push()
    await owner.say("不是我")
    assert "已停止" in await owner.last_text()
    assert (await world.get(started))["status"] == "canceled"
    assert (await world.check(started, code))["verification_status"] == "canceled"


async def test_an_undisclosed_one_reads_pending_and_every_code_is_wrong(world):
    owner, started = await world.bound("alice"), await world.start("alice", "reset")
    code, before = await owner.wait_for_push(), (await world.get(started)).text
    await owner.say("不是我")
    assert (await world.get(started)).text == before
    answer = await world.check(started, code)
    assert (answer.status, answer["attempts_left"]) == (422, 4)
    await world.advance(61)
    assert (await world.resend(started)).status == 200
    assert (await world.check(started, code)).status == 422
    assert await owner.pushed_codes() == [code]
    await world.advance(301)
    assert (await world.get(started))["status"] == "expired"


async def test_pushes_rest_for_a_day_and_the_scan_works_at_once(world):
    owner, first = await world.bound("alice"), await world.start("alice")
    await owner.wait_for_push()
    await owner.say("不是我。")
    muted = await world.start("alice")
    assert muted["delivery"] == {"channel": "scan", "status": "awaiting_scan", "reason": "muted"}
    await owner.say(muted["scan"]["keyword"])
    assert (await world.check(muted, await owner.code_in_chat())).status == 200
    await world.advance(86_401)
    later = await world.start("alice")
    assert later["delivery"]["status"] == "queued"
    await owner.wait_for_push(2)
    assert first["id"] != later["id"]


@pytest.mark.parametrize("text", ["不是我", " 不 是 我 ", "不是我！", "不是本人", "not me", "NOT ME"])
async def test_it_may_be_said_as_people_say_it(world, text):
    owner, started = await world.bound("alice"), await world.start("alice")
    await owner.wait_for_push()
    await owner.say(text)
    assert (await world.get(started))["status"] == "canceled"


async def test_it_stops_nobody_elses(world):
    await world.bound("alice")
    stranger, started = await world.person(), await world.start("alice")
    await stranger.say("不是我")
    assert (await world.get(started))["status"] == "pending"


async def test_who_scanned_himself_can_take_it_back(world):
    person, started = await world.person(), await world.start()
    await person.say(started["scan"]["keyword"])
    await person.say("不是我")
    assert (await world.get(started))["status"] == "canceled"
    assert (await world.check(started, code_of(world, started))).status == 410


async def test_it_declines_the_question_that_waits_and_kills_the_code_that_came_since(world):
    owner = await world.bound("alice")
    asked = await login(world)
    await scan(world, owner, asked)
    started = await world.start("alice", "reset")
    code = await owner.wait_for_push()
    said = await reply(owner, "不是我")
    assert "已拒绝" in said
    assert "已停止" in said
    assert await status(world, asked) == "declined"
    assert (await world.check(started, code)).status == 422
    assert (await world.start("alice"))["delivery"]["reason"] == "muted"


async def test_it_kills_a_code_that_came_after_a_question_that_was_just_declined(world):
    owner = await world.bound("alice")
    await scan(world, owner, await login(world))
    assert "已拒绝" in await reply(owner, "不是我")
    # Declining alone mutes nothing: the code is pushed.
    started = await world.start("alice", "reset")
    code = await owner.wait_for_push()
    assert "已停止" in await reply(owner, "不是我")
    assert (await world.check(started, code)).status == 422


async def verify(world, approved):
    return await world.call("POST", "/v1/proofs/verify", {"proof": approved["proof"], "consume": True})


@pytest.mark.parametrize("purpose", ["register", "reset"])
async def test_after_a_code_was_typed_it_takes_back_the_proof_that_the_site_has_not_used(world, purpose):
    owner = await world.bound("alice")
    started = await world.start("alice", purpose)
    approved = await world.check(started, await owner.wait_for_push())
    assert "已有人使用" in await reply(owner, "不是我")
    assert (await world.get(started))["status"] == "canceled"
    refused = await verify(world, approved)
    assert (refused.status, refused["type"].rsplit("/", 1)[-1]) == (410, "proof-expired")


async def test_a_proof_that_was_taken_back_binds_nobody(world):
    person, started = await world.person(), await world.start("bob")
    await person.say(started["scan"]["keyword"])
    approved = await world.check(started, await person.code_in_chat())
    await person.say("不是我")
    assert (await world.call("PUT", "/v1/bindings/bob", {"proof": approved["proof"]})).status == 410
    assert (await world.call("GET", "/v1/bindings/bob")).status == 404


async def test_it_says_so_if_the_site_has_used_the_code_and_changes_nothing(world):
    owner, started = await world.bound("alice"), await world.start("alice")
    approved = await world.check(started, await owner.wait_for_push())
    assert (await verify(world, approved)).status == 200
    said = await reply(owner, "不是我")
    assert ("已有人使用" in said, "已停止" in said) == (True, False)
    assert (await world.get(started))["status"] == "approved"


async def test_a_strangers_not_me_takes_back_nothing(world):
    owner, stranger, started = await world.bound("alice"), await world.person(), await world.start("alice")
    approved = await world.check(started, await owner.wait_for_push())
    await stranger.say("不是我")
    assert (await verify(world, approved)).status == 200
