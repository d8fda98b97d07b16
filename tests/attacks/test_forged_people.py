"""The owner of an account signs callbacks of people who do not exist: what they leave in the store is bounded."""

import secrets

import pytest

from codesvc.config.api_keys import hash_line
from codesvc.store.key_patterns import place_of
from codesvc.store.script import NEWCOMER_MARKS
from tests.beside.test_events import EVENT_KEY, hand_over
from tests.people.browsers import WITH_CHAT, links_in
from tests.service.callbacks import post, push_of

MOST_OCTETS = 512
"""What one mark may take in the store; docs/decisions/threat-model.md multiplies it."""
OF_PEOPLE = {"gone", "leavers", "spoke", "muted", "ticket", "window", "seen", "recent", "notice", "asked", "receipt"}
MINUTES = 21 * 60_000
"""What is gone by then is bounded by how fast callbacks are answered."""


@pytest.fixture
async def world(new_world):
    async with new_world(accounts__main__event_keys=[hash_line(EVENT_KEY)], **WITH_CHAT) as world:
        yield world


async def forged(world, **what):
    """The reply to a signed callback of an invented person."""
    account = world.platform.default_account
    answer = await post(world, push_of(account, "o" + secrets.token_hex(14)[:27], **what))
    assert answer.status == 200
    return answer


def lasting(valkey, before):
    """The new keys about people that stay for longer than minutes."""
    new = {key.decode() for key in set(valkey.keys("*")) - before}
    return {key for key in new if place_of(key)[1] in OF_PEOPLE and not 0 < valkey.pttl(key) < MINUTES}


def use_up(valkey):
    """Let this day's marks of the account be used up; the moment's own count is there already."""
    [count] = valkey.keys("*:newcomers:*")
    valkey.set(count, NEWCOMER_MARKS, keepttl=True)


async def test_who_leaves_and_of_whom_nothing_is_kept_leaves_no_mark(world, valkey):
    before = set(valkey.keys("*"))
    await forged(world, event="unsubscribe")
    await hand_over(world, type="unsubscribe", openid="o" + "7" * 27)
    assert lasting(valkey, before) == set()


async def test_who_was_sent_a_code_or_asked_something_leaves_a_mark(world, valkey):
    person, started = await world.person(), await world.start()
    await person.say(started["scan"]["keyword"])
    before = set(valkey.keys("*"))
    await person.unfollow()
    assert {place_of(key)[1] for key in lasting(valkey, before)} == {"gone", "leavers"}


async def test_a_receipt_of_what_was_sent_to_nobody_leaves_no_mark(world, valkey):
    before = set(valkey.keys("*"))
    await forged(world, event="TEMPLATESENDJOBFINISH", MsgID=7_000_000_001, Status="success")
    assert lasting(valkey, before) == set()


@pytest.mark.parametrize("text", ["hello", "绑定账号", "不是我", "ABCD2345"])
async def test_what_one_invented_person_leaves_is_small_and_counted(world, valkey, text):
    await forged(world, text="hello")
    [count] = valkey.keys("*:newcomers:*")
    assert 0 < valkey.pttl(count) < 2 * 86_400_000
    before, counted = set(valkey.keys("*")), int(valkey.get(count))
    await forged(world, text=text)
    new = {key for key in set(valkey.keys("*")) - before if place_of(key.decode())[1] in OF_PEOPLE}
    grown = sum(map(valkey.memory_usage, new))
    marks = int(valkey.get(count)) - counted
    assert 0 < grown <= marks * MOST_OCTETS


async def test_one_real_person_cannot_use_up_the_marks(world, valkey):
    person = await world.person()
    await person.say("不是我")
    [count] = valkey.keys("*:newcomers:*")
    counted = valkey.get(count)
    for _ in range(3):
        await person.unfollow()
        await person.follow()
        await person.say("hello")
        await person.say("不是我")
    assert valkey.get(count) == counted


async def test_past_the_marks_of_a_day_nothing_of_new_people_is_noted(world, valkey):
    await forged(world, text="hello")
    use_up(valkey)
    before = set(valkey.keys("*"))
    for text in ("hello", "绑定账号", "重置密码", "不是我", "ABCD2345"):
        await forged(world, text=text)
        await hand_over(world, type="text", openid="o" + secrets.token_hex(14)[:27], content=text)
    assert lasting(valkey, before) == set()


async def test_past_them_people_who_are_known_get_what_they_ask_for(world, valkey):
    owner = await world.bound("alice")
    started = await world.start("alice")
    await owner.wait_for_push()
    await forged(world, text="hello")
    use_up(valkey)
    await owner.say("不是我")
    assert (await world.start("alice"))["delivery"]["reason"] == "muted"
    await owner.say("重置密码")
    assert links_in(await owner.last_text())
    await owner.unfollow()
    assert (await world.call("GET", "/v1/bindings/alice"))["reachable"] is False
    assert (await world.get(started))["status"] == "canceled"


async def test_past_them_a_new_person_gets_the_code_by_a_scan_and_by_keyword_the_next_day(world, valkey):
    await forged(world, text="hello")
    use_up(valkey)
    person, started = await world.person(), await world.start()
    await person.scan(await world.scan_url(started))
    assert (await world.check(started, await person.code_in_chat())).status == 200
    person, started = await world.person(), await world.start()
    await person.say(started["scan"]["keyword"])
    assert "过多" in await person.last_text()
    await world.advance(86_400)
    started = await world.start()
    await person.say(started["scan"]["keyword"])
    assert (await world.check(started, await person.code_in_chat())).status == 200
