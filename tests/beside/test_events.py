"""The other way round: their back end keeps WeChat's callback and hands us what it received (rule 9)."""

import asyncio
import re

import pytest

from codesvc.config.api_keys import hash_line
from codesvc.delivery.pace import Pace
from tests.people.asks import bind_intent, status, wait_for_text
from tests.people.browsers import WITH_CHAT, links_in
from tests.stores import until

EVENT_KEY = "csk_main_" + "e" * 43


@pytest.fixture
async def beside(new_world):
    async with new_world(accounts__main__event_keys=[hash_line(EVENT_KEY)]) as world:
        yield world


async def hand_over(world, key=EVENT_KEY, **event):
    return await world.call("POST", "/v1/wechat/events", {"account": "main", "id": "1", **event}, key=key)


async def test_a_scan_is_heard_and_the_code_leaves_by_customer_service(beside):
    person = await beside.person()
    started = await beside.start()
    scanned = await beside.scan_url(started)
    scene = next(c.spec.scene for c in beside.platform.codes.recent(100) if c.url == scanned)
    before = len(await person.messages())
    answer = await hand_over(beside, type="scan", openid=person.openid, scene=scene)
    assert (answer.status, answer["ours"]) == (200, True)
    assert not any(character.isdigit() for character in answer["reply"])
    await beside.delivery(started, "sent")
    assert len(await person.messages()) == before + 1
    assert (await beside.check(started, await person.code_in_chat())).status == 200


async def test_a_scan_that_the_back_end_vouches_for_binds_unasked_where_a_scan_does(new_world):
    async with new_world(accounts__main__event_keys=[hash_line(EVENT_KEY)], sites__shop__confirm_bind=False) as world:
        person, started = await world.person(), await bind_intent(world)
        answer = await hand_over(world, type="text", openid=person.openid, content=started["scan"]["keyword"])
        assert "绑定成功" in answer["reply"]
        assert await status(world, started) == "bound"


async def test_an_id_that_two_people_share_mixes_up_nobody(new_world):
    """Ids of the back end's own making: each person gets the tickets that they have asked for."""
    async with new_world(accounts__main__event_keys=[hash_line(EVENT_KEY)], **WITH_CHAT) as world:
        links = []
        for user in ("alice", "bob"):
            person = await world.bound(user)
            await hand_over(world, type="text", openid=person.openid, content="重置密码")
            links += links_in(await wait_for_text(person, "重置密码</a>"))
        assert len(set(links)) == 2


async def test_what_is_not_ours_is_said_so(beside):
    person = await beside.person()
    for event in ({"type": "text", "content": "hello"}, {"type": "scan", "scene": "theirs"}, {"type": "subscribe"}):
        answer = await hand_over(beside, openid=person.openid, **event)
        assert (answer.status, answer.json) == (200, {"ours": False, "reply": None})


async def test_unsubscribe_and_subscribe_move_reachability(beside):
    person = await beside.bound("alice")
    await hand_over(beside, type="unsubscribe", openid=person.openid)
    assert (await beside.call("GET", "/v1/bindings/alice"))["reachable"] is False
    await hand_over(beside, type="subscribe", openid=person.openid)
    assert (await beside.call("GET", "/v1/bindings/alice"))["reachable"] is True


async def scans(beside, person):
    await person.scan(await beside.scan_url(await beside.start("zoe")))


@pytest.mark.parametrize("act", [lambda _, person: person.say("hello"), scans], ids=["text", "scan"])
async def test_a_departure_that_was_none_ends_when_the_person_acts_in_the_chat(beside, valkey, act):
    """Every push was kept back from then on, and after `unfollow_retention` the binding was deleted."""
    person = await beside.bound("alice")
    await hand_over(beside, type="unsubscribe", openid=person.openid)
    # A message of the last minute may be one from before the departure, late or repeated.
    await act(beside, person)
    assert (await beside.call("GET", "/v1/bindings/alice"))["reachable"] is False
    await beside.advance(61)
    await act(beside, person)
    assert (await beside.call("GET", "/v1/bindings/alice"))["reachable"] is True
    assert not valkey.keys("*:leavers")


@pytest.mark.parametrize("key", [None, "csk_shop_" + "k" * 43, "nonsense"])
async def test_only_event_keys_open_it(beside, key):
    assert (await hand_over(beside, key=key, type="subscribe", openid="o12345")).status == 401


@pytest.mark.parametrize("body", [{"type": "nap"}, {"x" * 60_000: 1}, {" - at `$" + ".a[1]" * 9000 + "`": 1}])
async def test_nobody_without_a_key_is_told_what_is_wrong_with_a_body(beside, body):
    answer = await beside.call("POST", "/v1/wechat/events", {"account": "main"} | body, key="nonsense")
    assert answer.status == 401
    assert "errors" not in answer.json


@pytest.mark.parametrize(
    "event",
    [{"type": "scan"}, {"type": "text"}, {"type": "template_receipt"}, {"type": "nap"}, {"type": "scan", "x": 1}],
)
async def test_half_an_event_is_refused(beside, event):
    answer = await hand_over(beside, openid="o12345678", **event)
    assert (answer.status, answer.problem) == (400, "invalid")


@pytest.mark.parametrize(("word", "part"), [("验证码", r"^[1-9]\d{7}$"), ("重置密码", r"/t/[\w-]+")])
async def test_an_answer_that_waits_to_be_sent_is_not_readable_in_the_store(new_world, dump, word, part):
    """A login code logs in anybody who knows it, so a copy of the store must not contain one (rule 1)."""
    go = asyncio.Event()

    async def sleep(seconds):
        await (asyncio.sleep(seconds) if seconds < 1 else go.wait())

    own = {"accounts__main__event_keys": [hash_line(EVENT_KEY)], "sites__shop__wechat_server": {}, **WITH_CHAT}
    async with new_world(pace=Pace(sleep=sleep), **own) as world:
        person = await world.bound("alice")
        await person.say("hello")
        fault = {"kind": "errcode", "path": "/cgi-bin/message/custom/send", "errcode": -1, "times": 1}
        await world.control("POST", "/faults", fault)
        before = len(await person.messages())
        assert (await hand_over(world, type="text", openid=person.openid, content=word))["ours"]
        await until(lambda: any(":notice:nt_" in key for key in dump()))
        kept = repr(dump())
        go.set()
        await person.wait_for_more(before)
        [found] = re.findall(part, (await person.messages())[-1]["content"], re.MULTILINE)
        assert found not in kept
