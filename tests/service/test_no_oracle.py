"""No oracle (DESIGN rule 7): whether a user exists, is bound, was pushed to, is muted or left makes no difference.

Every answer about an undisclosed verification is compared byte for byte, but for ids, times, tokens, word, reference.
"""

import asyncio
import re

import pytest

from tests.service.inside import code_of
from tests.service.streams import events_of, page_events_of
from tests.world import KEY, wrong

USERS = ["u-bound", "u-away", "u-muted", "u-limit", "u-nobody"]
VARYING = {"date", "x-request-id", "content-length", "location"}


@pytest.fixture
async def town(world):
    """One user of each kind; only the first one's pushes arrive."""
    await world.bound("u-bound")
    away, muted = await world.bound("u-away"), await world.bound("u-muted")
    await away.unfollow()
    await muted.say("不是我")
    await world.bound("u-limit")
    for n in range(5):
        await world.start("u-limit", "reset", ip=f"198.51.100.{n}")
    return world


def plain(answer, started, user):
    """An answer without what is different for every verification."""
    text = answer if isinstance(answer, str) else f"{answer.status}\n{headers_of(answer)}\n{answer.text}"
    for value in (started["page_token"], started["id"], started["scan"]["keyword"]):
        text = text.replace(value, "*")
    text = without_reference(text, started["reference"])
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "*", text)
    text = re.sub(r'(nonce[-=]"?)[\w-]{16,}', r"\1*", text)
    text = re.sub(r'("request_id":")\w+|(>)\w{16}(<)', r"\1*", text)
    text = re.sub(r'("retry_after":|can be sent again in |Retry-After\W+|again in )\d+', r"\1*", text)
    # The times that a page counts down go by when it was read.
    text = re.sub(r'(data-in=")\d+"(>\d:\d\d<)?', r'\1*"', text)
    # What site and address have left goes by the order of the calls; what the user has left must be the same.
    text = re.sub(r'("(?:site|address)_\w+";r=)\d+', r"\1*", text)
    text = re.sub(r'("[\w/]+";r=[\d*]+;t=)\d+', r"\1*", text)
    return text.replace(user, "*")


def without_reference(text, reference):
    """Two letters may stand in anything, such as `CN` in `lang="zh-CN"`: they are masked only where they are said."""
    first, second = reference
    for place, masked in (
        (f'"reference":"{reference}"', '"reference":"*"'),
        (f'data-reference="{reference}"', 'data-reference="*"'),
        (f'aria-label="{first} {second}" role="img"><b>{first}</b><b>{second}</b>', 'aria-label="*" role="img">*'),
        (f'id="reference-note">核对编号 {first} {second}<', 'id="reference-note">*<'),
    ):
        text = text.replace(place, masked)
    return text


def headers_of(answer):
    return sorted((name, value) for name, value in answer.headers.items() if name.lower() not in VARYING)


async def test_every_answer_is_the_same_for_every_kind_of_user(town):
    seen = {}
    for user in USERS:
        started = await town.start(user, "reset", user_agent="Mozilla (Windows NT 10.0)")
        told = seen[user] = {"start": started}
        await town.control("POST", "/settle")
        told["read"] = await town.get(started)
        told["scan"] = await town.call("GET", f"/v1/verifications/{started['id']}/scan")
        told["scan"].text = told["scan"].text.replace(told["scan"]["url"], "*")
        told["state"] = await town.page("GET", started, "/state")
        told["page"] = await town.page("GET", started)
        told["too soon"] = await town.resend(started)
        told["wrong"] = await town.check(started, wrong(code_of(town, started)))
        told["page wrong"] = await town.page("POST", started, "/check", {"code": "x"})
    await town.advance(61)
    for user in USERS:
        told = seen[user]
        told["resent"] = await town.resend(told["start"])
        await town.control("POST", "/settle")
        told["after"] = await town.get(told["start"])
        told["page resent"] = await town.page("POST", told["start"], "/resend", {})
    await town.advance(301)
    for user in USERS:
        seen[user]["expired"] = await town.get(seen[user]["start"])
        seen[user]["late"] = await town.check(seen[user]["start"], "123456")
    for step in seen["u-bound"]:
        texts = {user: plain(told[step], told["start"], user) for user, told in seen.items()}
        for user in USERS:
            assert texts[user] == texts["u-bound"], f"{step} tells {user} from u-bound"
    assert seen["u-bound"]["read"]["delivery"] == {"channel": "auto", "status": "pending", "reason": None}
    assert seen["u-bound"]["expired"]["delivery"] == {"channel": "auto", "status": "pending", "reason": None}


async def test_only_the_reachable_bound_user_was_pushed_to(town):
    """The other side of the test above: behind the same answers, different things happened."""
    pushed = {}
    for user in USERS:
        await town.start(user, "reset")
        bound = await town.call("GET", f"/v1/bindings/{user}")
        pushed[user] = bound.json.get("openid")
    for _ in range(1000):
        sent = {user: len(await messages(town, openid)) for user, openid in pushed.items() if openid}
        if sent["u-bound"] and sent["u-limit"] >= 5:
            break
        await asyncio.sleep(0.01)
    assert sent == {"u-bound": 1, "u-away": 0, "u-muted": 0, "u-limit": 5}


async def messages(world, openid):
    found = (await world.control("GET", f"/users/{openid}/messages"))["messages"]
    return [m for m in found if m["type"] == "template"]


@pytest.mark.parametrize("open_stream", [events_of, page_events_of])
async def test_event_streams_move_together(town, open_stream):
    told = {}
    for user in USERS:
        started = await town.start(user, "reset")
        async with open_stream(town, started) as stream:
            await stream.next()
            await town.control("POST", "/settle")
            for _ in range(20):
                await town.get(started)
            await town.check(started, wrong(code_of(town, started)))
            assert (await stream.next())["attempts_left"] == 4
            await town.cancel(started)
            assert (await stream.next())["status"] == "canceled"
            assert await stream.next() is None
            told[user] = plain(stream.raw.decode(), started, user)
    assert set(told.values()) == {told["u-bound"]}


async def test_resend_gives_no_sign_either(town):
    for user in USERS:
        started = await town.start(user, "reset")
        async with events_of(town, started) as stream:
            first = await stream.next()
            await town.advance(61)
            assert (await town.resend(started)).status == 200
            second = await stream.next()
            assert first["delivery"] == second["delivery"] == {"channel": "auto", "status": "pending", "reason": None}
            await town.cancel(started)


async def test_times_of_a_start_are_the_same_too(town):
    from datetime import datetime

    for user in USERS:
        started = await town.start(user, "reset")
        created, expires, resend = (
            datetime.fromisoformat(started[name]) for name in ("created_at", "expires_at", "resend_at")
        )
        assert ((expires - created).total_seconds(), (resend - created).total_seconds()) == (300, 60)


async def test_limits_and_budgets_are_the_same_for_all(town):
    """The eleventh wrong guess is refused for everybody, pushed to or not."""
    for user in USERS:
        statuses = []
        for n in range(3):
            started = await town.start(user, "reset", ip=f"203.0.113.{n}")
            statuses += [(await town.check(started, wrong(code_of(town, started)))).status for _ in range(4)]
        assert statuses == [422] * 10 + [429] * 2, user


async def test_a_strangers_scan_changes_nothing_that_can_be_read(town):
    stranger = await town.person()
    for user in USERS:
        started = await town.start(user, "reset")
        before = (await town.get(started)).text
        await stranger.scan(await town.scan_url(started))
        await stranger.say(started["scan"]["keyword"]) if user in USERS[:2] else None
        assert (await town.get(started)).text == before
    assert len(set((await stranger.texts())[-len(USERS) :])) == 1


async def test_the_owners_scan_of_that_very_qr_discloses(world):
    owner = await world.bound("alice")
    started = await world.start("alice", "reset")
    other = await world.start("alice", "reset")
    await owner.scan(await world.scan_url(started))
    assert (await world.get(started))["delivery"] == {"channel": "reply", "status": "sent", "reason": None}
    assert (await world.get(other))["delivery"]["channel"] == "auto"


async def test_approval_discloses(world):
    owner, started = await world.bound("alice"), await world.start("alice", "reset")
    answer = await world.check(started, await owner.wait_for_push())
    assert answer["delivery"]["channel"] == "template"


async def test_vouched_is_no_way_around(town):
    for user in USERS:
        started = await town.start(user, "reset", vouched=True, key=KEY)
        assert started["delivery"] == {"channel": "auto", "status": "pending", "reason": None}


async def test_a_binding_conflict_never_names_the_other_user(world):
    person = await world.bound("alice-of-the-tea-shop")
    refused = await world.bind("mallory", person)
    assert (refused.status, refused.problem) == (409, "binding-conflict")
    assert "alice" not in refused.text
    assert person.openid not in refused.text
