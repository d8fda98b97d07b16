"""Signatures of identity systems, by the vectors that were published or computed by the systems' own code."""

import base64
import hmac

import pytest
from multidict import CIMultiDict

from codesvc.config.relay_settings import Inbound
from codesvc.domain.inbound import ADAPTERS as NAMES
from codesvc.domain.secret import Secret
from codesvc.web.inbound.adapter import Call
from codesvc.web.inbound.adapter_list import ADAPTERS

NOW, BODY = 1_700_000_000, b'{"x":1}'
WEBHOOK = {
    "webhook-id": "msg_1",
    "webhook-timestamp": str(NOW),
    "webhook-signature": "v1,5H52tprYVu3QOaGQc2hUf0UdyajnEc0K2UhFrJSz5gA=",
}
ZITADEL = {"ZITADEL-Signature": f"t={NOW},v1=e6da41cbe837ab329b8bfdb54bdb2256aaa637fb006af7705d1da40a72687971"}
AUTHGEAR = {"x-authgear-body-signature": "83830743d86527ff1b7e251328e56b070f2c790ca81199bdf5c31ff65fc919eb"}
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTORS = [
    ("supabase", WHSEC, WEBHOOK),
    ("supabase", f"v1,{WHSEC}", WEBHOOK),
    ("supabase", f"v1,whsec_{'A' * 32}|v1,{WHSEC}", WEBHOOK),
    ("zitadel", "98KmsU67", ZITADEL),
    ("authgear", "secret", AUTHGEAR),
    ("authgear", base64.urlsafe_b64encode(b"secret").decode().rstrip("="), AUTHGEAR),
]


def source(adapter, *secrets, **more):
    return Inbound(adapter=adapter, secrets=tuple(map(Secret, secrets)), **more)


def taken(adapter, secrets, headers, *, now=NOW, body=BODY, query=None, **more):
    call = Call(body, CIMultiDict(headers), query or {}, now)
    return ADAPTERS[adapter].authenticate(source(adapter, *secrets, **more), call)


def test_the_adapters_are_those_that_the_configuration_knows():
    assert ADAPTERS.keys() == NAMES.keys()
    assert all(adapter.name == name for name, adapter in ADAPTERS.items())


@pytest.mark.parametrize(("adapter", "secret", "headers"), VECTORS)
def test_the_vectors(adapter, secret, headers):
    assert taken(adapter, [secret], headers)
    assert taken(adapter, ["another-secret", secret], headers)
    assert not taken(adapter, ["another-secret"], headers)
    assert not taken(adapter, [secret], headers, body=BODY + b" ")
    assert not taken(adapter, [secret], {})


@pytest.mark.parametrize("secret", ["v1,whsec_", f"v1,{WHSEC}|", "v1,whsec_|v1,whsec_!"])
def test_an_empty_secret_signs_nothing(secret):
    """It would come from a `|` too many, and anybody could sign with it."""
    empty = base64.b64encode(hmac.digest(b"", b"msg_1." + str(NOW).encode() + b"." + BODY, "sha256")).decode()
    assert not taken("supabase", [secret], WEBHOOK | {"webhook-signature": f"v1,{empty}"})


@pytest.mark.parametrize(("adapter", "secret", "headers"), VECTORS[:4])
@pytest.mark.parametrize(("age", "fits"), [(300, True), (-300, True), (301, False), (-301, False)])
def test_a_time_in_a_signature_is_looked_at(adapter, secret, headers, age, fits):
    assert taken(adapter, [secret], headers, now=NOW + age) is fits


@pytest.mark.parametrize(
    "headers",
    [
        {**WEBHOOK, "webhook-timestamp": "now"},
        {**WEBHOOK, "webhook-timestamp": "1700000000.0"},
        {**WEBHOOK, "webhook-timestamp": "٣٣٣"},
        {**WEBHOOK, "webhook-signature": "v1a,5H52tprYVu3QOaGQc2hUf0UdyajnEc0K2UhFrJSz5gA="},
        {**WEBHOOK, "webhook-signature": "v1,"},
        {**WEBHOOK, "webhook-signature": "v1,不"},
        {**WEBHOOK, "webhook-signature": "5H52tprYVu3QOaGQc2hUf0UdyajnEc0K2UhFrJSz5gA="},
        {**WEBHOOK, "webhook-id": ""},
        {**WEBHOOK, "webhook-id": "\udcff"},
        {"webhook-signature": WEBHOOK["webhook-signature"]},
    ],
)
def test_headers_that_are_none_are_refused(headers):
    assert not taken("supabase", [WHSEC], headers)


@pytest.mark.parametrize("line", ["", "t=1700000000", "v1=e6", "t=,v1=", "t=1700000000,v1=", "t=x,v1=e6da", ",,,"])
def test_a_torn_signature_of_zitadel_is_refused(line):
    assert not taken("zitadel", ["98KmsU67"], {"ZITADEL-Signature": line})


def test_a_signature_that_is_wrong_is_not_made_good_by_a_key_in_the_address():
    assert not taken("zitadel", ["98KmsU67"], {"ZITADEL-Signature": "t=1,v1=00"}, query={"key": "98KmsU67"})


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("headers", "fits"),
    [
        ({"Authorization": "a-token-of-ours"}, True),
        ({"authorization": "Bearer a-token-of-ours"}, True),
        ({"Authorization": "bearer  a-token-of-ours"}, True),
        ({"Authorization": basic("codesvc:a-token-of-ours")}, True),
        ({"Authorization": basic(":a-token-of-ours")}, True),
        ({"Authorization": basic("a-token-of-ours:")}, False),
        ({"Authorization": "Basic !"}, False),
        ({"X-API-Key": "a-token-of-ours"}, True),
        ({"X-Own": "a-token-of-ours"}, False),
        ({"Authorization": "Bearer "}, False),
        ({"Authorization": "Bearer a-token-of-ourS"}, False),
        ({"Authorization": "Bearer 不是"}, False),
        ({}, False),
    ],
)
def test_tokens(headers, fits):
    assert taken("logto", ["a-token-of-ours"], headers) is fits


def test_a_token_in_another_header_a_pair_of_basic_and_a_key_in_the_query():
    own = {"options": {"header": "X-Own"}}
    assert taken("casdoor", ["a-token-of-ours"], {"X-Own": "a-token-of-ours"}, **own)
    assert taken("casdoor", ["ann:a-token-of-ours"], {"Authorization": basic("ann:a-token-of-ours")})
    assert taken("casdoor", ["a-token-of-ours"], {}, query={"key": "a-token-of-ours"})
    assert not taken("casdoor", ["a-token-of-ours"], {}, query={"key": "a-token-of-our"})


def test_nothing_of_a_call_is_shown():
    call = Call(b'{"code":"482913"}', {"Authorization": "x"}, {"phone": "13800138000"}, NOW)
    form = ADAPTERS["generic"].read(
        source("generic", "a-token-of-ours"), Call(b"recipient=13800138000&code=482913", {}, {}, NOW)
    )
    assert "482913" not in repr(call) + repr(form)
    assert "13800138000" not in repr(call) + repr(form)


@pytest.mark.parametrize(
    "secret", ["v1,whsec_", f"v1,{WHSEC}|", f"|v1,{WHSEC}", f"v1,whsec_|v1,{WHSEC}", "whsec_AA==", f"whsec_{'A' * 32}"]
)
def test_who_signs_with_no_key_at_all_is_refused(secret):
    """HMAC fills a key with zeros: no key, one zero and 24 of them sign alike."""
    signed = b".".join((b"msg_1", str(NOW).encode(), BODY))
    made = base64.b64encode(hmac.digest(b"", signed, "sha256")).decode()
    assert not taken("supabase", [secret], {**WEBHOOK, "webhook-signature": f"v1,{made}"})


@pytest.mark.parametrize("secret", ["........AAAA", "%%%%%%%%AAAA", "AAAAAAAAAAAA"])
def test_a_secret_that_is_no_base64_stands_for_no_other_key(secret):
    """Python's decoder leaves out what is no base64: of `........AAAA` three zeros would remain."""
    made = hmac.digest(b"", BODY, "sha256").hex()
    assert not taken("authgear", [secret], {"x-authgear-body-signature": made})
    assert taken(
        "authgear", [secret], {"x-authgear-body-signature": hmac.digest(secret.encode(), BODY, "sha256").hex()}
    )
