"""A secret that nobody may read goes nowhere but to the address for which it was given."""

from __future__ import annotations

import pytest

from codesvc.config.api_keys import hash_line
from codesvc.config.hidden_settings import addresses
from codesvc.config.relay_settings import GATEWAY_TABLES
from codesvc.sites.registry.tables import merged
from tests.oidc.parties import KEYS
from tests.registry.test_admin_api import ACCOUNT, ADMINS, BAR, ask

WRITER = "csa_" + "w" * 43
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNED = {
    "url": "https://a.example/x?key=s1",
    "secrets": [WHSEC],
    "authorization": "s2",
    "headers": {"X-Key": "s3", "X-B": "s4"},
}
NAMED = {"authorization": "n", "headers": {"X-Key": "n", "X-B": "n"}}
SHAPED = {
    "url": "https://a.example/x",
    "authorization": "s1",
    "headers": {"X-Key": "s2"},
    "fields": {"to": "{to}", "a.key": "s3", "sign": "s4:{code}"},
}
SMTP = {"host": "a.example", "sender": "a@a.example", "user": "a", "password": "s1"}
ALIYUN = {"access_key_id": "A", "access_key_secret": "s1", "sign_name": "A", "template": "SMS_1"}
TENCENT = {"secret_id": "A", "secret_key": "s1", "sdk_app_id": "1", "template": "1"}
TWILIO = {"account_sid": "AC" + "0" * 32, "auth_token": "s1", "sender": "+15005550006"}
ELSEWHERE = {"endpoint": "https://b.example"}


@pytest.fixture
async def office(new_world):
    writer = {"name": "writer", "hash": hash_line(WRITER), "scopes": ["sites", "accounts"]}
    async with new_world(admin__keys=[*ADMINS, writer], **KEYS) as world:
        yield world


async def gateway(world, kind, table):
    """A site with this gateway."""
    put = await ask(world, "PUT", "/sites/bar", BAR | {"gateways": {"own": {kind: table}}})
    assert put.status == 201, put.text


def patch(world, kind, change):
    return ask(world, "PATCH", "/sites/bar", {"gateways": {"own": {kind: change}}})


@pytest.mark.parametrize(
    ("kind", "table", "change", "named"),
    [
        (
            "signed",
            SIGNED,
            {"url": "https://b.example/"},
            {"authorization": "n", "headers": {"X-Key": "n", "X-B": "n"}},
        ),
        (
            "signed",
            SIGNED,
            {"url": "https://a.example/y"},
            {"authorization": "n", "headers": {"X-Key": "n", "X-B": "n"}},
        ),
        (
            "signed",
            SIGNED,
            {"headers": {"hOST": "b.example"}},
            NAMED | {"url": SIGNED["url"]},
        ),
        (
            "shaped",
            SHAPED,
            {"url": "http://a.example/x", "allow_http": True},
            {"authorization": "n", "headers": {"X-Key": "n"}, "fields": {"a.key": "n", "sign": "n"}},
        ),
        ("smtp", SMTP, {"host": "b.example"}, {"password": "n"}),
        ("smtp", SMTP, {"port": 2525}, {"password": "n"}),
        ("aliyun", ALIYUN, ELSEWHERE, {"access_key_secret": "n"}),
        ("tencent", TENCENT, ELSEWHERE, {"secret_key": "n"}),
        ("twilio", TWILIO, ELSEWHERE, {"auth_token": "n"}),
    ],
)
async def test_an_address_is_not_changed_beside_secrets_that_are_not_named(office, kind, table, change, named):
    await gateway(office, kind, table)
    before = (await ask(office, "GET", "/sites/bar")).json
    refused = await patch(office, kind, change)
    assert (refused.status, refused.problem) == (400, "invalid"), refused.text
    assert {error["pointer"] for error in refused["errors"]} == {f"/gateways/own/{kind}/{at}" for at in leaves(named)}
    assert (await ask(office, "GET", "/sites/bar")).json == before
    moved = await patch(office, kind, merged(change, named))
    assert moved.status == 200, moved.text


def leaves(table, *above):
    """The pointers of all values in tables of tables."""
    for option, value in table.items():
        if isinstance(value, dict):
            yield from leaves(value, *above, option)
        else:
            yield "/".join((*above, option))


@pytest.mark.parametrize(
    ("kind", "table", "change"),
    [
        ("signed", SIGNED, {"url": "https://a.example/x?key=other"}),
        ("signed", {"url": "https://a.example/x", "secrets": [WHSEC]}, {"url": "https://b.example/x"}),
        ("shaped", SHAPED, {"method": "PUT", "headers": {"X-More": "1"}, "fields": {"text": "{text}"}}),
        ("smtp", SMTP, {"security": "tls", "port": 587, "sender": "b@b.example"}),
        ("smtp", {"host": "a.example", "sender": "a@a.example"}, {"host": "b.example"}),
        ("smtp", SMTP, {"host": "b.example", "user": None, "password": None}),
        ("twilio", TWILIO, {"endpoint": "https://api.twilio.com", "sender": "B"}),
    ],
)
async def test_what_moves_no_secret_is_changed_as_before(office, kind, table, change):
    await gateway(office, kind, table)
    changed = await patch(office, kind, change)
    assert changed.status == 200, changed.text


@pytest.mark.parametrize(
    "change",
    [
        *({"own": {"signed": odd}} for odd in ({"url": None}, {"url": ["b"]}, {"url": 1, "headers": 2}, [], 1)),
        *({"own": []}, {"own": 1}, [], 1),
    ],
)
async def test_a_change_of_another_form_is_refused_as_such(office, change):
    await gateway(office, "signed", SIGNED | {"authorization": None})
    refused = await ask(office, "PATCH", "/sites/bar", {"gateways": change})
    assert (refused.status, refused.problem) == (400, "invalid"), refused.text


async def test_an_accounts_secret_does_not_follow_another_address(office):
    assert (await ask(office, "PUT", "/accounts/second", ACCOUNT)).status == 201
    away = {"api_url": "https://b.example"}
    refused = await ask(office, "PATCH", "/accounts/second", away)
    assert (refused.status, [each["pointer"] for each in refused["errors"]]) == (400, ["/secret"])
    assert (await ask(office, "PATCH", "/accounts/second", {"api_url": [1]})).status == 400
    assert (await ask(office, "PATCH", "/accounts/second", {"api_url": "https://api2.weixin.qq.com"})).status == 200
    assert (await ask(office, "PATCH", "/accounts/second", {**away, "secret": "n" * 32})).status == 200


def test_every_gateway_says_where_it_leads():
    assert {kind: addresses(cls) for kind, cls in GATEWAY_TABLES.items()} == {
        "signed": ("url",),
        "shaped": ("url",),
        "smtp": ("host", "port"),
        "aliyun": ("endpoint",),
        "tencent": ("endpoint",),
        "twilio": ("endpoint",),
    }


async def test_the_answer_names_every_option_that_is_hidden(office):
    table = BAR | {
        "gateways": {"a": {"signed": SIGNED}, "b": {"shaped": SHAPED}, "c": {"smtp": SMTP}},
        "inbound": {"logto": {"adapter": "logto", "secrets": ["a-token-of-ours"]}},
        "relay": {"sms": "a", "email": "c", "purpose": "reset", "region": "CN"},
        "oidc": {
            "clients": [
                {
                    "id": "wiki",
                    "name": "Wiki",
                    "secrets": [hash_line("x")],
                    "redirect_uris": ["https://wiki.example/cb"],
                }
            ]
        },
    }
    put = await ask(office, "PUT", "/sites/bar", table)
    assert put.status == 201, put.text
    assert put["secrets"] == [
        "gateways.a.signed.authorization",
        "gateways.a.signed.headers.X-B",
        "gateways.a.signed.headers.X-Key",
        "gateways.a.signed.secrets",
        "gateways.a.signed.url",
        "gateways.b.shaped.authorization",
        'gateways.b.shaped.fields."a.key"',
        "gateways.b.shaped.fields.sign",
        "gateways.b.shaped.headers.X-Key",
        "gateways.c.smtp.password",
        "inbound.logto.secrets",
        "oidc.clients[0].secrets",
    ]


async def test_a_secret_beside_a_placeholder_is_hidden_and_what_is_shown_is_no_setting(office):
    fields = {"to": "+{to_digits}", "sign": "s3cret-{code}", "key": "s3cret", "text": "{code}，{minutes}"}
    await gateway(office, "shaped", {"url": "https://a.example/", "fields": fields})
    seen = await ask(office, "GET", "/sites/bar")
    shown = seen["settings"]["gateways"]["own"]["shaped"]["fields"]
    assert shown == {"to": "+{to_digits}", "sign": "…{code}", "key": "…", "text": "{code}，{minutes}"}
    again = await ask(office, "PUT", "/sites/bar", BAR | {"gateways": seen["settings"]["gateways"]})
    below = "/gateways/own/shaped/fields"
    assert (again.status, [each["pointer"] for each in again["errors"]]) == (400, [f"{below}/sign", f"{below}/key"])


@pytest.mark.parametrize(("path", "table"), [("/sites/bar", BAR), ("/accounts/second", ACCOUNT)])
async def test_a_key_that_may_not_read_reads_nothing_by_a_change(office, path, table):
    assert (await ask(office, "PUT", path, table)).status == 201
    for change in ({}, {"name": "新名"}):
        answer = await ask(office, "PATCH", path, change, key=WRITER)
        assert answer.status == 200, answer.text
        name = path.rpartition("/")[2]
        assert answer.json == {"name": name, "kept": "store", "settings": None, "secrets": []}
    assert (await ask(office, "PATCH", path, {}))["settings"]["name"] == "新名"
