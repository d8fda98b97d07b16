"""The last resort of a verification: a phone number or an e-mail address, by the site's own gateway."""

import asyncio
import json
from dataclasses import replace

import pytest

from codesvc.delivery.pace import Pace
from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.store.deliveries import Delivered, JobLook
from codesvc.store.outcomes import Outcome
from codesvc.web.context import SERVICES
from tests.relay.conftest import PHONE, SECRET, Clock, at_gateway, rows
from tests.service.test_admin import ADMIN
from tests.stores import until

SEND = "/cgi-bin/message/template/send"


async def start(world, user="alice", purpose="register", *, contact=None, headers=None, **more):
    contact = contact or {"phone": PHONE}
    body = {"purpose": purpose, "user": user, "client_ip": "203.0.113.7", "contact": contact, **more}
    body = {name: value for name, value in body.items() if value is not None}
    answer = await world.call("POST", "/v1/verifications", body, headers=headers)
    assert answer.status == 201, answer.text
    return answer


async def check(world, started, code):
    return await world.call("POST", f"/v1/verifications/{started['id']}/check", {"code": code})


async def basis(world, started, code):
    """Why the proof may be believed that the code brings; such a proof binds nobody."""
    approved = await check(world, started, code)
    assert approved.status == 200, approved.text
    refused = await world.call("PUT", f"/v1/bindings/{started['user']}", {"proof": approved["proof"]})
    assert (refused.status, refused["errors"][0]["pointer"]) == (400, "/proof")
    claims = await world.call("POST", "/v1/proofs/verify", {"proof": approved["proof"], "consume": False})
    return claims["basis"]


async def delivery(world, started, *wanted):
    """The delivery of a verification, as soon as it reads as one of these channels and statuses; bounded by tries."""
    for _ in range(1500):
        seen = (await world.call("GET", f"/v1/verifications/{started['id']}"))["delivery"]
        if (seen["channel"], seen["status"]) in wanted:
            return seen
        await asyncio.sleep(0.01)
    raise AssertionError(f"the delivery stays {seen}")


def outbox(valkey):
    """How many jobs wait."""
    return sum(valkey.xlen(key) for key in valkey.scan_iter("*outbox*"))


async def bind(world, user="alice"):
    person = await world.person()
    assert (await world.bind(user, person)).status == 201
    return person


async def unanswered(world, *, seconds):
    """A verification whose code is in the chat while WeChat has not answered the call that sent it, and the code."""
    person = await bind(world)
    await world.fault("slow", path=SEND, delay=seconds, when="after", times=1)
    started = await start(world)
    return started, await person.wait_for_push()


async def test_who_is_not_bound_gets_the_code_by_the_gateway_and_is_approved_for_the_contact(new_relay, stub):
    async with new_relay(skip=False) as world:
        started = await start(world)
        assert started["delivery"] == {"channel": "gateway", "status": "queued", "reason": "no-binding"}
        [said] = await at_gateway(stub)
        assert (said["to"], said["channel"], said["reason"]) == (PHONE, "sms", "no-binding")
        assert said["code"] in said["text"]
        seen = await delivery(world, started, ("gateway", "sent"))
        assert seen["reason"] == "no-binding"
        assert await basis(world, started, said["code"]) == "contact"


async def test_who_is_bound_gets_it_by_wechat_alone(new_relay, stub, valkey):
    async with new_relay(skip=False) as world:
        person = await bind(world)
        started = await start(world)
        code = await person.wait_for_push()
        await delivery(world, started, ("template", "delivered"))
        assert not list(valkey.scan_iter("*sealed*"))
        approved = await check(world, started, code)
        claims = await world.call("POST", "/v1/proofs/verify", {"proof": approved["proof"], "consume": False})
        assert claims["basis"] == "bound"
        world.clock.go.set()
        await until(lambda: not valkey.keys("*sealed*"))
        assert stub.requests == []


@pytest.mark.parametrize(
    ("fault", "how", "reason"),
    [
        ("errcode", {"path": SEND, "errcode": 43004}, None),
        ("template_status", {"status": "failed:user block"}, "user-block"),
        ("lost", {"path": "callback"}, "no-receipt"),
    ],
)
async def test_the_gateway_follows_a_refusal_a_failed_receipt_and_a_receipt_that_does_not_come(
    new_relay, stub, fault, how, reason
):
    async with new_relay(skip=False) as world:
        await bind(world)
        await world.fault(fault, **how)
        started = await start(world)
        if fault == "lost":
            await delivery(world, started, ("template", "sent"))
            world.clock.go.set()
        seen = await delivery(world, started, ("gateway", "sent"))
        assert seen["reason"] == (reason or seen["reason"])
        [said] = await at_gateway(stub)
        # Only where WeChat has the code, as far as anybody knows, may it have been read there.
        assert await basis(world, started, said["code"]) == ("either" if fault == "lost" else "contact")


async def test_a_failed_receipt_that_nobody_signed_makes_no_proof_of_the_number(new_relay, stub):
    """In plaintext mode anybody on the way may have written it: the WeChat account may have the code."""
    account = replace(DEFAULT_ACCOUNT, mode="plaintext")
    async with new_relay(skip=False, account=account, accounts__main__allow_plaintext=True) as world:
        await bind(world)
        await world.fault("template_status", status="failed:system failed")
        started = await start(world)
        assert (await delivery(world, started, ("gateway", "sent")))["reason"] == "system-failed"
        assert await basis(world, started, (await at_gateway(stub))[0]["code"]) == "either"


async def test_a_resend_is_a_second_request_and_the_gateway_is_called_once(new_relay, stub):
    async with new_relay(skip=False) as world:
        person = await bind(world)
        await world.fault("lost", path="callback")
        started = await start(world)
        code = await person.wait_for_push()
        await world.advance(61)
        for _ in range(2):
            assert (await world.call("POST", f"/v1/verifications/{started['id']}/resend", {})).status == 200
            await delivery(world, started, ("gateway", "sent"))
            await world.advance(61)
        [said] = await at_gateway(stub)
        assert (said["code"], said["reason"]) == (code, "repeated")
        assert await basis(world, started, code) == "either"


async def test_a_push_whose_process_died_makes_no_proof_of_the_number_when_its_repetition_is_refused(new_relay, stub):
    """The first call reached the chat, and nobody has recorded it: only the refusal of the second was known."""
    async with new_relay(skip=False) as world:
        started, code = await unanswered(world, seconds=2)
        here = world.app[SERVICES]
        account = here.directory.sites["shop"].account
        other = here.store.deliveries.of(account.store_keys, sites=account.sites, wrapped=lambda batch: batch)
        look = JobLook("push", started["id"], "1", "0-1", "", "first")
        assert (await other.begin.ask(look)).outcome is Outcome.BEGUN
        refused = Delivered(started["id"], "1", "failed", "template", "refused", "43101", "", "", "", "")
        assert (await other.record.ask(refused)).outcome is Outcome.DONE
        [said] = await at_gateway(stub)
        assert said["code"] == code
        assert await basis(world, started, code) == "either"


async def test_a_push_that_a_dead_process_began_may_have_arrived_whatever_its_repetition_brings(new_relay):
    """The code was read in WeChat, so it does not prove the number."""
    pace = Pace(sleep=Clock(), hold_seconds=0.1)
    async with new_relay(skip=False, pace=pace) as first:
        started, code = await unanswered(first, seconds=60)
        await first.fault("errcode", path=SEND, errcode=43101)
    async with new_relay(skip=False, platform=first.platform) as second:
        assert (await delivery(second, started, ("gateway", "sent")))["reason"] == "refused"
        assert await basis(second, started, code) == "either"


async def test_a_resend_while_wechat_has_not_answered_makes_no_proof_of_the_number(new_relay, stub):
    """The WeChat account may have the code, whatever the service knows of that push later."""
    async with new_relay(skip=False) as world:
        started, code = await unanswered(world, seconds=1)
        await world.advance(61)
        assert (await world.call("POST", f"/v1/verifications/{started['id']}/resend", {})).status == 200
        [said] = await at_gateway(stub)
        assert (said["code"], said["reason"]) == (code, "repeated")
        assert await basis(world, started, code) == "either"


async def test_a_second_start_goes_by_the_gateway_unless_the_first_was_approved(new_relay, stub):
    async with new_relay(skip=False) as world:
        person = await bind(world)
        first = await start(world)
        await check(world, first, await person.wait_for_push())
        await world.advance(5)
        second = await start(world)
        await delivery(world, second, ("template", "delivered"))
        assert stub.requests == []
        await world.advance(5)
        third = await start(world)
        assert (await delivery(world, third, ("gateway", "sent")))["reason"] == "repeated"
        assert len(stub.requests) == 1


async def test_what_has_ended_is_not_sent(new_relay, stub, valkey):
    async with new_relay(skip=False) as world:
        await bind(world)
        await world.fault("lost", path="callback")
        started = await start(world)
        await delivery(world, started, ("template", "sent"))
        assert (await world.call("POST", f"/v1/verifications/{started['id']}/cancel", {})).status == 200
        assert not list(valkey.scan_iter("*sealed*"))
        world.clock.go.set()
        await until(lambda: all(valkey.xlen(key) == 0 for key in valkey.scan_iter("*outbox*")))
        assert stub.requests == []


@pytest.mark.parametrize(("answer", "status"), [((200, "{}"), "sent"), ((400, "{}"), "failed"), ((503, ""), "queued")])
async def test_the_state_says_what_the_gateway_said(new_relay, stub, answer, status):
    stub.answers = [answer]
    async with new_relay(skip=False, sites__shop__purposes__register={"scan": "off"}) as world:
        started = await start(world)
        await at_gateway(stub)
        seen = await delivery(world, started, ("gateway", status))
        assert seen["reason"] == ("http-400" if status == "failed" else "no-binding")


async def test_nothing_of_the_contact_is_said_where_bindings_are_not_disclosed(new_relay, stub):
    async with new_relay(skip=False) as world:
        await bind(world)
        known = await start(world, "alice", "reset")
        unknown = await start(world, "bob", "reset", contact={"phone": "+8613900139000"})
        assert known["delivery"] == unknown["delivery"] == {"channel": "auto", "status": "pending", "reason": None}
        await until(lambda: len(stub.requests) == 1)
        for each in (known, unknown):
            seen = await world.call("GET", f"/v1/verifications/{each['id']}")
            assert seen["delivery"] == {"channel": "auto", "status": "pending", "reason": None}
        [said] = await at_gateway(stub)
        approved = await check(world, unknown, said["code"])
        assert approved["delivery"] == {"channel": "gateway", "status": "sent", "reason": "no-binding"}


async def test_store_and_log_hold_neither_contact_nor_code(new_relay, stub, dump, capfd):
    async with new_relay(skip=False) as world:
        stub.held = asyncio.Event()
        started = await start(world)
        [said] = await at_gateway(stub)
        whole = repr(dump()) + capfd.readouterr().out
        for secret in (PHONE[1:], "13800138000", said["code"]):
            assert secret not in whole
        stub.held.set()
        await delivery(world, started, ("gateway", "sent"))
        assert "sealed" not in repr(dump())


async def test_the_first_answer_comes_again_under_its_idempotency_key(new_relay, stub):
    async with new_relay(skip=False) as world:
        first = await start(world, headers={"Idempotency-Key": "once"})
        await delivery(world, first, ("gateway", "sent"))
        again = await start(world, headers={"Idempotency-Key": "once"})
        assert (again["id"], again["delivery"]) == (first["id"], first["delivery"])
        assert len(stub.requests) == 1


@pytest.mark.parametrize(
    ("contact", "pointer"),
    [
        ({"phone": "12"}, "/contact/phone"),
        ({"phone": "+8613800138000", "email": "a@b.example"}, "/contact"),
        ({}, "/contact"),
        ({"email": "nobody"}, "/contact/email"),
        ({"fax": "1"}, "/contact/fax"),
    ],
)
async def test_a_contact_that_is_none_is_refused(new_relay, contact, pointer):
    async with new_relay(skip=False) as world:
        body = {"purpose": "register", "user": "alice", "client_ip": "203.0.113.7", "contact": contact}
        answer = await world.call("POST", "/v1/verifications", body)
        assert answer.status == 400, answer.text
        assert answer["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("number", "taken"),
    [
        ("13800138000", True),
        ("+8613800138000", True),
        ("+8619912345678", True),
        ("+85261234567", True),
        ("+12025550123", False),
        ("+18765550123", False),
        ("+881612345678", False),
        ("+447911123456", False),
    ],
)
async def test_only_numbers_of_the_relays_countries_are_called(new_relay, stub, number, taken):
    """Whoever may sign up can name numbers whose SMS are dear, and share in the price."""
    async with new_relay(skip=False, relay={"countries": ["CN", "HK"]}) as world:
        body = {"purpose": "register", "user": "alice", "client_ip": "203.0.113.7", "contact": {"phone": number}}
        answer = await world.call("POST", "/v1/verifications", body)
        message = {"recipient": {"phone": number}, "code": "482913", "client_ip": "203.0.113.7"}
        sent = await world.call("POST", "/v1/messages", message)
        assert (answer.status, sent.status) == ((201, 202) if taken else (400, 400))
        if taken:
            return
        assert answer["errors"][0]["pointer"] == "/contact/phone"
        assert sent["errors"][0]["pointer"] == "/recipient/phone"
        # It is a recipient all the same: its user id can be asked for, and a mail has no country.
        assert (await world.call("POST", "/v1/recipients", {"recipient": {"phone": number}})).status == 200
        body["contact"] = {"email": "alice@example.com"}
        assert (await world.call("POST", "/v1/verifications", body)).status == 201
        assert all(number not in str(request) for request in stub.bodies)


async def test_an_event_tells_it_and_the_ledger_counts_it(new_relay, stub, admin, valkey):
    webhook = {"url": f"{stub.url}/events", "secrets": [SECRET], "allow_private": True, "allow_http": True}
    async with new_relay(skip=False, sites__shop__webhook=webhook, admin=ADMIN, relay={"price": 0.05}) as world:
        operator, person = await admin(world), await bind(world)
        by_wechat = await start(world)
        await check(world, by_wechat, await person.wait_for_push())
        world.clock.go.set()
        by_gateway = await start(world, "bob", contact={"phone": "+8613900139000"})
        await delivery(world, by_gateway, ("gateway", "sent"))
        await until(lambda: told(stub, "verification.fell_back"))
        [event] = told(stub, "verification.fell_back")
        assert event["id"] == by_gateway["id"]
        assert event["delivery"] == {"channel": "gateway", "status": "sent", "reason": "no-binding"}
        assert not told(stub, "verification.failed")
        assert {name for name in kinds(stub) if name.startswith("message.")} == set()
        await until(lambda: not outbox(valkey))
        [row] = await rows(world, operator)
        counted = [row[name] for name in ("asked", "delivered", "handed_over", "failed", "saved")]
        assert counted == ["2", "1", "1", "0", "0.0500"]
        status, _, page = await operator.get(f"/admin/verifications/{by_gateway['id']}")
        assert status == 200
        assert "13900139000" not in page


def kinds(stub):
    return {json.loads(body)["type"] for request, body in stub.requests if request.path == "/events"}


def told(stub, kind):
    """The data of the events of this kind that came to the site's webhook."""
    said = [json.loads(body) for request, body in stub.requests if request.path == "/events"]
    return [event["data"] for event in said if event["type"] == kind]


async def test_in_shadow_mode_the_gateway_brings_it_and_the_ledger_says_what_wechat_would_have_done(new_relay, admin):
    async with new_relay(skip=False, admin=ADMIN, relay={"shadow": True, "price": 0.05}) as world:
        operator, person = await admin(world), await bind(world)
        await delivery(world, await start(world), ("gateway", "sent"))
        assert await person.pushed_codes() == []
        [row] = await rows(world, operator)
        assert (row["handed_over_shadow"], row["would_push"]) == ("1", "1")


async def test_who_answers_that_it_was_not_them_gets_no_sms_either(new_relay, stub, valkey):
    async with new_relay(skip=False) as world:
        person = await bind(world)
        await world.fault("lost", path="callback")
        started = await start(world, "alice", "reset")
        code = await person.wait_for_push()
        await world.control("DELETE", "/faults")
        await person.say("不是我")
        world.clock.go.set()
        await until(lambda: not outbox(valkey))
        assert stub.requests == []
        assert (await check(world, started, code)).status >= 400


async def test_a_scan_beside_the_sms_binds_nobody_by_its_proof(new_relay, stub):
    """Somebody else may have scanned the QR code; the code was in the SMS."""
    async with new_relay(skip=False) as world:
        started = await start(world)
        [said] = await at_gateway(stub)
        stranger = await world.person()
        await stranger.scan(await world.scan_url(started))
        approved = await check(world, started, said["code"])
        refused = await world.call("PUT", "/v1/bindings/alice", {"proof": approved["proof"]})
        assert (refused.status, refused["errors"][0]["pointer"]) == (400, "/proof")


@pytest.mark.parametrize("by", ["scan", "keyword"])
@pytest.mark.parametrize("first", ["sms", "wechat"])
async def test_who_has_read_the_code_in_wechat_has_not_proved_the_number(new_relay, stub, by, first):
    """Whoever begins a sign-up can name anybody's number, and read the code in a WeChat account of their own."""
    unbound = first == "sms"
    async with new_relay(skip=False) as world:
        person = await world.person() if unbound else await bind(world)
        started = await start(world, purpose="register" if unbound else "reset")
        if unbound:
            await at_gateway(stub)
        if by == "scan":
            await person.scan(await world.scan_url(started))
        else:
            await person.say(started["scan"]["keyword"])
        if not unbound:
            await world.advance(61)
            assert (await world.call("POST", f"/v1/verifications/{started['id']}/resend", {})).status == 200
        [said] = await at_gateway(stub)
        assert said["code"] in (await person.messages())[-1]["content"]
        assert await basis(world, started, said["code"]) == "either"


async def test_a_code_that_a_gateway_may_have_sent_counts_also_if_it_refuses_it_later(new_relay, stub):
    stub.answers = [("drop", ""), (400, "{}")]
    async with new_relay() as world:
        started = await start(world)
        await delivery(world, started, ("gateway", "unknown"))
        stranger = await world.person()
        await stranger.scan(await world.scan_url(started))
        assert await basis(world, started, json.loads(stub.bodies[0])["data"]["code"]) == "either"


async def test_past_the_users_limit_of_pushes_nothing_is_sent(new_relay, stub, valkey):
    limits = {"user_pushes": "2/hour", "address_starts": "none"}
    async with new_relay(skip=False, sites__shop__limits=limits) as world:
        for _ in range(5):
            await start(world)
            await world.advance(5)
        world.clock.go.set()
        await until(lambda: not outbox(valkey))
        assert len(stub.requests) == 2


async def test_of_a_double_click_one_code_is_sent(new_relay, stub, valkey):
    async with new_relay(skip=False) as world:
        await asyncio.gather(*(start(world) for _ in range(3)))
        await until(lambda: not outbox(valkey))
        assert len(stub.requests) == 1


async def test_the_page_says_where_to_look_and_renews_nothing(new_relay):
    async with new_relay(skip=False) as world:
        started = await start(world)
        await delivery(world, started, ("gateway", "sent"))
        for language, words in (("zh-CN", "请查看短信或邮件"), ("en", "text messages or e-mail")):
            headers = {"Accept-Language": language, "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1) Mobile"}
            async with world.http.get(started["page_url"], headers=headers) as answer:
                page = await answer.text()
            assert words in page
            # The message is not in WeChat and shows no reference.
            assert ('href="weixin://"' in page, 'class="tiles"' in page) == (False, False)
            async with world.http.get(started["page_url"] + "?scan=open", headers=headers) as answer:
                page = await answer.text()
            assert ('data-open="weixin://"' in page, 'class="tiles"' in page) == (True, True), "the chat's has one"
        hidden = await start(world, "carol", "reset")
        async with world.http.get(hidden["page_url"], headers={"Accept-Language": "en"}) as answer:
            assert "or else by text message" in await answer.text()
        await world.advance(3600)
        state = await world.page("GET", started, "/state")
        assert (state["status"], state["renew"]) == ("expired", None)


async def test_one_contact_is_not_flooded_by_starts_under_ever_new_users(new_relay, stub, valkey):
    """A sign-up's user is new at each attempt, so a limit by user bounds nothing."""
    contacts = {"contact": {"phone": PHONE}}
    async with new_relay(skip=False) as world:
        shown = [
            (await start(world, f"attempt-{number}", client_ip=f"198.{number}.100.9", **contacts))["delivery"]
            for number in range(7)
        ]
        await until(lambda: outbox(valkey) == 0)
        assert [said["to"] for said in await at_gateway(stub, 4)] == [PHONE] * 4
        assert [each["channel"] for each in shown] == ["gateway"] * 4 + ["scan"] * 3
        # Another spelling is the same contact, another contact another budget, and the purpose does not matter.
        spelt = await start(world, "attempt-8", contact={"phone": "+86 138-0013-8000"})
        assert spelt["delivery"]["channel"] == "scan"
        hidden = await start(world, "attempt-9", "reset", **contacts)
        assert hidden["delivery"] == {"channel": "auto", "status": "pending", "reason": None}
        other = await start(world, "attempt-10", contact={"phone": "+8613900139000"})
        assert other["delivery"]["channel"] == "gateway"
        await until(lambda: outbox(valkey) == 0)
        assert len(await at_gateway(stub, 5)) == 5
        await world.advance(3_601)
        assert (await start(world, "attempt-11", **contacts))["delivery"]["channel"] == "gateway"


MAILBOX = [
    "alice@gmail.com", "alice+1@gmail.com", "a.l.i.c.e@gmail.com", "Alice+2@GoogleMail.com",
    "al.ice+x+y@googlemail.com", "ALICE@gmail.com",
]  # fmt: skip


async def test_one_mailbox_is_not_flooded_by_its_other_addresses(new_relay, stub, valkey):
    """A mail server takes alice+anything@ for alice@, and Google's ignores dots: one mailbox has one limit."""
    limits = {"user_pushes": "2/hour"}
    async with new_relay(skip=False, sites__shop__limits=limits) as world:
        for number, address in enumerate(MAILBOX):
            await start(world, f"attempt-{number}", contact={"email": address})
        # Elsewhere dots are letters of a name, and a bare + is no tag.
        for number, address in enumerate(("a.lice@corp.example", "alice@corp.example", "+1@corp.example")):
            await start(world, f"other-{number}", contact={"email": address})
        await until(lambda: outbox(valkey) == 0)
        sent = [said["to"] for said in await at_gateway(stub, 5)]
        # It is sent to the address as it was given.
        assert sorted(sent) == sorted([*MAILBOX[:2], "a.lice@corp.example", "alice@corp.example", "+1@corp.example"])
        ids = [await world.call("POST", "/v1/recipients", {"recipient": {"email": each}}) for each in MAILBOX[:2]]
        assert ids[0]["user"] != ids[1]["user"], "only limits take them for one"


async def test_a_page_says_code_sent_only_if_the_gateway_has_taken_it(new_relay, stub):
    stub.answers = [(500, "")]
    shaped = {"url": f"{stub.url}/sms", "fields": {"to": "{to}", "code": "{code}"}, "allow_private": True}
    async with new_relay(skip=False, sites__shop__gateways={"main": {"shaped": shaped}}) as world:
        started = await start(world)
        seen = {}
        await delivery(world, started, ("gateway", "unknown"))
        for language in ("en", "zh"):
            async with world.http.get(started["page_url"], headers={"Accept-Language": language}) as answer:
                seen[language] = await answer.text()
        assert "The code may have arrived" in seen["en"]
        assert "Look in your text messages or e-mail." in seen["en"]
        assert "验证码可能已送达" in seen["zh"]
        assert "请查看短信或邮件。" in seen["zh"]
