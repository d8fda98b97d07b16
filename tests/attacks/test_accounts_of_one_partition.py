"""Two accounts whose data lie in one partition of the store: what the owner of one signs is of no use at the other.

The owner of an account signs any event for it, in the name of any openid and of any second.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.store.key_patterns import place_of
from codesvc.store.partitions import partition_of
from codesvc.wechat import crypto
from tests.attacks.test_visit_fixation import IN_WECHAT
from tests.people.asks import bind_intent, login, reply
from tests.people.browsers import SITE, WITH_CHAT, browser, links_in, open_in_wechat, query_of
from tests.service.callbacks import push_of, sealed
from tests.stores import value_of
from tests.world import KEY, OTHER_KEY, SCOPES, document, hash_line

EVIL = replace(
    DEFAULT_ACCOUNT, appid="wx3333333333000020", original_id="gh_333333333300", token="tokenofevil", name="另一个号"
)
ACCOUNTS = {"main": DEFAULT_ACCOUNT, "evil": EVIL}
STATE = "the-session-s-own-state"
OF_ALL = {"outbox", "minute", "hour", "uses", "turns", "mark", "clock"}
"""Kinds of keys that belong to the partition as a whole."""
EVILS = {"bind_url": "http://127.0.0.1:2/bind", "reset_url": "http://127.0.0.1:2/reset"}


def town_of(mode="safe"):
    """Shop is at `main`, café at the account of a neighbour."""
    account = document("http://127.0.0.1:1", "http://127.0.0.1:1", replace(EVIL, mode=mode))["accounts"]["main"]
    return {
        "accounts__evil": account,
        "sites__cafe__account": "evil",
        "sites__cafe__chat": EVILS,
        "sites__cafe__origins": ["http://127.0.0.1:2"],
        "sites__cafe__keys": [{"name": "server", "hash": hash_line(OTHER_KEY), "scopes": SCOPES}],
        **WITH_CHAT,
    }


@pytest.fixture
async def town(new_world):
    assert partition_of(EVIL.appid) == partition_of(DEFAULT_ACCOUNT.appid)
    async with new_world(**town_of()) as world:
        yield world


async def signed(world, name, openid, *, mode="safe", **what):
    """The text that the account's callback answers to an event that its owner signs; None for no text."""
    account = ACCOUNTS[name]
    query, body = sealed(account, push_of(account, openid, **what), mode=mode)
    answer = await world.call("POST", f"/wechat/{name}?{urlencode(query)}", data=body.encode(), key=None)
    assert answer.status == 200
    box = re.search(r"<Encrypt><!\[CDATA\[(.+?)\]\]>", answer.text)
    if not box:
        return None
    plain = crypto.decrypt(box[1], (account.aes_key,), account.appid)[0].decode()
    return re.search(r"<Content><!\[CDATA\[(.*?)\]\]>", plain, re.DOTALL)[1]


def click(world, name, openid, at, key="codesvc_reset", **how):
    return signed(world, name, openid, event="CLICK", key=key, CreateTime=at, **how)


async def test_an_event_of_another_account_finds_no_ticket(town):
    victim, second = await town.bound("alice"), int(time.time())
    assert not links_in(await click(town, "evil", victim.openid, second))
    assert links_in(await click(town, "main", victim.openid, second))
    assert not links_in(await click(town, "evil", victim.openid, second))


async def test_an_event_of_another_account_replaces_no_ticket(town):
    victim, second = await town.bound("alice"), int(time.time())
    there = await town.call("PUT", "/v1/bindings/mallory", {"openid": victim.openid}, key=OTHER_KEY)
    assert there.status == 201
    [link] = links_in(await click(town, "main", victim.openid, second))
    assert links_in(await click(town, "evil", victim.openid, second))
    assert (await open_in_wechat(victim, link))["url"].startswith(f"{SITE}/reset")


async def handle_by_digits(world, name, openid, key, second):
    """A person asks for the link that binds, and brings it to another browser: the handle."""
    [link] = links_in(await click(world, name, openid, second, key="codesvc_bind"))
    async with browser() as laptop:
        assert "数字正确" in await signed(world, name, openid, text=await laptop.show_digits(link))
        onward = await laptop.go(f"{link}/go?state={STATE}")
    code = query_of(onward.headers["Location"])["redeem"]
    return (await world.call("POST", "/v1/tickets/redeem", {"ticket": code, "state": STATE}, key=key))["handle"]


async def test_a_handle_of_another_account_uses_up_no_other(town):
    person, second = await town.person(), int(time.time())
    theirs = await handle_by_digits(town, "evil", person.openid, OTHER_KEY, second)
    ours = await handle_by_digits(town, "main", person.openid, KEY, second)
    assert (await town.call("PUT", "/v1/bindings/mallory", {"handle": theirs}, key=OTHER_KEY)).status == 201
    assert (await town.call("PUT", "/v1/bindings/alice", {"handle": ours})).status == 201


async def test_a_link_that_was_passed_on_becomes_no_link_of_another_account(town):
    victim = await town.bound("alice")
    [link] = links_in(await reply(victim, "重置密码"))
    async with browser() as attacker:
        sent = await attacker.go(link, headers=IN_WECHAT)
        state = query_of(sent.headers["Location"])["state"]
        # Without a code the page says that the person refused, if the state is one of this account.
        for name, known in (("main", True), ("evil", False)):
            page = await attacker.go(f"{town.service}/wechat/{name}/oauth?state={state}", headers=IN_WECHAT)
            assert (page.status, "没有获得授权" in page.text) == (403, known)


async def test_digits_at_another_account_prove_nothing_here(town):
    victim = await town.bound("alice")
    [link] = links_in(await reply(victim, "重置密码"))
    async with browser() as attacker:
        digits = await attacker.show_digits(link)
        assert await signed(town, "evil", victim.openid, text=digits) is None
        assert (await attacker.go(f"{link}/go?state={STATE}")).status == 403


async def test_messages_of_two_accounts_about_the_same_event_are_two(new_world, valkey):
    account = replace(DEFAULT_ACCOUNT, mode="plaintext")
    async with new_world(account=account, **town_of("plaintext")) as world:
        victim, second = await world.bound("alice"), int(time.time())
        await world.call("PUT", "/v1/bindings/mallory", {"openid": victim.openid}, key=OTHER_KEY)
        await world.fault("errcode", errcode=-1, path="/cgi-bin/message/custom/send", times=100)
        for name in ACCOUNTS:
            await click(world, name, victim.openid, second, mode="plaintext")
        assert len(valkey.keys("*:notice:*")) == 2


async def test_no_event_of_another_account_changes_what_is_kept_of_this_one(town, valkey):
    victim, second = await town.bound("alice"), int(time.time())
    there = await town.call("PUT", "/v1/bindings/mallory", {"openid": victim.openid}, key=OTHER_KEY)
    assert there.status == 201
    await bind_intent(town, "robert")
    await login(town)
    await town.delivery(await town.start("alice"), "delivered")
    texts = ("重置密码", "绑定账号", "确认", "123456", "不是我")
    events = [{"text": text, "MsgId": number} for number, text in enumerate(texts, 8_000_000_000)]
    events += [{"event": "CLICK", "key": "codesvc_reset"}, {"event": "CLICK", "key": "codesvc_bind"}]
    for event in events:
        await signed(town, "main", victim.openid, CreateTime=second, **event)
    before = {key: value_of(valkey, key) for key in valkey.keys("*") if place_of(key.decode())[1] not in OF_ALL}
    for event in (*events, {"event": "subscribe"}, {"event": "unsubscribe"}):
        await signed(town, "evil", victim.openid, CreateTime=second, **event)
    assert [key for key, value in before.items() if value_of(valkey, key) != value] == []
