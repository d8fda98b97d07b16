"""Resend, expiry, cancel, supersede, and being forgotten (DESIGN, "Life of a verification")."""

from datetime import datetime

from tests.service.inside import code_of


def seconds(answer, later, earlier="created_at"):
    return round((datetime.fromisoformat(answer[later]) - datetime.fromisoformat(answer[earlier])).total_seconds())


async def test_a_resend_carries_the_same_code_and_lets_it_live_longer(world):
    owner, started = await world.bound("alice"), await world.start("alice")
    code = await owner.wait_for_push()
    early = await world.resend(started)
    assert (early.status, early.problem) == (429, "resend-too-soon")
    assert 0 < int(early.headers["Retry-After"]) <= 60
    await world.advance(60)
    resent = await world.resend(started)
    assert resent.status == 200
    assert await owner.wait_for_push(2) == code
    assert 360 <= seconds(resent, "expires_at") <= 362
    assert 120 <= seconds(resent, "resend_at") <= 122


async def test_never_longer_than_ten_minutes_from_the_start(world):
    started = await world.start()
    for _ in range(9):
        await world.advance(60)
        answer = await world.resend(started)
        assert answer.status == 200
        assert seconds(answer, "expires_at") <= 600
    assert seconds(answer, "expires_at") == 600
    await world.advance(61)
    assert (await world.resend(started)).problem == "verification-ended"


async def test_a_claiming_scan_lets_it_live_longer_too_but_no_longer_than_ten_minutes(world):
    person, started = await world.person(), await world.start()
    await world.advance(290)
    await person.say(started["scan"]["keyword"])
    assert 590 <= seconds(await world.get(started), "expires_at") <= 592
    await world.advance(30)
    resent = await world.resend(started)
    assert seconds(resent, "expires_at") == 600


async def test_it_expires_and_the_right_code_comes_too_late(world):
    person, started = await world.person(), await world.start()
    await person.say(started["scan"]["keyword"])
    code = await person.code_in_chat()
    await world.advance(301)
    read = await world.get(started)
    assert (read["status"], read["scan"]) == ("expired", None)
    late = await world.check(started, code)
    assert (late.status, late["verification_status"]) == (410, "expired")
    for act in (world.resend, world.cancel):
        assert (await act(started)).problem == "verification-ended"
    gone = await world.call("GET", f"/v1/verifications/{started['id']}/scan")
    assert gone.problem == "verification-ended"
    await person.say(started["scan"]["keyword"])
    assert "已失效" in await person.last_text()


async def test_it_can_be_read_for_an_hour_after_its_end_and_then_never_was(world):
    started = await world.start()
    await world.advance(300 + 3590)
    assert (await world.get(started))["status"] == "expired"
    await world.advance(11)
    for answer in (
        await world.get(started),
        await world.check(started, "123456"),
        await world.resend(started),
        await world.cancel(started),
        await world.page("GET", started, "/state"),
        await world.page("GET", started, "/qr.svg"),
    ):
        assert (answer.status, answer.problem) == (404, "not-found")


async def test_a_proof_is_handed_out_for_ten_minutes_after_approval(world):
    approved = await world.approved()
    assert (await world.get(approved))["proof"] == approved["proof"]
    await world.advance(601)
    read = await world.get(approved)
    assert read["status"] == "approved"
    assert "proof" not in read.json


async def test_canceling_ends_it_once_and_again_is_the_same(world):
    started = await world.start()
    first, second = await world.cancel(started), await world.cancel(started)
    assert (first.status, first["status"]) == (second.status, second["status"]) == (200, "canceled")
    assert (await world.check(started, "123456"))["verification_status"] == "canceled"


async def test_an_approved_one_cannot_be_canceled(world):
    approved = await world.approved()
    assert (await world.cancel(approved))["verification_status"] == "approved"
    assert (await world.get(approved))["status"] == "approved"


async def test_a_fourth_live_one_supersedes_the_oldest(world):
    started = []
    for _ in range(4):
        started.append(await world.start())
        await world.advance(1)
    states = [(await world.get(one))["status"] for one in started]
    assert states == ["superseded", "pending", "pending", "pending"]
    assert (await world.check(started[0], code_of(world, started[0])))["verification_status"] == "superseded"


async def test_ended_ones_do_not_count_as_live(world):
    keep = await world.start()
    for _ in range(5):
        await world.cancel(await world.start())
    assert (await world.get(keep))["status"] == "pending"


async def test_another_user_purpose_or_site_address_supersedes_nothing(world):
    keep = await world.start("alice", "register")
    for n in range(4):
        await world.start(f"bob-{n}", "register")
        await world.start("alice", "reset")
    assert (await world.get(keep))["status"] == "pending"


async def test_what_the_site_said_comes_back_as_it_came(world):
    metadata = {"order": 7, "名": ["é", None, True, 1.5], "nested": {"a": {"b": "c"}}}
    started = await world.start(metadata=metadata, locale="en-GB")
    assert started["metadata"] == (await world.get(started))["metadata"] == metadata
    assert started.headers["Location"] == f"/v1/verifications/{started['id']}"
    assert set(started.json) == {
        "id", "purpose", "user", "status", "reference", "test", "created_at", "expires_at", "resend_at",
        "approved_at", "attempts_left", "metadata", "delivery", "scan", "page_url", "page_token",
        "predecessor", "successor",
    }  # fmt: skip
    assert started["page_url"] == f"{world.service}/p/{started['page_token']}"
    assert started["scan"]["image_url"] == f"{started['page_url']}/qr.svg"


async def test_messages_come_in_the_language_of_the_start(world):
    person, started = await world.person(), await world.start(locale="en-GB")
    await person.say(started["scan"]["keyword"])
    assert "Moonhill Tea: your sign-up code" in await person.last_text()
