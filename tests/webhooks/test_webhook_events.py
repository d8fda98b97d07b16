"""Each event, from the act that causes it; and nothing where nothing may be said."""

from __future__ import annotations

import re

import pytest

from codesvc.domain.quota import Api
from codesvc.store.quotas import day_key
from codesvc.web.context import SERVICES
from tests.people.asks import bind_by_scan, login, reply, scan, wait_for_text
from tests.people.browsers import WITH_CHAT
from tests.people.test_tickets import arrive, link_for, redeem
from tests.webhooks.receiver import hook, quiet, receiving, store_of, until
from tests.world import OTHER_KEY, wrong

SEND = "/cgi-bin/message/template/send"


async def called(world, path):
    """Whether WeChat has been asked for something."""
    return [call for call in (await world.control("GET", "/calls"))["calls"] if call["path"] == path]


async def test_an_approval(told, receiver):
    approved = await told.approved("u-1")
    (event,) = await receiver.of("verification.approved")
    api = (await told.get(approved)).json
    said = {name: event.data[name] for name in event.data if name != "basis"}
    assert said == {name: api[name] for name in said}
    assert event.data["basis"] == "open"
    assert event.event["timestamp"] == api["approved_at"]
    assert re.fullmatch(r"wh_[0-9a-f]{32}", event.id)
    assert {"proof", "page_token", "page_url", "scan"} & event.data.keys() == set()
    assert approved["openid"] not in event.body.decode()


async def test_spent_attempts(told, receiver):
    person, started = await told.person(), await told.start(metadata={"cart": "c-81"})
    await person.say(started["scan"]["keyword"])
    code = await person.code_in_chat()
    for _ in range(5):
        await told.check(started, wrong(code))
    (event,) = await receiver.of("verification.exhausted")
    assert (event.data["id"], event.data["status"], event.data["attempts_left"]) == (started["id"], "exhausted", 0)
    assert event.data["metadata"] == {"cart": "c-81"}
    assert event.data["delivery"] == {"channel": "reply", "status": "sent", "reason": None}


async def test_a_receipt_that_says_yes(told, receiver):
    await told.bound("alice")
    started = await told.start("alice")
    (event,) = await receiver.of("verification.delivered")
    assert event.data["id"] == started["id"]
    assert event.data["delivery"] == {"channel": "template", "status": "delivered", "reason": None}


async def test_a_push_that_fails_falls_back(told, receiver):
    await told.bound("alice")
    await told.fault("errcode", errcode=43004, path=SEND, times=1)
    started = await told.start("alice")
    (event,) = await receiver.of("verification.fell_back")
    assert event.data["id"] == started["id"]
    assert event.data["delivery"] == {"channel": "scan", "status": "awaiting_scan", "reason": "not-following"}


async def test_so_does_a_receipt_that_says_no_and_a_push_that_cannot_be_made(told, receiver):
    owner = await told.bound("alice")
    await told.fault("template_status", status="failed:user block", times=1)
    await told.start("alice")
    (event,) = await receiver.of("verification.fell_back")
    assert event.data["delivery"]["reason"] == "user-block"
    await owner.unfollow()
    await told.start("alice")
    *_, event = await receiver.of("verification.fell_back", 2)
    assert event.data["delivery"]["reason"] == "unreachable"
    (left,) = await receiver.of("binding.unreachable")
    assert left.data["user"] == "alice"


async def test_a_failure_that_no_scan_can_mend(new_world, receiver):
    purposes = {"pay": {"scan": "off", "disclose_binding": True}}
    async with new_world(sites__shop__webhook=hook(receiver), sites__shop__purposes=purposes) as world:
        await world.bound("alice")
        await world.fault("errcode", errcode=43004, path=SEND, times=1)
        started = await world.start("alice", "pay")
        (event,) = await receiver.of("verification.failed")
        assert (event.data["id"], event.data["delivery"]["status"]) == (started["id"], "failed")
        await world.start("nobody", "pay")
        *_, event = await receiver.of("verification.failed", 2)
        assert event.data["delivery"]["reason"] == "no-binding"


async def test_nothing_tells_of_a_delivery_that_may_not_be_disclosed(told, receiver):
    """Rule 7: for a reset the same events come, or none, whether the user is bound, unreachable or unknown."""
    owner, gone = await told.bound("alice"), await told.bound("bob")
    await told.bound("carol")
    await gone.unfollow()
    await receiver.of("binding.unreachable")
    await told.fault("errcode", errcode=43004, path=SEND, times=1)
    failed = await told.start("carol", "reset")
    await until(lambda: called(told, SEND))
    pushed = await told.start("alice", "reset")
    code = await owner.wait_for_push()
    others = [await told.start(user, "reset") for user in ("bob", "nobody")]
    before = [kind for kind in await quiet(told, receiver) if kind.startswith("verification")]
    assert before == []
    for started in (failed, *others):
        for _ in range(5):
            await told.check(started, "000000", client_ip=f"198.51.100.{len(receiver.got)}")
    spent = await receiver.of("verification.exhausted", 3)
    assert {str(event.data["delivery"]) for event in spent} == {
        str({"channel": "auto", "status": "pending", "reason": None})
    }
    await told.check(pushed, code)
    (event,) = await receiver.of("verification.approved")
    assert event.data["delivery"]["channel"] == "template"


async def test_a_scan_by_the_bound_wechat_opens_it(told, receiver):
    owner = await told.bound("alice")
    await told.fault("template_status", status="none")
    started = await told.start("alice", "reset")
    await owner.wait_for_push()
    await owner.say(started["scan"]["keyword"])
    await told.advance(61)
    await told.fault("errcode", errcode=43004, path=SEND, times=1)
    await told.resend(started)
    (event,) = await receiver.of("verification.fell_back")
    assert event.data["delivery"]["reason"] == "not-following"


async def test_bindings_made_moved_and_removed(told, receiver):
    first, second = await told.person(), await told.person()
    await bind_by_scan(told, "alice", first)
    (made,) = await receiver.of("binding.created")
    history = await told.call("GET", "/v1/bindings/alice/history")
    assert made.data["user"] == "alice"
    assert (made.data["made_by"], made.data["from"]) == ("intent", None)
    assert made.data["wechat"] == history["history"][0]["wechat"]
    assert made.data["source"] == history["history"][0]["source"]
    assert (await told.bind("alice", second, replace=True)).status == 201
    *_, moved = await receiver.of("binding.created", 2)
    assert (moved.data["from"], moved.data["made_by"], moved.data["source"]) == (made.data["wechat"], "openid", None)
    await told.call("DELETE", "/v1/bindings/alice")
    (gone,) = await receiver.of("binding.removed")
    assert gone.data == {"user": "alice", "wechat": moved.data["wechat"], "by": "site"}
    for received in receiver.got:
        assert first.openid not in received.body.decode()
        assert second.openid not in received.body.decode()


async def test_a_person_who_withdraws(told, receiver):
    person = await told.bound("alice")
    await told.control("POST", f"/users/{person.openid}/event", {"event": "user_authorization_revoke"})
    (gone,) = await receiver.of("binding.removed")
    assert (gone.data["user"], gone.data["by"]) == ("alice", "forgotten")


async def test_a_conflict_never_names_the_other_side(told, receiver):
    person = await told.person()
    await bind_by_scan(told, "alice", person)
    refused = await bind_by_scan(told, "bob", person)
    (event,) = await receiver.of("binding.conflict")
    assert event.data == {
        "user": "bob", "bind_intent": refused["id"], "reference": refused["reference"], "conflict": "wechat",
    }  # fmt: skip
    assert (await told.bind("bob", person)).status == 409
    assert "binding.conflict" not in (await quiet(told, receiver))[3:]


async def test_a_conflict_that_the_old_wechat_resolves(told, receiver):
    old, new = await told.person(), await told.person()
    await bind_by_scan(told, "alice", old)
    asked = await bind_by_scan(told, "alice", new)
    await wait_for_text(old, "同意换绑")
    await reply(old, f"同意换绑 {asked['reference']}")
    *_, moved = await receiver.of("binding.created", 2)
    assert (moved.data["source"], moved.data["made_by"]) == (asked["id"], "intent")
    assert moved.data["from"]


async def test_who_leaves_is_told_of_once(told, receiver):
    person = await told.bound("alice")
    await person.unfollow()
    (event,) = await receiver.of("binding.unreachable")
    assert event.data["user"] == "alice"
    await told.control("POST", f"/users/{person.openid}/event", {"event": "unsubscribe"})
    assert (await quiet(told, receiver)).count("binding.unreachable") == 1
    await person.follow()
    await person.unfollow()
    await receiver.of("binding.unreachable", 2)


async def test_a_login(told, receiver):
    person = await told.bound("alice")
    asked = await login(told)
    await scan(told, person, asked)
    await reply(person, "确认")
    (event,) = await receiver.of("login.approved")
    assert (event.data["id"], event.data["user"]) == (asked["id"], "alice")
    stranger = await told.person()
    asked = await login(told)
    await scan(told, stranger, asked)
    await reply(stranger, "确认")
    assert (await quiet(told, receiver)).count("login.approved") == 1


async def test_a_reset_that_was_asked_for_in_the_chat(new_world, receiver):
    async with new_world(**WITH_CHAT, sites__shop__webhook=hook(receiver)) as world:
        owner = await world.bound("alice")
        redeemed = await redeem(world, await arrive(owner, await link_for(owner, "重置密码")))
        (event,) = await receiver.of("verification.approved")
        assert (event.data["id"], event.data["basis"]) == (redeemed["verification"], "bound")


@pytest.mark.parametrize("how", ["pushes", "wechat says"])
async def test_a_quota_that_runs_low_is_told_once_for_each_threshold(new_world, receiver, how):
    async with receiving() as other:
        cafe = hook(other, events=["quota.low"])
        limits = dict.fromkeys(("user_pushes", "openid_pushes", "address_starts"), "none")
        changes = {"sites__shop__webhook": hook(receiver, events=["quota.low"]), "sites__cafe__webhook": cafe}
        async with new_world(**changes, sites__shop__limits=limits) as world:
            here = world.app[SERVICES]
            account = here.directory.accounts["main"]
            quotas = here.store.quotas
            await until(lambda: store_of(world).hexists(day_key(account.store_keys, Api.QRCODE), "daily"))
            await quotas.learn(account.store_keys, Api.TEMPLATE, daily=40, used=30)
            person = await world.bound("alice")
            if how == "pushes":
                for number in range(1, 4):
                    await world.start("alice", "reset", ip=f"192.0.2.{number}")
                    await person.wait_for_push(number)
            else:
                for used in (31, 32, 33, 33):
                    await quotas.learn(account.store_keys, Api.TEMPLATE, daily=40, used=used)
            for site in (receiver, other):
                (event,) = await site.of("quota.low")
                assert event.data | {"day": ""} == {
                    "account": "main", "call": "template", "threshold": 80, "daily": 40, "left": 8, "day": "",
                }  # fmt: skip
            await quotas.exhaust(account.store_keys, Api.TEMPLATE)
            for site in (receiver, other):
                *_, event = await site.of("quota.low", 2)
                assert (event.data["threshold"], event.data["left"]) == (100, 0)
            await quotas.exhaust(account.store_keys, Api.TEMPLATE)
            assert await quiet(world, receiver) == ["quota.low"] * 2


async def test_only_what_the_site_listens_to_and_only_its_own(new_world, receiver):
    async with new_world(sites__shop__webhook=hook(receiver, events=["binding.removed"])) as world:
        await world.approved("u-1")
        person = await world.bound("alice")
        assert (await world.bind("alice", person, key=OTHER_KEY)).status == 201
        await world.call("DELETE", "/v1/bindings/alice", key=OTHER_KEY)
        await world.call("DELETE", "/v1/bindings/alice")
        await receiver.of("binding.removed")
        assert await quiet(world, receiver) == ["binding.removed"]


async def test_a_test_identity_is_visible_as_such(new_world, receiver):
    async with new_world(sites__shop__webhook=hook(receiver), sites__shop__test_users={"t-*": "123456"}) as world:
        await world.check(await world.start("t-1"), "123456")
        (event,) = await receiver.of("verification.approved")
        assert (event.data["test"], event.data["basis"]) == (True, "test")


async def test_what_is_kept_of_an_event_names_no_wechat(told, receiver, dump):
    approved = await told.approved("u-1")
    person = await told.bound("alice")
    await person.unfollow()
    await receiver.of("binding.unreachable")
    kept = {key: repr(value) for key, value in dump().items() if ":webhook" in key}
    assert any(":webhook:shop:wh_" in key for key in kept)
    assert not any(openid in text for text in kept.values() for openid in (person.openid, approved["openid"]))
