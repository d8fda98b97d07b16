"""A code that is to prove a new number or address goes there, never to the WeChat of the user who names it."""

import json

import pytest

from codesvc.config.relay_settings import Inbound
from codesvc.web.inbound.adapter import Call
from codesvc.web.inbound.adapter_list import ADAPTERS
from tests.relay.conftest import PHONE, at_gateway, ended, send, user_of
from tests.relay.forms import TOKEN

OTHER = "+8613900139000"
USER = "system-user-7"


def read(adapter, body):
    """What an adapter reads of a call."""
    [*readings] = ADAPTERS[adapter].read(
        Inbound(adapter=adapter, secrets=()),
        Call(json.dumps(body).encode(), {}, {}, 0),
    )
    return readings


def logto(word, to=PHONE, **user):
    return {"to": to, "type": word, "payload": {"code": "482913", "user": {"id": USER, **user}}}


def supabase(word, to, **user):
    return {
        "user": {"id": USER, "email": to, **user},
        "email_data": {"token": "482913", "token_new": "", "email_action_type": word},
    }


def text(to, word="", **user):
    return {"user": {"id": USER, **user}, "sms": {"otp": "482913", "phone": to, **({"sms_type": word} if word else {})}}


def zitadel(word, to, **args):
    kind = "recipientEmailAddress" if "@" in to else "recipientPhoneNumber"
    return {"contextInfo": {"eventType": word, kind: to}, "args": {"code": "482913", "userID": USER, **args}}


MAIL, DAY = "a@shop.example", "2026-11-30T00:00:00Z"
KNOWN = [
    ("logto", logto("ForgotPassword", MAIL, primaryEmail=MAIL)),
    ("logto", logto("UserPermissionValidation", MAIL, primaryEmail=MAIL)),
    ("logto", logto("SignIn", "8613800138000", primaryPhone="8613800138000")),
    ("supabase", supabase("recovery", MAIL, email_confirmed_at=DAY)),
    ("supabase", supabase("magiclink", MAIL, email_confirmed_at=DAY)),
    ("supabase", text("8613800138000", phone="8613800138000", phone_confirmed_at=DAY)),
    ("zitadel", zitadel("session.otp.sms.challenged", PHONE, verifiedPhone=PHONE)),
    ("zitadel", zitadel("user.human.password.code.added", MAIL, verifiedEmail=MAIL)),
    ("authentik", {"To": PHONE, "Body": "482913", "user": USER, "known_recipient": True}),
    ("generic", {"recipient": PHONE, "code": "482913", "user": USER, "known_recipient": True}),
]
PROVING = [
    *(("logto", logto(word, MAIL, primaryEmail=MAIL)) for word in ("BindNewIdentifier", "BindMfa", "Register", "New")),
    ("logto", logto("SignIn", MAIL, primaryEmail="other@shop.example")),
    ("logto", logto("UserPermissionValidation", MAIL)),
    *(
        ("supabase", supabase(word, MAIL, email_confirmed_at=DAY))
        for word in ("email_change", "signup", "email", "new")
    ),
    ("supabase", supabase("recovery", MAIL)),
    ("supabase", text("8613900139000", phone="8613800138000", new_phone="8613900139000", phone_confirmed_at=DAY)),
    ("supabase", text("8613900139000", phone="8613800138000", phone_confirmed_at=DAY)),
    ("supabase", text("8613800138000", phone="8613800138000")),
    ("supabase", text("8613800138000", "mfa", phone="8613800138000", phone_confirmed_at=DAY)),
    ("zitadel", zitadel("user.human.phone.code.added", PHONE, verifiedPhone=PHONE)),
    ("zitadel", zitadel("user.human.email.code.added", MAIL, verifiedEmail=MAIL)),
    ("zitadel", zitadel("user.human.password.code.added", MAIL, lastEmail=MAIL)),
    ("zitadel", zitadel("session.otp.sms.challenged", PHONE)),
    ("kratos", {"to": PHONE, "code": "482913", "template_type": "login_code_valid", "user_id": USER}),
    ("fusionauth", {"phoneNumber": PHONE, "code": "482913", "userId": USER}),
    ("authentik", {"To": PHONE, "Body": "482913", "user": USER}),
    ("authentik", {"To": PHONE, "Body": "482913", "user": USER, "known_recipient": "no"}),
    ("generic", {"recipient": PHONE, "code": "482913", "user": USER}),
]


@pytest.mark.parametrize(("adapter", "body"), KNOWN)
def test_a_recipient_is_known_where_the_system_says_that_it_has_verified_it(adapter, body):
    assert [(each.user, each.known_recipient) for each in read(adapter, body)] == [(USER, True)]


@pytest.mark.parametrize(("adapter", "body"), PROVING)
def test_every_other_word_is_taken_to_prove_its_recipient(adapter, body):
    readings = read(adapter, body)
    assert readings
    assert not any(each.known_recipient for each in readings)


async def test_a_new_number_is_never_proved_by_the_wechat_of_its_user(new_relay, stub):
    sources = {"logto": {"adapter": "logto", "secrets": [TOKEN], "users": "system"}}
    async with new_relay(skip=False, sites__shop__inbound=sources) as world:
        person = await world.person()
        assert (await world.bind(USER, person)).status == 201
        called = await world.call(
            "POST", "/inbound/logto/shop", logto("BindNewIdentifier", OTHER), key=None, headers={"Authorization": TOKEN}
        )
        assert called.status == 200
        stated = await send(world, "111111", phone=OTHER, user=USER)
        assert (await ended(world, stated, "handed_over"))["reason"] == "proves-recipient"
        assert {(each["to"], each["reason"]) for each in await at_gateway(stub, 2)} == {(OTHER, "proves-recipient")}
        assert await person.messages("template") == []


@pytest.mark.parametrize("known", ["said", "same-wechat", "own-id"])
async def test_a_recipient_that_is_known_as_the_users_gets_the_code_in_wechat(new_relay, stub, known):
    async with new_relay(skip=False, sites__shop__users_per_wechat="many") as world:
        person, number = await world.person(), await user_of(world)
        user = number if known == "own-id" else USER
        assert (await world.bind(user, person)).status == 201
        if known == "same-wechat":
            assert (await world.bind(number, person)).status == 201
        more = {"known_recipient": True} if known == "said" else {}
        await ended(world, await send(world, user=user, **more), "delivered")
        assert await person.wait_for_push() == "482913"
        assert stub.requests == []


async def test_the_numbers_wechat_is_not_the_users_if_it_is_another(new_relay):
    async with new_relay() as world:
        mine, theirs = await world.person(), await world.person()
        assert (await world.bind(USER, mine)).status == 201
        assert (await world.bind(await user_of(world, OTHER), theirs)).status == 201
        found = await ended(world, await send(world, phone=OTHER, user=USER), "handed_over")
        assert found["reason"] == "proves-recipient"
        assert await mine.messages("template") == []
