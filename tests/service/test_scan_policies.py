"""Who may receive a code by scanning, and what a code is good for (DESIGN rules 5 and 6)."""

import pytest

from tests.world import wrong

PURPOSES = "sites__shop__purposes"
REFUSED = "这个二维码或口令不能由当前微信使用"


@pytest.fixture
async def cautious(new_world):
    """Purposes with every scan policy: open, bound, off."""
    purposes = {"sell": {"scan": "bound", "disclose_binding": True}, "pay": {"scan": "off", "disclose_binding": True}}
    async with new_world(**{PURPOSES: purposes}) as world:
        yield world


async def test_an_unbound_user_signs_up_by_scanning(world):
    person, started = await world.person(), await world.start("attempt-1")
    await person.scan(await world.scan_url(started))
    assert (await world.check(started, await person.code_in_chat())).status == 200


async def test_a_bound_user_gets_the_code_pushed_and_may_scan_as_well(world):
    owner = await world.bound("alice")
    started = await world.start("alice")
    assert started["delivery"]["channel"] == "template"
    pushed = await owner.wait_for_push()
    await owner.scan(await world.scan_url(started))
    assert await owner.code_in_chat() == pushed
    assert (await world.check(started, pushed)).status == 200


async def test_a_user_who_has_a_binding_is_never_approved_by_another_wechat(cautious):
    await cautious.bound("alice")
    thief = await cautious.person()
    for purpose in ("register", "reset", "sell"):
        started = await cautious.start("alice", purpose)
        await thief.scan(await cautious.scan_url(started))
        await thief.say(started["scan"]["keyword"])
        assert [text.partition("\n")[0] for text in (await thief.texts())[-2:]] == [REFUSED + "。"] * 2


async def test_a_reset_of_an_unbound_user_is_never_brought_by_a_scan(world):
    stranger, started = await world.person(), await world.start("nobody", "reset")
    await stranger.scan(await world.scan_url(started))
    assert REFUSED in await stranger.last_text()


async def test_vouched_lifts_bound_to_open_for_an_unbound_user(world):
    person, started = await world.person(), await world.start("carol", "reset", vouched=True)
    await person.scan(await world.scan_url(started))
    approved = await world.check(started, await person.code_in_chat())
    claims = await world.call("POST", "/v1/proofs/verify", {"proof": approved["proof"]})
    assert claims["basis"] == "vouched"


async def test_vouched_does_not_let_another_wechat_reset_a_bound_user(world):
    await world.bound("alice")
    thief, started = await world.person(), await world.start("alice", "reset", vouched=True)
    await thief.scan(await world.scan_url(started))
    assert REFUSED in await thief.last_text()


async def test_scan_bound_disclosed_says_at_once_that_nothing_can_arrive(cautious):
    started = await cautious.start("nobody", "sell")
    assert started["delivery"] == {"channel": "scan", "status": "failed", "reason": "no-binding"}
    assert started["scan"] is None
    refused = await cautious.call("GET", f"/v1/verifications/{started['id']}/scan")
    assert (refused.status, refused.problem) == (404, "not-found")


async def test_scan_off_offers_neither_picture_nor_word(cautious):
    owner = await cautious.bound("alice")
    started = await cautious.start("alice", "pay")
    assert started["scan"] is None
    assert (await cautious.call("GET", f"/v1/verifications/{started['id']}/scan")).status == 404
    assert (await cautious.page("GET", started, "/qr.svg")).status == 404
    assert (await cautious.check(started, await owner.wait_for_push())).status == 200


async def test_a_refused_scan_does_not_use_up_the_scene(world):
    owner, started = await world.bound("alice"), await world.start("alice", "reset")
    url = await world.scan_url(started)
    for _ in range(3):
        await (await world.person()).scan(url)
    await owner.scan(url)
    assert (await world.check(started, await owner.code_in_chat())).status == 200


async def test_whoever_scans_first_has_it_and_may_scan_again(world):
    first, second, started = await world.person(), await world.person(), await world.start()
    url = await world.scan_url(started)
    await first.scan(url)
    await second.scan(url)
    await second.say(started["scan"]["keyword"])
    assert all(REFUSED in text for text in (await second.texts())[-2:])
    code = await first.code_in_chat()
    await first.scan(url)
    assert await first.code_in_chat() == code


async def test_a_code_is_good_only_in_the_verification_that_showed_the_qr(world):
    person = await world.person()
    mine, other = await world.start("u-1"), await world.start("u-1")
    await person.scan(await world.scan_url(mine))
    code = await person.code_in_chat()
    assert (await world.check(other, code)).status == 422
    assert (await world.check(mine, code)).status == 200


async def test_until_it_has_gone_to_somebody_every_code_reads_as_wrong(world):
    """Even the right one: it is known to the test from the chat of whoever scans a moment later."""
    person, started = await world.person(), await world.start()
    from tests.service.inside import code_of

    code = code_of(world, started)
    assert (await world.check(started, code)).problem == "wrong-code"
    await person.say(started["scan"]["keyword"])
    assert await person.code_in_chat() == code
    assert (await world.check(started, code)).status == 200


async def test_a_user_who_was_bound_in_the_meantime_is_not_approved_by_the_wechat_that_scanned_before(world):
    early, started = await world.person(), await world.start("alice")
    await early.say(started["scan"]["keyword"])
    code = await early.code_in_chat()
    await world.bound("alice")
    assert (await world.check(started, code)).status == 422
    assert (await world.get(started))["status"] == "pending"


async def test_who_was_bound_in_the_meantime_may_scan_although_he_was_refused_a_moment_before(world):
    person, started = await world.person(), await world.start("alice", "reset")
    url = await world.scan_url(started)
    await person.scan(url)
    assert REFUSED in await person.last_text()
    assert (await world.bind("alice", person)).status == 201
    await person.scan(url)
    assert (await world.get(started))["delivery"] == {"channel": "reply", "status": "sent", "reason": None}
    assert (await world.check(started, await person.code_in_chat())).status == 200


async def test_approval_binds_nothing_by_itself(world):
    approved = await world.approved("alice")
    assert (await world.call("GET", "/v1/bindings/alice")).status == 404
    bound = await world.call("PUT", "/v1/bindings/alice", {"proof": approved["proof"]})
    assert (bound.status, bound["openid"]) == (201, approved["openid"])


async def test_a_code_cannot_be_used_twice(world):
    person, started = await world.person(), await world.start()
    await person.say(started["scan"]["keyword"])
    code = await person.code_in_chat()
    assert (await world.check(started, code)).status == 200
    again = await world.check(started, code)
    assert (again.status, again.problem, again["verification_status"]) == (410, "verification-ended", "approved")
    await person.say(started["scan"]["keyword"])
    assert "已完成" in await person.last_text()


async def test_every_finished_reset_is_told_to_the_bound_wechat(world):
    owner = await world.bound("alice")
    await owner.say("hello")
    started = await world.start("alice", "reset")
    assert (await world.check(started, await owner.wait_for_push())).status == 200
    for _ in range(400):
        if "如非本人操作" in await owner.last_text():
            break
    told = await owner.last_text()
    assert started["reference"] in told
    assert "山月茶铺" in told


@pytest.mark.parametrize("purpose", ["register", "reset"])
async def test_a_stranger_reads_one_text_always(world, purpose):
    """Unbound, bound, claimed by another: for `reset` also whether the user exists at all."""
    await world.bound("alice")
    claimer, stranger = await world.person(), await world.person()
    started = [await world.start("alice", purpose), await world.start("bob", purpose)]
    if purpose == "register":
        await claimer.say(started[1]["scan"]["keyword"])
    for verification in started:
        await stranger.scan(await world.scan_url(verification))
        await stranger.say(verification["scan"]["keyword"])
    texts = await stranger.texts()
    assert len(set(texts[-4:])) == 1
    assert REFUSED in texts[-1]


async def test_an_unknown_scene_or_word_is_answered_alike_and_stores_no_verification(world, dump):
    person = await world.person()
    before = {key for key in dump() if ":vf:" in key}
    await person.say("abcdefgh")
    assert "已失效" in await person.last_text()
    await world.control("POST", f"/users/{person.openid}/event", {"event": "SCAN", "fields": {"EventKey": "cs_nobody"}})
    assert "已失效" in await person.last_text()
    assert {key for key in dump() if ":vf:" in key} == before


async def test_somebody_elses_scene_is_not_ours_to_answer(world):
    person = await world.person()
    said = len(await person.texts())
    await world.control("POST", f"/users/{person.openid}/event", {"event": "SCAN", "fields": {"EventKey": "shop_7"}})
    assert len(await person.texts()) == said


async def test_a_wrong_code_from_the_claimer_leaves_the_right_one_good(world):
    person, started = await world.person(), await world.start()
    await person.say(started["scan"]["keyword"])
    code = await person.code_in_chat()
    assert (await world.check(started, wrong(code)))["attempts_left"] == 4
    assert (await world.check(started, f" {code[:3]}-{code[3:]} ")).status == 200
