"""Who saw one plaintext callback can sign any body for five minutes: what these do is bounded."""

import asyncio
import time
from collections import Counter
from dataclasses import replace

import pytest

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.sandbox.cipher import sign
from codesvc.sandbox.envelope import write_xml
from tests.service.callbacks import post, push_of, sealed, send

FOR_ONE_QUERY = 5
CHAT = {
    "bind_url": "https://shop.example/bind",
    "bind_keywords": ["绑定"],
    "reset_url": "https://shop.example/reset",
    "reset_keywords": ["重置"],
}
FORGED = {
    "a greeting": {"text": "hello"},
    "a keyword": {"text": "ABCDEFGH"},
    "a word of a site": {"text": "绑定"},
    "a word of the panel": {"text": "验证码"},
    "this was not me": {"text": "不是我"},
    "a scan": {"event": "SCAN", "key": "cs00000000000000000001"},
    "a button": {"event": "CLICK", "key": "绑定"},
    "following": {"event": "subscribe"},
    "leaving": {"event": "unsubscribe"},
    "a picture": {"text": "", "MsgType": "image"},
    "a receipt": {"event": "TEMPLATESENDJOBFINISH", "Status": "success"},
}


@pytest.fixture
async def plain(new_world):
    account = replace(DEFAULT_ACCOUNT, mode="plaintext")
    panel = {"keywords": ["验证码"]}
    async with new_world(account=account, sites__shop__chat=CHAT, sites__cafe__wechat_server=panel) as world:
        yield world


def seen_query(world, *, at=None, nonce=None):
    """What a forger has read of one callback."""
    account = world.platform.default_account
    if nonce is None:
        return sealed(account, {}, mode="plaintext")[0]
    return {"signature": sign(account.token, str(at), nonce), "timestamp": str(at), "nonce": nonce}


async def forge(world, query, count, make):
    """Send so many bodies with one query. Returns how often each status came."""
    answers = await asyncio.gather(*(send(world, query, write_xml(make(n))) for n in range(count)))
    return Counter(answer.status for answer in answers)


async def customer_service_calls(world):
    return len((await world.control("GET", "/calls?path=/cgi-bin/message/custom/send"))["calls"])


@pytest.mark.parametrize("what", FORGED)
async def test_one_query_that_was_seen_gives_a_few_events(plain, valkey, what):
    account, query, kind = plain.platform.default_account, seen_query(plain), FORGED[what]

    def make(n):
        number = {"MsgID": 900_000_000 + n} if what == "a receipt" else {}
        return push_of(account, f"o-forged-openid-{n:012}", **{**kind, **number})

    def keys_of_people():
        return [key for key in valkey.keys("*") if b"o-forged-openid-" in key or b"900000" in key]

    assert await forge(plain, query, 60, make) == {200: FOR_ONE_QUERY, 403: 60 - FOR_ONE_QUERY}
    named = {key.rpartition(b"openid-")[2] for key in keys_of_people()}
    assert len(named) <= FOR_ONE_QUERY
    before = len(valkey.keys("*"))
    assert await forge(plain, query, 60, make) == {403: 60}
    assert len(valkey.keys("*")) <= before + 2
    assert await customer_service_calls(plain) <= FOR_ONE_QUERY


async def test_a_query_whose_parts_change_places_is_the_same_one(plain):
    account, now = plain.platform.default_account, int(time.time())
    query = seen_query(plain, at=now + 60, nonce=str(now))
    swapped = {**query, "timestamp": query["nonce"], "nonce": query["timestamp"]}

    def make(n):
        return push_of(account, f"o-forged-openid-{n:012}", text="hello")

    # Of the two, the earlier time is refused as a reading of the later one.
    assert await forge(plain, query, 10, make) == {403: 10}
    assert await forge(plain, swapped, 10, make) == {200: FOR_ONE_QUERY, 403: 10 - FOR_ONE_QUERY}


async def test_a_person_is_heard_while_others_are_forged(plain):
    """A limit on all events of the account would let a forger keep everybody out."""
    account, query = plain.platform.default_account, seen_query(plain)
    assert (await forge(plain, query, 100, lambda n: push_of(account, f"o-forged-{n:019}", text="验证码")))[403]
    person, started = await plain.person(), await plain.start()
    await person.say(started["scan"]["keyword"])
    assert (await plain.delivery(started, "sent"))["channel"] == "customer_service"


async def test_a_forger_of_one_query_does_not_use_up_a_persons_keywords(plain):
    account, query = plain.platform.default_account, seen_query(plain)
    person, started = await plain.person(), await plain.start()
    words = [f"ABCDEFG{last}" for last in "HJKLMNPQRST"]
    await forge(plain, query, len(words), lambda n: push_of(account, person.openid, text=words[n]))
    await person.say(started["scan"]["keyword"])
    assert (await plain.delivery(started, "sent"))["channel"] == "customer_service"


async def test_signed_events_have_no_such_limit(world):
    account = world.platform.default_account
    query, body = sealed(account, push_of(account, "o-genuine-openid-000000000001", text="hello"))
    assert {(await send(world, query, body)).status for _ in range(20)} == {200}
    assert (await post(world, push_of(account, "o-genuine-openid-000000000001", text="hello"))).status == 200


async def test_a_forged_following_makes_no_useless_openid_the_owner_again(plain):
    useless = "o" + "B" * 27
    assert (await plain.call("PUT", "/v1/bindings/alice", {"openid": useless})).status == 201
    await plain.delivery(await plain.start("alice"), "awaiting_scan")
    assert (await plain.call("GET", "/v1/bindings/alice"))["unreachable_reason"] == "unknown-openid"
    account = plain.platform.default_account
    assert (await post(plain, push_of(account, useless, event="subscribe"), mode="plaintext")).status == 200
    assert (await plain.call("GET", "/v1/bindings/alice"))["unreachable_reason"] == "unknown-openid"
    alice = await plain.person()
    assert (await plain.call("PUT", "/v1/bindings/alice", {"openid": alice.openid})).status == 201
