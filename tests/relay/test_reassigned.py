"""A number that a carrier gives to another person: who is bound under it gets its codes for a time (decision 57)."""

import json
import time

import pytest

from codesvc.domain.binding_lines import read_rows
from codesvc.domain.recipient import is_recipient_id
from codesvc.service.bindings_transfer import export
from codesvc.web.context import SERVICES
from tests.relay.conftest import PHONE, at_gateway, ended, rows, send, user_of
from tests.relay.forms import TOKEN
from tests.relay.test_new_identifiers import logto, read, supabase, text, zitadel
from tests.service.test_admin import ADMIN
from tests.world import MASTER

DAY = 86_400
MAIL = "former@shop.example"
UNPROVED = "recipient-unproved"
WECHAT = {"status": "delivered", "reason": None}


async def id_of(world, recipient):
    answer = await world.call("POST", "/v1/recipients", {"recipient": recipient})
    return answer["user"]


async def by_intent(world, person, user):
    intent = await world.call("POST", "/v1/bind-intents", {"user": user, "client_ip": "192.0.2.1"})
    await person.say(intent["scan"]["keyword"])
    await person.say("确认")


async def bound(world, user=None):
    """A person whose WeChat is bound under the number's id, as account settings do it."""
    person, user = await world.person(), user or await user_of(world)
    await by_intent(world, person, user)
    assert (await world.call("GET", f"/v1/bindings/{user}")).status == 200
    return person


async def fate(world, **more):
    """How a message ended, and why; each comes after the window in which a second request goes by the gateway."""
    await world.advance(301)
    found = await ended(world, await send(world, **more), "delivered", "handed_over")
    return {"status": found["status"], "reason": found["reason"]}


BY_GATEWAY = {"status": "handed_over", "reason": UNPROVED}
PROVES = {"status": "handed_over", "reason": "proves-recipient"}


@pytest.fixture
def new_world(new_relay):
    """A relay where no pause waits for a clock."""
    return lambda **changes: new_relay(skip=False, **changes)


async def test_the_former_holder_of_a_number_does_not_get_its_codes_for_ever(new_world, stub):
    async with new_world() as world:
        former = await bound(world)
        await world.advance(89 * DAY)
        assert await fate(world) == WECHAT
        await world.advance(DAY)
        assert await fate(world) == BY_GATEWAY
        assert [each["reason"] for each in await at_gateway(stub)] == [UNPROVED]
        assert len(await former.messages("template")) == 1


async def test_a_code_that_wechat_carried_proves_nothing_of_the_number(new_world):
    async with new_world() as world:
        await bound(world)
        for _ in range(4):
            assert await fate(world) == WECHAT
            await world.advance(20 * DAY)
        await world.advance(10 * DAY)
        assert await fate(world) == BY_GATEWAY


async def again_by_openid(world, person, user):
    assert (await world.bind(user, person)).status == 200


async def again_by_proof(world, person, user):
    started = await world.start("attempt-9")
    await person.say(started["scan"]["keyword"])
    approved = await world.check(started, await person.code_in_chat())
    answer = await world.call("PUT", f"/v1/bindings/{user}", {"proof": approved["proof"]})
    assert answer.status == 200, answer.text


@pytest.mark.parametrize("again", [by_intent, again_by_openid, again_by_proof])
async def test_a_site_that_says_it_again_renews_it(new_world, again):
    async with new_world() as world:
        person, user = await bound(world), await user_of(world)
        first = await world.call("GET", f"/v1/bindings/{user}")
        assert first["recipient_proved_at"] == first["bound_at"]
        await world.advance(200 * DAY)
        assert await fate(world) == BY_GATEWAY
        await again(world, person, user)
        second = await world.call("GET", f"/v1/bindings/{user}")
        assert second["bound_at"] == first["bound_at"] < second["recipient_proved_at"]
        assert await fate(world) == WECHAT
        await world.advance(90 * DAY)
        assert await fate(world) == BY_GATEWAY


async def test_a_call_that_is_repeated_renews_nothing(new_world):
    async with new_world() as world:
        user, put = await user_of(world), {"proof": (await world.approved("attempt-9"))["proof"]}
        assert (await world.call("PUT", f"/v1/bindings/{user}", put)).status == 201
        await world.advance(100 * DAY)
        assert (await world.call("PUT", f"/v1/bindings/{user}", put)).status == 200
        assert await fate(world) == BY_GATEWAY


async def test_the_time_is_the_sites_to_set(new_world):
    async with new_world(relay={"recipient_proof": DAY}) as world:
        await bound(world)
        assert await fate(world) == WECHAT
        await world.advance(DAY)
        assert await fate(world) == BY_GATEWAY


async def test_an_address_is_held_to_the_same(new_world):
    async with new_world() as world:
        await bound(world, await id_of(world, {"email": MAIL}))
        more = {"phone": None, "recipient": {"email": MAIL}}
        assert await fate(world, **more) == WECHAT
        await world.advance(90 * DAY)
        assert await fate(world, **more) == BY_GATEWAY


async def test_the_id_of_a_recipient_is_one_whoever_names_it_and_whatever_is_said(new_world):
    async with new_world() as world:
        await bound(world)
        user = await user_of(world)
        for more in ({"user": user}, {"user": user, "known_recipient": True}):
            assert await fate(world, **more) == WECHAT
        await world.advance(90 * DAY)
        for more in ({"user": user}, {"user": user, "known_recipient": True}):
            assert await fate(world, **more) == BY_GATEWAY
        found = await ended(world, await send(world, phone=None, user=user), "failed")
        assert found["reason"] == UNPROVED or found["status"] == "failed"


async def test_a_user_of_the_sites_own_is_known_by_a_fresh_proof_only(new_world):
    """The site's own id is an account, not a number: what is bound under it has no such end."""
    async with new_world(sites__shop__users_per_wechat="many") as world:
        person = await bound(world)
        assert (await world.bind("alice", person)).status == 201
        assert await fate(world, user="alice") == WECHAT
        await world.advance(90 * DAY)
        assert await fate(world, user="alice") == BY_GATEWAY
        assert await fate(world, user="alice", known_recipient=True) == WECHAT


async def test_shadow_mode_says_what_would_become_of_it(new_world, admin):
    async with new_world(admin=ADMIN, relay={"shadow": True}) as world:
        await bound(world)
        await world.advance(91 * DAY)
        assert await fate(world) == {"status": "handed_over", "reason": "shadow"}
        assert UNPROVED in json.dumps(await rows(world, await admin(world)))


@pytest.mark.parametrize("how", ["recipient", "user", "known"])
async def test_a_sign_up_under_a_bound_number_goes_to_the_number(new_world, stub, how):
    async with new_world() as world:
        former = await bound(world)
        user = await user_of(world)
        more = {"recipient": {}, "user": {"user": user}, "known": {"user": user, "known_recipient": True}}[how]
        assert await fate(world, purpose="register", **more) == PROVES
        assert [each["to"] for each in await at_gateway(stub)] == [PHONE]
        assert await former.messages("template") == []


TO = "8613800138000"
CLAIMS = [
    *(("authentik", {"To": PHONE, "Body": "482913", "known_recipient": said}) for said in (False, "false")),
    *(("logto", logto(word, TO)) for word in ("Register", "BindNewIdentifier", "BindMfa")),
    *(("supabase", supabase(word, MAIL)) for word in ("signup", "email_change", "invite")),
    ("supabase", text(TO)),
    ("supabase", text(TO, new_phone=TO, phone_confirmed_at="2026-11-30T00:00:00Z")),
    ("zitadel", zitadel("user.human.phone.code.added", PHONE)),
    ("zitadel", zitadel("user.human.email.code.added", MAIL)),
    ("zitadel", zitadel("user.human.initialization.code.added", MAIL)),
    *(
        ("kratos", {"to": PHONE, "code": "482913", "template_type": f"{word}_code_valid"})
        for word in ("registration", "verification")
    ),
    *(
        ("authgear", {"to": PHONE, "body": "482913", "template_name": f"setup_{word}_oob_sms.txt"})
        for word in ("primary", "secondary")
    ),
]
USES = [
    *(("authentik", {"To": PHONE, "Body": "482913", **said}) for said in ({}, {"known_recipient": True})),
    ("authentik", {"To": PHONE, "Body": "482913", "known_recipient": []}),
    *(("logto", logto(word, TO)) for word in ("SignIn", "ForgotPassword", "Generic")),
    *(("supabase", supabase(word, MAIL)) for word in ("recovery", "magiclink", "email")),
    ("supabase", text(TO, phone=TO, phone_confirmed_at="2026-11-30T00:00:00Z")),
    ("zitadel", zitadel("user.human.otp.email.code.added", MAIL)),
    ("zitadel", zitadel("session.otp.sms.challenged", PHONE)),
    ("kratos", {"to": PHONE, "code": "482913", "template_type": "login_code_valid"}),
    ("authgear", {"to": PHONE, "body": "482913", "template_name": "authenticate_primary_oob_sms.txt"}),
    ("generic", {"recipient": PHONE, "code": "482913"}),
]


@pytest.mark.parametrize(("adapter", "body"), CLAIMS)
def test_the_systems_words_for_a_new_number_are_known(adapter, body):
    readings = read(adapter, body)
    assert readings
    assert all(each.claims_recipient for each in readings)


@pytest.mark.parametrize(("adapter", "body"), USES)
def test_other_words_are_for_a_number_that_was_proved(adapter, body):
    assert not any(each.claims_recipient for each in read(adapter, body))


@pytest.mark.parametrize("word", ["Register", "BindNewIdentifier"])
async def test_a_system_that_proves_a_new_number_reaches_the_number(new_world, stub, word):
    sources = {"logto": {"adapter": "logto", "secrets": [TOKEN]}}
    async with new_world(sites__shop__inbound=sources) as world:
        former = await bound(world)
        called = await world.call(
            "POST", "/inbound/logto/shop", logto(word, TO), key=None, headers={"Authorization": TOKEN}
        )
        assert called.status == 200
        assert [each["reason"] for each in await at_gateway(stub)] == ["proves-recipient"]
        assert await former.messages("template") == []


async def imported(world, user, openid, *, days=None, again="bound"):
    """As `codesvc bindings import` takes a line, with `bound_at` so many days ago or without it."""
    here = world.app[SERVICES]
    site = here.directory.sites["shop"]
    since = "" if days is None else f"{(time.time() - days * DAY) * 1000:.0f}"
    lines = json.dumps([[user, openid, "", since, ""]]).encode()
    taken = await here.store.bindings.take_over(site.store_keys, "shop", lines, many=False, dry=False)
    assert taken.verdicts == (again,)


@pytest.mark.parametrize(("days", "expected"), [(None, BY_GATEWAY), (1000, BY_GATEWAY), (80, WECHAT)])
async def test_an_import_proves_what_its_time_says(new_world, tmp_path, days, expected):
    async with new_world() as world:
        person, user = await world.person(), await user_of(world)
        await imported(world, user, person.openid, days=days)
        found = await world.call("GET", f"/v1/bindings/{user}")
        assert (found["recipient_proved_at"] is None) == (days is None)
        assert await fate(world) == expected
        await imported(world, user, person.openid, days=0, again="same")
        assert await fate(world) == expected
        # What an export says is not a later proof when it is imported.
        file, here = tmp_path / "shop.jsonl", world.app[SERVICES]
        await export(here.store, here.directory.sites["shop"], file)
        [row] = read_rows(file.read_text(encoding="utf-8").splitlines(), "jsonl")
        assert (row.since == "") == (days is None)


async def test_a_replaced_master_key_makes_no_proof_younger(new_world):
    async with new_world() as world:
        await bound(world)
        before, platform = await user_of(world), world.platform
        port = int(world.service.rpartition(":")[2])
    fresh = {"master_key": "another master key that is only for tests, 9876543210", "previous_master_keys": [MASTER]}
    async with new_world(secrets=fresh, platform=platform, service_port=port) as world:
        assert await user_of(world) == before
        assert await fate(world) == WECHAT
        await world.advance(90 * DAY)
        assert await fate(world) == BY_GATEWAY


async def test_the_scripts_and_the_service_know_the_same_ids(new_world, valkey):
    """A user of the site's own that looks nearly like one is a user of the site's own."""
    async with new_world(sites__shop__users_per_wechat="many") as world:
        number = await user_of(world)
        for user in (
            number,
            number[:-1],
            number + "a",
            number.upper(),
            "x" + number,
            number[:-1] + "1",
            "pm_" + number[3:],
        ):
            person = await world.person()
            assert (await world.bind(user, person)).status == 201
            assert (await world.bind(user, person)).status == 200
            [name] = [each for each in valkey.scan_iter(f"*:{user}") if valkey.type(each) == b"hash"]
            seen = valkey.hexists(name, "proved"), is_recipient_id(user)
            assert seen == (user == number, user == number), user
            found = await world.call("GET", f"/v1/bindings/{user}")
            assert (found["recipient_proved_at"] is not None) == (user == number)
