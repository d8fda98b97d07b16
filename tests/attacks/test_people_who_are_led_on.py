"""QR-jacking, both ways: what the one who shows the QR code can read, and what the one who scans it can do."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.service.streams import events_of, page_events_of
from tests.world import discloses, wrong


async def readable(world, started):
    """Everything that the browser and the back end of whoever started it can read."""
    answers = [
        await world.get(started),
        *[await world.page("GET", started, path) for path in ("", "/state", "/qr.svg")],
    ]
    texts = [answer.text for answer in answers]
    for stream_of in (events_of, page_events_of):
        async with stream_of(world, started) as stream:
            with contextlib.suppress(TimeoutError):
                texts.append(str(await asyncio.wait_for(stream.next(), 5)))
    return "\n".join(texts)


@pytest.mark.parametrize("purpose", ["register", "reset"])
async def test_whoever_shows_the_code_reads_nothing_of_who_scanned(world, purpose):
    """The attacker starts, the victim scans: the code is in the victim's chat alone, with what it is for."""
    victim = await world.bound("victim") if purpose == "reset" else await world.person()
    started = await world.start("victim" if purpose == "reset" else "attempt-1", purpose)
    await victim.scan(await world.scan_url(started))
    code, seen = await victim.code_in_chat(), await readable(world, started)
    assert not discloses(seen, code)
    assert victim.openid not in seen
    told = await victim.last_text()
    assert "山月茶铺" in told
    assert started["reference"] in told
    assert "不是我" in told


async def test_a_victim_who_says_not_me_ends_it_for_the_attacker(world):
    victim = await world.person()
    started = await world.start("attempt-1")
    await victim.scan(await world.scan_url(started))
    code = await victim.code_in_chat()
    await victim.say("不是我")
    assert (await world.check(started, code)).problem == "verification-ended"


async def test_even_a_code_told_to_the_attacker_binds_the_victims_wechat_to_nobody_elses_name(world):
    """Told on the telephone: the attacker is approved, under an attempt's id, and no name of anybody's is his."""
    victim, owner = await world.person(), await world.bound("owner")
    started = await world.start("attempt-1")
    await victim.scan(await world.scan_url(started))
    approved = await world.check(started, await victim.code_in_chat())
    assert approved.status == 200
    taken = await world.call("PUT", "/v1/bindings/owner", {"proof": approved["proof"]})
    assert taken.problem == "binding-conflict"
    assert (await world.call("GET", "/v1/bindings/owner"))["openid"] == owner.openid


async def test_who_scans_over_the_shoulder_gets_a_code_he_can_type_nowhere(world):
    """The victim shows, the attacker scans first: the victim's page takes no other code, the attacker has no page."""
    victim, attacker = await world.person(), await world.person()
    started = await world.start("attempt-1")
    url = await world.scan_url(started)
    await attacker.scan(url)
    stolen = await attacker.code_in_chat()
    await victim.scan(url)
    with pytest.raises(AssertionError, match="no code"):
        await victim.code_in_chat()
    own = await world.start("attempt-2")
    assert (await world.check(own, stolen)).problem == "wrong-code"
    assert (await world.call("PUT", "/v1/bindings/attempt-1", {"openid": "x"}, key=None)).status == 401


async def test_over_the_shoulder_of_somebody_who_is_bound_there_is_nothing_to_get(world):
    victim, attacker = await world.bound("victim"), await world.person()
    started = await world.start("victim", "reset")
    code = await victim.wait_for_push()
    await attacker.scan(await world.scan_url(started))
    with pytest.raises(AssertionError, match="no code"):
        await attacker.code_in_chat()
    assert (await world.check(started, code)).status == 200


async def test_a_login_shown_to_a_victim_wants_his_yes_and_names_the_asker(world):
    victim = await world.bound("victim")
    login = await world.call(
        "POST", "/v1/logins", {"client_ip": "203.0.113.77", "user_agent": "Mozilla/5.0 (Windows NT 10.0) <b>bank</b>"}
    )
    scan = await world.call("GET", f"/v1/logins/{login['id']}/scan")
    await victim.scan(scan["url"])
    assert (await world.call("GET", f"/v1/logins/{login['id']}"))["status"] != "approved"
    asked = await victim.last_text()
    assert "山月茶铺" in asked
    assert "203.0.*.*" in asked
    assert "203.0.113" not in asked
    assert "bank" not in asked
    await victim.say("取消")
    assert (await world.call("GET", f"/v1/logins/{login['id']}"))["status"] != "approved"
    await victim.say("确认")
    assert (await world.call("GET", f"/v1/logins/{login['id']}"))["status"] != "approved"


async def test_signing_up_first_under_a_victims_name_gets_nothing(world):
    """Pre-hijacking: the attacker verifies himself under the victim's future name; the name stays free."""
    await world.approved("victim@example.com")
    assert (await world.call("GET", "/v1/bindings/victim@example.com")).status == 404
    victim = await world.person()
    started = await world.start("attempt-9")
    await victim.say(started["scan"]["keyword"])
    approved = await world.check(started, await victim.code_in_chat())
    bound = await world.call("PUT", "/v1/bindings/victim@example.com", {"proof": approved["proof"]})
    assert (bound.status, bound["openid"]) == (201, victim.openid)


async def test_a_proof_takes_the_wechat_that_was_sent_the_code_and_no_other(world):
    """Openid swapping: nothing that a caller sends beside the proof can change whose WeChat is bound."""
    other, approved = await world.person(), await world.approved("attempt-1")
    for body in (
        {"proof": approved["proof"], "openid": other.openid},
        {"proof": approved["proof"], "handle": other.openid},
        {"openid": [other.openid]},
        {"openid": {"$ne": ""}},
    ):
        assert (await world.call("PUT", "/v1/bindings/alice", body)).status == 400
    bound = await world.call("PUT", "/v1/bindings/alice", {"proof": approved["proof"]})
    assert bound["openid"] == approved.json["openid"]


async def test_guessing_at_once_over_everything_stays_in_the_budgets(world):
    """Many verifications, addresses, resends and both doors at once: ten wrong codes of one user count in an hour."""
    person = await world.bound("victim")
    started = [await world.start("victim", "reset", ip=f"198.51.100.{number}") for number in range(10)]
    code = await person.wait_for_push()

    async def guess(one, number):
        where, guessed = number % 2, wrong(code)
        if number % 5 == 4:
            return await world.resend(one)
        if where:
            return await world.page("POST", one, "/check", {"code": guessed})
        return await world.check(one, guessed, client_ip=f"203.0.113.{number}")

    answers = await asyncio.gather(*(guess(one, number) for one in started for number in range(10)))
    counted = [answer for answer in answers if answer.status == 422]
    assert len(counted) == 10
    assert {answer.status for answer in answers} <= {200, 410, 422, 429}
    assert sum(answer.status == 200 and "proof" in answer.text for answer in answers) == 0
    await world.advance(30 * 60)
    again = await world.start("victim", "reset", ip="192.0.2.200")
    assert (await world.check(again, wrong(code))).problem == "guess-budget"
