"""Every adapter of an identity system: its requests in all their forms, and the answers that the system understands."""

import gzip
import json
import logging
from urllib.parse import urlsplit

import pytest

from codesvc.web.context import SERVICES
from tests.relay.conftest import at_gateway, ended, user_of
from tests.relay.forms import FORMS, TOKEN, WEBHOOK, without
from tests.service.test_admin import ADMIN, signed_in
from tests.service.test_other_incidents import names
from tests.world import MASTER

FIRST = [pytest.param(f, id=f.name) for f in {f.adapter: f for f in reversed(FORMS) if f.kind == "sms"}.values()]
"""One form of each adapter."""
NAMED = [pytest.param(form, id=form.name) for form in FORMS]


def sources(*forms):
    """A source for each of the forms, under names that are alike for every form of an adapter."""
    return {f"s{number}": form.source for number, form in enumerate(forms)}


@pytest.fixture
def new_inbound(new_relay):
    """A maker of worlds whose shop takes these forms."""

    def make(*forms, **more):
        changes = {"sites__shop__inbound": sources(*forms)} | more
        return new_relay(**changes)

    return make


async def call(world, sent, **headers):
    async with world.http.request(
        sent.method, world.service + sent.path, data=sent.body or None, headers=sent.headers | headers
    ) as response:
        raw = await response.read()
        kind = response.content_type
        return response.status, json.loads(raw) if kind.endswith("json") else raw.decode(), response.headers


def understood(form, status, body):
    """Whether the system takes this answer for a yes."""
    if form.adapter == "authgear":
        return body.get("code") == "ok"
    if form.adapter == "supabase":
        return status in {200, 202} and "error" not in body
    if form.adapter == "twilio":
        return status == 201 and body["sid"].startswith("SM")
    return status == 200


@pytest.mark.parametrize("form", NAMED)
async def test_a_request_becomes_one_message_whatever_happens_around_it(new_inbound, stub, form, caplog):
    """In one world, because starting one takes longer than all of this."""
    caplog.set_level(logging.DEBUG)
    async with new_inbound(form) as world:
        # Refused alike: a wrong secret, an unknown site, an unknown adapter, no secret.
        wrong = await call(world, form.sent(secret=form.other))
        assert wrong[0] == 401
        assert wrong[1]["code"] == "authentication_failed"
        assert (await call(world, form.sent(site="cafe")))[:2] == wrong[:2]
        assert (await call(world, form.sent(site="nobody")))[:2] == wrong[:2]
        assert (await call(world, form.sent(adapter="nothing")))[:2] == wrong[:2]
        bare = form.sent()
        bare.headers = {}
        assert (await call(world, bare))[:2] == wrong[:2]
        if form.stamped:
            for age in (301, -302):
                assert (await call(world, form.sent(age=age)))[:2] == wrong[:2]
        # Too large, and compressed: nothing of it is read.
        if form.encoding != "query":
            status, body, _ = await call(world, form.sent(raw=form.sent().body + b" " * 70_000))
            assert status == 413
            assert not understood(form, status, body)
            status, body, _ = await call(
                world, form.sent(raw=gzip.compress(form.sent().body)), **{"Content-Encoding": "gzip"}
            )
            assert status == 415
            # Other bytes than UTF-8, nesting without an end, another shape.
            for raw in ("您好".encode("gbk"), b"[" * 60_000, b"[]", b'{"to":1', b"null", b"{}"):
                status, body, _ = await call(world, form.sent(raw=raw))
                assert 400 <= status < 500, raw[:10]
                assert not understood(form, status, body)
        for path in form.needed:
            status, body, _ = await call(world, form.sent(change=without(path)))
            assert not understood(form, status, body), path
            assert "482913" not in str(body)
        assert stub.requests == []
        # A number that cannot exist.
        if form.kind == "sms":
            status, body, _ = await call(world, form.sent(recipient="+86999"))
            assert not understood(form, status, body)
            assert "999" not in str(body)
        # Taken, once, and repeated: the same answer.
        first = await call(world, form.sent())
        assert understood(form, *first[:2]), first
        assert first[2]["Cache-Control"] == "no-store"
        assert first[1]["id" if form.adapter != "twilio" else "sid"]
        for _ in range(2):
            assert (await call(world, form.sent()))[:2] == first[:2]
        [data] = await at_gateway(stub, 1)
        assert data["to"] == ("+8613800138000" if form.kind == "sms" else "ann-482913@shop.example")
        expected = {"code": "482913", "channel": form.kind} | form.says
        assert {name: data[name] for name in expected} == expected
        assert "never to be seen" not in stub.bodies[0].decode()
        # Another code is another message.
        assert understood(form, *(await call(world, form.sent(code="707070")))[:2])
        assert len(await at_gateway(stub, 2)) == 2
    logged = caplog.text
    for hidden in ("482913", "707070", "13800138000", "shop.example/", TOKEN, WEBHOOK):
        assert hidden not in logged


@pytest.mark.parametrize("form", FIRST[:1])
async def test_a_wrong_secret_is_counted_for_its_site(new_inbound, form):
    async with new_inbound(form, admin=ADMIN) as world, signed_in(world) as lan:
        for _ in range(3):
            assert (await call(world, form.sent(secret=form.other)))[0] == 401
            assert (await call(world, form.sent(site="cafe")))[0] == 401
        await names(lan, "shop：调用都被拒绝（401），没有一个被接受")
        assert "cafe：" not in (await lan.get("/admin"))[2], "the site has no such address"
        assert (await call(world, form.sent()))[0] < 300
        await world.app[SERVICES].key_uses.write(spaced=False)
        await names(lan, "shop：有些调用写着它的名字")


@pytest.mark.parametrize("form", FIRST)
async def test_bound_and_unbound_are_answered_alike(new_inbound, stub, form):
    async with new_inbound(form, relay={"purpose": "reset"}, skip=False) as world:
        person = await world.person()
        assert (await world.bind(await user_of(world), person)).status == 201
        known, unknown = await call(world, form.sent()), await call(world, form.sent(recipient="+8613900139000"))
        changing = {"id", "sid", "date", "data", "date_created", "date_updated", "to", "uri", "body"}
        assert known[0] == unknown[0]
        assert known[1].keys() == unknown[1].keys()
        assert {k: v for k, v in known[1].items() if k not in changing} == {
            k: v for k, v in unknown[1].items() if k not in changing
        }
        assert await person.wait_for_push() == "482913"
        assert len(await at_gateway(stub, 1)) == 1


async def test_each_secret_of_a_source_counts(new_inbound):
    form = FORMS[0]
    async with new_inbound(form) as world:
        for secret in (TOKEN, form.source["secrets"][0]):
            assert (await call(world, form.sent(secret=secret)))[0] == 200


def refused(name):
    """The answers that mean "too many", "not now" and "not such a number" to each system."""
    return {
        "logto": lambda _, b: isinstance(b, str) and len(b) < 200,
        "supabase": lambda s, b: s == 200 and b["error"]["http_code"] in {400, 429} and b["error"]["message"],
        "authgear": lambda _, b: b["code"] in {"rate_limited", "invalid_phone_number"} and b["description"],
        "authentik": lambda s, b: isinstance(b, str) and s >= 400,
        "twilio": lambda s, b: isinstance(b["code"], int) and b["status"] == s and b["message"],
    }.get(name, lambda s, b: 400 <= s < 500 and b["message"])


@pytest.mark.parametrize("form", FIRST)
async def test_limits_and_bad_numbers_are_refused_in_the_systems_terms(new_inbound, stub, form):
    async with new_inbound(form, sites__shop__limits={"site_starts": "1/1h"}) as world:
        meant = refused(form.adapter)
        status, body, _ = await call(world, form.sent(recipient="+86999"))
        assert meant(status, body), (status, body)
        assert understood(form, *(await call(world, form.sent(code="111111")))[:2])
        status, body, headers = await call(world, form.sent(code="222222"))
        assert meant(status, body), (status, body)
        if form.adapter != "supabase":
            assert status == 429
            assert int(headers["Retry-After"]) > 0
        await at_gateway(stub, 1)
        assert len(stub.requests) == 1


@pytest.mark.parametrize("form", FIRST)
async def test_a_site_with_too_many_calls_is_told_in_the_systems_terms_and_others_are_not(new_inbound, stub, form):
    async with new_inbound(form) as world:
        calls = world.app[SERVICES].site_calls
        calls.most_under_way, most = 0, calls.most_under_way
        meant = refused(form.adapter)
        assert meant(*(await call(world, form.sent()))[:2])
        # A call with a wrong secret is none of the site's.
        assert (await call(world, form.sent(secret=form.other)))[0] == 401
        calls.most_under_way = most
        assert understood(form, *(await call(world, form.sent()))[:2])
        await at_gateway(stub, 1)


async def test_a_slow_store_is_answered_in_time_and_the_repeat_finds_the_message(new_inbound, stub, valkey):
    form = next(f for f in FORMS if f.adapter == "supabase")
    async with new_inbound(form) as world:
        # Scripts wait. With "ALL" the command that ends the pause would wait, too.
        valkey.execute_command("CLIENT", "PAUSE", "30000", "WRITE")
        try:
            status, body, headers = await call(world, form.sent())
        finally:
            valkey.execute_command("CLIENT", "UNPAUSE")
        assert status == 503
        assert headers["Retry-After"]
        assert not understood(form, status, body)
        assert understood(form, *(await call(world, form.sent()))[:2])
        await at_gateway(stub, 1)
        assert len(stub.requests) == 1


async def test_a_repeat_is_known_under_the_next_master_key(new_inbound, stub):
    """Who has read a call of a system without a time in its signature could send it again after a rotation."""
    form = next(f for f in FORMS if f.adapter == "authgear")
    async with new_inbound(form) as world:
        sent = form.sent()
        first = await call(world, sent)
        await at_gateway(stub, 1)
        platform, port = world.platform, urlsplit(world.service).port
    fresh = {"master_key": "another master key that is only for tests, 9876543210", "previous_master_keys": [MASTER]}
    async with new_inbound(form, secrets=fresh, platform=platform, service_port=port) as world:
        assert (await call(world, sent))[:2] == first[:2]
        assert understood(form, *(await call(world, form.sent(code="707070")))[:2])
        await at_gateway(stub, 2)
        assert len(stub.requests) == 2


async def test_a_word_behind_the_address_is_the_purpose(new_inbound, stub):
    form = next(f for f in FORMS if f.adapter == "casdoor")
    form_with = type(form)(**{**vars(form), "options": {"purposes": {"forget": "reset"}}, "path": "/forget"})
    async with new_inbound(form_with) as world:
        assert (await call(world, form_with.sent()))[0] == 200
        [data] = await at_gateway(stub, 1)
        assert data["purpose"] == "reset"


@pytest.mark.parametrize(
    "name", ["authgear", "authgear, an older template without variables", "supabase sms", "zitadel"]
)
async def test_no_word_behind_the_address_makes_a_signed_call_new_or_replaces_its_own_word(new_inbound, stub, name):
    """No signature covers the address, so whoever has read one request can send it to others."""
    form = next(f for f in FORMS if f.name == name)
    form = type(form)(**{**vars(form), "options": {"purpose": "register", "purposes": {"known": "reset"}}})
    async with new_inbound(form) as world:
        captured = form.sent()
        first = await call(world, captured)
        assert understood(form, *first[:2])
        path = captured.path
        for word in ("w0", "w1", "w2", *(["known"] if "older" not in name else [])):
            captured.path = f"{path}/{word}"
            assert (await call(world, captured))[:2] == first[:2], word
        assert understood(form, *(await call(world, form.sent(code="707070")))[:2])
        sent = await at_gateway(stub, 2)
        assert [data["purpose"] for data in sent] == ["register", "register"]
        captured = form.sent(code="515151")
        captured.path += "/known"
        assert understood(form, *(await call(world, captured))[:2])
        assert (await at_gateway(stub, 3))[2]["purpose"] == ("reset" if "older" in name else "register")


async def test_a_call_whose_signature_has_no_time_is_recognised_for_a_day(new_inbound, stub, valkey):
    authgear, supabase = (next(f for f in FORMS if f.adapter == name) for name in ("authgear", "supabase"))
    async with new_inbound(authgear, supabase) as world:
        kept = {}
        for form in (supabase, authgear):
            assert understood(form, *(await call(world, form.sent()))[:2])
            [mark] = set(valkey.scan_iter("*same:shop:*")) - kept.keys()
            kept[mark] = valkey.pttl(mark)
        of_supabase, of_authgear = kept.values()
        assert 0 < of_supabase <= 600_000
        assert 86_000_000 < of_authgear <= 86_400_000
        await at_gateway(stub, 2)
        # The message itself is no longer kept. A call that nobody repeats for so long is refused, and sends nothing.
        await world.advance(7_200)
        status, body, _ = await call(world, authgear.sent())
        assert not understood(authgear, status, body)
        assert understood(authgear, *(await call(world, authgear.sent(code="707070")))[:2])
        assert [data["code"] for data in await at_gateway(stub, 3)] == ["482913", "482913", "707070"]


async def test_supabase_sends_two_codes_for_a_secure_change_of_address(new_inbound, stub):
    form = next(f for f in FORMS if f.name == "supabase e-mail")

    def change(members):
        members["user"] |= {"email": "old@shop.example", "new_email": "new@shop.example"}
        members["email_data"] |= {"email_action_type": "email_change", "token": "111111", "token_new": "222222"}

    async with new_inbound(form) as world:
        for _ in range(2):
            assert (await call(world, form.sent(change=change)))[0] == 200
        sent = {data["to"]: data["code"] for data in await at_gateway(stub, 2)}
        assert sent == {"old@shop.example": "111111", "new@shop.example": "222222"}
        assert len(stub.requests) == 2


async def test_one_bound_on_the_time_holds_for_all_codes_of_a_call(new_inbound, stub, valkey):
    form = next(f for f in FORMS if f.name == "supabase e-mail")

    def change(members):
        members["user"] |= {"email": "old@shop.example", "new_email": "new@shop.example"}
        members["email_data"] |= {"email_action_type": "email_change", "token": "111111", "token_new": "222222"}

    async with new_inbound(form) as world:
        valkey.client_pause(60_000, all=False)  # it takes no script that writes
        try:
            assert (await call(world, form.sent(change=change)))[0] == 503
        finally:
            valkey.client_unpause()
        assert {data["code"] for data in await at_gateway(stub, 2)} == {"111111", "222222"}


async def test_supabases_notifications_have_no_code_and_send_nothing(new_inbound, stub):
    form = next(f for f in FORMS if f.name == "supabase e-mail")

    def change(members):
        members["email_data"] |= {"email_action_type": "password_changed_notification", "token": ""}

    async with new_inbound(form) as world:
        status, body, _ = await call(world, form.sent(change=change))
        assert understood(form, status, body)
        assert stub.requests == []


async def test_two_signatures_are_read_as_supabase_joins_them(new_inbound):
    form = next(f for f in FORMS if f.adapter == "supabase")
    async with new_inbound(form) as world:
        for join in (", ", " "):
            sent = form.sent()
            sent.headers["webhook-signature"] = join.join(["v1,d3Jvbmc=", sent.headers["webhook-signature"]])
            assert (await call(world, sent))[0] == 200


@pytest.mark.parametrize("name", ["logto", "zitadel", "kratos by our jsonnet"])
async def test_what_has_no_code_goes_to_the_gateway_as_text(new_inbound, stub, name):
    form = next(f for f in FORMS if f.name == name)

    def change(members):
        if name == "logto":
            members["payload"] = {"link": "https://shop.example/i"}
        elif name == "zitadel":
            members["args"] = {"userID": "u1"}
        else:
            members |= {"code": "", "template_type": "recovery_valid", "text": "https://shop.example/i?flow=123456"}

    async with new_inbound(form) as world:
        assert (await call(world, form.sent(change=change)))[0] == 200
        [data] = await at_gateway(stub, 1)
        assert data["code"] is None
        assert data["text"]


async def test_two_codes_in_a_text_are_not_guessed_at(new_inbound, stub):
    form = next(f for f in FORMS if f.name.startswith("casdoor by GET"))

    def change(members):
        members["content"] = "验证码 482913，参考号 1234"

    async with new_inbound(form) as world:
        assert (await call(world, form.sent(change=change)))[0] == 200
        [data] = await at_gateway(stub, 1)
        assert (data["code"], data["text"]) == (None, "验证码 482913，参考号 1234")


async def test_the_systems_own_user_is_used_where_it_was_asked_for(new_inbound):
    form = next(f for f in FORMS if f.name == "zitadel")
    form = type(form)(**{**vars(form), "options": {"users": "system"}})
    async with new_inbound(form, relay={"purpose": "register"}) as world:
        _, body, _ = await call(world, form.sent())
        found = await ended(world, body, "handed_over")
        assert found["user"] == "u1"
