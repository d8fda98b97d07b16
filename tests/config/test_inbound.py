"""[sites.X.inbound.NAME]: who calls in its own words, with which secrets, for which purposes."""

import pytest

from codesvc.config.one_entry import without_secrets
from codesvc.config.settings import Site
from codesvc.doctor.settings_checks import findings
from codesvc.domain.inbound import USUAL_CODE

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
        ("region", "cn", f"{HERE}.region: must be a country as two capital letters, such as CN"),
        ("code_pattern", "(", f"{HERE}.code_pattern: is not a regular expression"),
        ("code_pattern", r"(\d)(\d)", f"{HERE}.code_pattern: must have at most one group, which is the code"),
        ("code_pattern", r"(\d+)+x", f"{HERE}.code_pattern: could take minutes"),
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


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a|a)*b\d",
        r"(?:a|ab|b)*c",
        r"(?:a|b|aa){1,50}c",
        r"\d*\d*\d*x",
        r".*\d{6}.*x",
        r"\s*:?\s*(\d{6})",
        r"(?:\d{1,9}){1,9}x",
        r"(?:(?:a?){30})b",
        r"(?=(?:a|ab|b)*!)\d",
        r"(?>(?:a|a)*b)",
        r"(a)?(?(1)a*a*a*|b)c",
        r"(?:a{0,99}){0,99}b",
        r"(?i)(?:ax|AX)*(\d{6})b",
        r"(?i:ix|\u0131x)*b",
        r"(?:(?=(?:(?=[^x]*)a)*)a)*b",
        r"(?:(?:){3000}){3000}x",
        r"(?:(?:(?=)){3000}){3000}x",
        r"(?:(?!b){3000}){3000}x",
        r"(?:(?:a?){3000}){3000}x",
        r"(.*)\1*x",
    ],
)
def test_a_rule_that_could_search_a_text_for_minutes_is_refused(source, pattern):
    """Nothing can interrupt Python's engine, and the text may hold what a person chose."""
    [line] = source.set(f"{HERE}.code_pattern", pattern).faults()
    assert line.startswith(f"{HERE}.code_pattern: could take minutes to search some texts")


@pytest.mark.parametrize(
    "pattern",
    [
        USUAL_CODE,
        r"code (\d{6})",
        r"(?i)(?:code|otp|验证码)[:：]?\s*(\d{6})",
        r"验证码.*?(\d{4,8})",
        r".*(\d{6})",
        r"\s{0,9}[:：]?\s{0,9}(\d{6})",
        r"(?:\d ?){6}",
        r"(?:one|two|three)+\d{6}",
        r"(?<![0-9])[0-9]{3}-?[0-9]{3}(?![0-9])",
        r"(\d{6})(?:\s|$)",
        r"(\d)\1{5}",
    ],
)
def test_a_rule_with_one_part_of_any_length_is_taken(source, pattern):
    found = source.set(f"{HERE}.code_pattern", pattern).settings()
    assert found.sites["shop"].inbound["logto"].code_pattern == pattern


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
