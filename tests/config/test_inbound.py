"""[sites.X.inbound.NAME]: who calls in its own words, with which secrets, for which purposes."""

import pytest

from codesvc.config.hidden_settings import without_secrets
from codesvc.config.settings import Site
from codesvc.doctor.settings_checks import findings
from codesvc.domain.inbound import USUAL_CODE, code_in

SHOP = "sites.shop"
HERE = f"{SHOP}.inbound.logto"
GATEWAY = {"signed": {"url": "https://a.example/", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}}


@pytest.fixture
def source(document):
    """A document whose shop takes what Logto sends."""
    document.set(f"{SHOP}.relay", {"sms": "main", "purpose": "register"})
    document.set(f"{SHOP}.gateways", {"main": GATEWAY})
    return document.set(f"{SHOP}.inbound", {"logto": {"adapter": "logto", "secrets": ["a-token-of-ours"]}})


def test_a_source_is_read(source):
    found = source.settings().sites["shop"].inbound["logto"]
    assert (found.adapter, found.expires_in, found.locale, found.code_pattern) == ("logto", 300, "zh", USUAL_CODE)
    assert "a-token-of-ours" not in repr(found)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("adapter", "logtoo", f"{HERE}.adapter: must be one of logto, supabase, kratos, zitadel, casdoor, authgear,"),
        ("secrets", ["short"], f"{HERE}.secrets[0]: must be 8 to 512 printable characters without spaces"),
        ("secrets", ["a-token-of-ours", "a-token-of-ours"], f"{HERE}.secrets: has the same value twice"),
        ("secrets", [], f"{HERE}.secrets: must not be empty"),
        ("secrets", [f"a-token-of-ours-{n}" for n in range(5)], f"{HERE}.secrets: has more than 4 entries"),
        ("region", "cn", f"{HERE}.region: must be a country as two capital letters, such as CN"),
        ("code_pattern", "(", f"{HERE}.code_pattern: is not a regular expression as RE2 has them: missing )"),
        ("code_pattern", r"(\d)(\d)", f"{HERE}.code_pattern: must have at most one group, which is the code"),
        ("code_pattern", r"\d*", f"{HERE}.code_pattern: matches the empty string"),
        ("expires_in", 30, f"{HERE}.expires_in: must be between 60 and 3600"),
        ("purpose", "reseet", f'{HERE}.purpose: is not a purpose of this site; did you mean "reset"?'),
        ("purposes", {"SignIn": "signin"}, f"{HERE}.purposes.SignIn: is not a purpose of this site"),
        ("options", {"heade": "X"}, f"{HERE}.options.heade: is not an option of logto; it has header; did you"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(source, option, value, said):
    [line] = source.set(f"{HERE}.{option}", value).faults()
    assert line.startswith(said)


def test_a_source_needs_a_relay_and_a_purpose(source):
    source.set(f"{SHOP}.relay", {"sms": "main"})
    [line] = source.faults()
    assert line.startswith(f"{HERE}.purpose: is missing")
    source.drop(f"{SHOP}.relay")
    [line] = source.faults()
    assert line.startswith(f"{HERE}: needs [sites.shop.relay]")


TENCENT = {
    "secret_id": "AKID1",
    "secret_key": "key-of-ours",
    "sdk_app_id": "1400006666",
    "template": "1110",
    "params": ["{code}", "{minuets}"],
}
SHAPED = {"url": "https://a.example/", "fields": {"text": "{cod}"}}


@pytest.mark.parametrize(
    ("gateway", "said"),
    [
        ({"shaped": SHAPED}, "shaped.fields: has the unknown placeholder {cod}; use one of to, "),
        ({"tencent": TENCENT}, "tencent.params[1]: has the unknown placeholder {minuets}; use one of to, "),
    ],
)
def test_a_placeholder_that_is_none_is_refused_in_every_gateway(source, gateway, said):
    [line] = source.set(f"{SHOP}.gateways", {"main": gateway}).faults()
    assert line.startswith(f"{SHOP}.gateways.main.{said}")


def test_a_field_of_json_is_a_value_or_has_fields(source):
    """A name with dots is a path: every message of the site would fail as it is written."""
    fields = {"to": "{to}", "body.text": "{text}", "body.text.code": "{code}"}
    table = {"url": "https://a.example/", "fields": fields}
    [line] = source.set(f"{SHOP}.gateways", {"main": {"shaped": table}}).faults()
    assert line.startswith(f'{SHOP}.gateways.main.shaped.fields: has "body.text" as a value and fields below it')
    for kept in ({"to": "{to}", "to.code": "{code}"}, {"to": "{to}", "to_code": "{code}", "a.to": "{to}"}):
        encoding = "form" if "to.code" in kept else "json"
        table = {"url": "https://a.example/", "fields": kept, "encoding": encoding}
        assert source.set(f"{SHOP}.gateways", {"main": {"shaped": table}}).settings()


MAIL = {"sender": "codes@shop.example", "security": "none"}
IN_CLEAR = 'smtp.security: is "none", which mode "live" allows only to a mail server on this machine'


def test_mails_leave_the_machine_encrypted(document):
    """As requests to other gateways do: each has a code and an address in it."""
    for host in ("mail.elsewhere.example", "10.0.0.25", "fd00::25"):
        for more in ({}, {"allow_private": True}):
            [line] = document.set(f"{SHOP}.gateways", {"main": {"smtp": MAIL | {"host": host} | more}}).faults()
            assert line.startswith(f"{SHOP}.gateways.main.{IN_CLEAR}")
    for host in ("127.0.0.1", "::1", "localhost"):
        assert document.set(f"{SHOP}.gateways", {"main": {"smtp": MAIL | {"host": host}}}).settings()
    for security in ("starttls", "tls"):
        table = MAIL | {"host": "mail.elsewhere.example", "security": security}
        assert document.set(f"{SHOP}.gateways", {"main": {"smtp": table}}).settings()


def test_a_secret_can_come_from_the_environment(source):
    source.drop(f"{HERE}.secrets")
    assert any("CODESVC_SITES_SHOP_INBOUND_LOGTO_SECRETS" in line for line in source.faults())
    source.env["CODESVC_SITES_SHOP_INBOUND_LOGTO_SECRETS"] = "first-of-ours second-of-ours"
    assert [s.reveal() for s in source.settings().sites["shop"].inbound["logto"].secrets] == [
        "first-of-ours",
        "second-of-ours",
    ]


def test_no_secret_is_shown():
    table = {"inbound": {"logto": {"adapter": "logto", "secrets": ["a-token-of-ours"], "region": "CN"}}}
    assert without_secrets(Site, table) == {"inbound": {"logto": {"adapter": "logto", "region": "CN"}}}


def test_the_check_shows_the_address_and_the_rule_for_codes(source):
    source.set(f"{HERE}.code_pattern", r"code (\d{6})")
    [found] = [each for each in findings(source.settings()) if "inbound" in each.what]
    assert "/inbound/logto/shop" in found.found
    assert r"code (\d{6})" in found.found
    assert "a-token-of-ours" not in str(found)


@pytest.mark.parametrize("pattern", [r"(?<!\d)\d{6}", r"(?=1)\d{6}", r"(\d)\1{5}", r"(?:(?:a?){3000}){3000}x"])
def test_a_rule_that_could_search_a_text_for_minutes_is_refused(source, pattern):
    """Whatever RE2 takes is searched in linear time; it lacks what cannot be."""
    [line] = source.set(f"{HERE}.code_pattern", pattern).faults()
    assert line.startswith(f"{HERE}.code_pattern: is not a regular expression as RE2 has them: invalid ")


@pytest.mark.parametrize(
    ("pattern", "text", "code"),
    [
        (USUAL_CODE, "您的验证码是483920，5分钟内有效。", "483920"),
        (USUAL_CODE, "G-483920 is your code", "483920"),
        (USUAL_CODE, "4839 or 8392", ""),
        (USUAL_CODE, "order A48392 of user1234", ""),
        (r"(?i)(?:code|otp|验证码)[:：]?\s*(\d{6})", "2026-11-30 OTP: 483920", "483920"),
        (r"验证码.*?(\d{4,8})", "2026 年：验证码 4839", "4839"),
        (r"(?:\d ?){6}", "48 39 20", "48 39 20"),
        (r"(?:a|ab|b)*c", "ab" * 900, ""),
        (r"(?i)(?:ax|AX)*(\d{6})b", "ax" * 900, ""),
        (r"(?:(?:a?){30}){30}b", "a" * 2_000, ""),
        (r".*.*.*x", "a" * 2_000, ""),
    ],
)
def test_a_rule_finds_the_only_code_of_any_text(source, pattern, text, code):
    """The last ones took Python's engine minutes or longer, and nothing can interrupt that."""
    found = source.set(f"{HERE}.code_pattern", pattern).settings()
    assert code_in(text, found.sites["shop"].inbound["logto"].code_pattern) == code


def test_a_signing_secret_needs_a_key_that_nobody_guesses(source):
    """`v1,whsec_` alone, or a bar too many between two secrets, would let everybody sign."""
    good = "v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    source.set(f"{SHOP}.inbound", {"logto": {"adapter": "supabase", "secrets": [good, f"{good}|{good[3:]}"]}})
    source.settings()
    for bad in (
        *(f"{good}|", f"|{good}", f"{good}||{good[3:]}"),
        *("v1,whsec_", "v1,whsec_AA==", f"v1,whsec_{'A' * 32}", good[:-4]),
    ):
        [line] = source.set(f"{HERE}.secrets", [good, bad]).faults()
        assert line.startswith(f"{HERE}.secrets[1]: must be v1,whsec_ followed by 24 to 64 random bytes in base64"), bad
        assert good[10:20] not in line
