"""The pure rules of the OpenID Provider: addresses, PKCE, subjects, claims, keys, and the configuration's own."""

from __future__ import annotations

import base64
import warnings
from hashlib import sha256

import pytest

from codesvc.config import ConfigError, parse
from codesvc.config.faults import UnfitError
from codesvc.config.oidc_settings import mail_domain, redirect_address
from codesvc.domain.keyring import Keyring
from codesvc.domain.oidc_algorithms import ALGORITHMS
from codesvc.domain.oidc_codes import code_digest, code_of, new_token, token_digest
from codesvc.domain.oidc_keys import OVERLAP_MS, SigningKeys
from codesvc.domain.oidc_person import Person, Subjects
from codesvc.domain.oidc_request import granted, is_challenge, is_registered, proves
from tests.oidc.parties import CONFIDENTIAL, SUBJECT_KEY
from tests.world import MASTER, document

KEYRING = Keyring(MASTER.encode())


@pytest.mark.parametrize(
    "address",
    [
        "https://wiki.example/callback", "https://wiki.example:8443/a?b=c", "http://127.0.0.1/back",
        "http://localhost:3000/back", "com.example.app:/back", "com.example.app://back",
        "https://Spa.Example:443/back", "http://my_app:8080/back", "http://[2001:db8::1]:81/back", "https://wiki.example./(x),;'!",
    ],
)  # fmt: skip
def test_an_address_may_be(address):
    redirect_address(address)
    assert is_registered(address, [address], public=False)


@pytest.mark.parametrize(
    "address",
    [
        "", "/callback", "//wiki.example", "https://", "https://a@wiki.example/", "https://wiki.example/#x",
        "https://wiki.example/*", "https://*.example/", "javascript:alert(1)", "data:text/html,x", "app:/back",
        "https://wiki.example/ x", "https://wiki.example/\n", "https://维基.example/", "https://wiki.example:x/",
        "https://wiki.example/" + "a" * 1000, "weixin://x", "https://wiki.example\\@evil.example/",
        # The chat makes links of the first part of such a host, and a policy ends at such a sign.
        "https://wiki.example,(login).evil.example/", "https://wiki.example;sandbox/", "https://wiki.example,script-src/",
        "https://wiki.example'/", "https://wiki.example!.evil.example/", "https://a$b.example/", "https://a&b.example/",
        "https://a%2eexample/", "https://a..example/", "https://.example/", "https://[::1];sandbox/", "https://[fe80::1%25x]/",
        "https://[::1]x/", "https://wiki.example:80;x/", "https://wiki.example=/", "https://wiki.example~/",
        "https://wiki.example`/", "https://a|b.example/", "https://a{b}.example/", "https://a^b.example/",
        "https:wiki.example", "https:///wiki.example/x",
    ],
)  # fmt: skip
def test_an_address_may_not_be(address):
    with pytest.raises(UnfitError):
        redirect_address(address)


def test_only_an_app_on_the_device_may_choose_its_port():
    known = ["http://127.0.0.1/back", "http://[::1]:80/back", "http://localhost/back"]
    for given in ("http://127.0.0.1:1/back", "http://[::1]:50000/back", "http://[::1]:65535/back"):
        assert is_registered(given, known, public=True)
        assert not is_registered(given, known, public=False)
    for given in (
        "http://localhost:1/back",
        "http://127.0.0.1:1/bac",
        "http://127.0.0.2:1/back",
        "http://127.0.0.1:/back",
        # No browser can go to such a port.
        "http://127.0.0.1:0/back",
        "http://127.0.0.1:65536/back",
        "http://[::1]:99999/back",
    ):
        assert not is_registered(given, known, public=True)


def test_pkce_is_that_of_rfc_7636():
    """Appendix B's example."""
    verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert is_challenge(challenge)
    assert proves(verifier, challenge)
    for wrong in ("", verifier[:42], verifier + "!", challenge, verifier[::-1], "é" * 43):
        assert not proves(wrong, challenge)
    for wrong in ("", challenge[:42], challenge + "a", challenge[:-1] + "=", challenge[:-1] + "."):
        assert not is_challenge(wrong)


def test_scopes_without_effect_are_ignored():
    assert granted("openid offline_access profile openid x") == "openid profile"
    assert granted("") == ""


def test_a_subject_depends_on_key_site_and_person_and_shows_no_openid():
    subjects, openid = Subjects(SUBJECT_KEY.encode()), "oABCDEFGHIJKLMNOPQRSTUVWXYZ0"
    found = {
        subjects.of("shop", openid),
        subjects.of("cafe", openid),
        subjects.of("shop", openid[::-1]),
        Subjects(b"x" * 32).of("shop", openid),
    }
    assert len(found) == 4
    assert subjects.of("shop", openid) == "nmae64223rzaon32hoix6cnhwtgy44ir", "it never changes"
    assert openid.lower() not in str(found) + repr(subjects)


def test_claims_are_those_of_the_scopes():
    visitor = Person("a" * 32, "", "", "zh", 1)
    assert visitor.claims("openid", email_domain="x.invalid") == {"sub": "a" * 32}
    profile = visitor.claims("openid profile", email_domain=None)
    assert (profile["preferred_username"], profile["locale"]) == ("wx_" + "a" * 16, "zh-CN")
    bound = Person("a" * 32, "u-1", "Ann", "en", 1).claims("profile email", email_domain="x.invalid")
    assert (bound["preferred_username"], bound["name"], bound["email_verified"]) == ("u-1", "Ann", False)


def test_codes_and_tokens_are_known_by_keyed_digests_and_outlive_a_rotation():
    code, token = code_of(KEYRING, "shop", "lg_x"), new_token(KEYRING)
    assert code == code_of(KEYRING, "shop", "lg_x") != code_of(KEYRING, "cafe", "lg_x")
    assert token != new_token(KEYRING)
    fresh = Keyring(b"another master key that is only for tests", [MASTER.encode()])
    assert code_digest(fresh, code) == code_digest(KEYRING, code)
    assert token_digest(fresh, token) == token_digest(KEYRING, token)
    assert code_digest(KEYRING, code) != sha256(code.encode()).hexdigest()[:40]
    for wrong in ("", "x", token, "oc_aaaa_x", "oc__", "ключ", code[3:], "oc_" + "a" * 300):
        assert code_digest(KEYRING, wrong) is None


def test_keys_are_published_before_and_after_they_sign():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        keys = SigningKeys().with_keys(ALGORITHMS, 0)
        for algorithm in ALGORITHMS:
            token = keys.signer(algorithm).sign({"iss": "i", "sub": "s", "aud": "a"})
            assert keys.subject_of(token, issuer="i", now=0) == "s"
            assert keys.subject_of(token, issuer="j", now=0) is None
            assert keys.subject_of(token[:-4] + "AAAA", issuer="i", now=0) is None
    turned = keys.rotated(10)
    for algorithm in ALGORITHMS:
        first, second, third = [key for key in turned.keys if key.alg == algorithm]
        assert (turned.signer(algorithm), first.replaced, third.replaced) == (second, 10, None)
    assert len(turned.published(10 + OVERLAP_MS - 1)) == 9
    assert len(turned.published(10 + OVERLAP_MS)) == 6
    assert len(turned.rotated(10 + OVERLAP_MS).keys) == 9
    # The first pair was published at once; a key that was added to it is known to apps a day later.
    assert (keys.known_from, turned.known_from) == (0, 10 + OVERLAP_MS)
    assert SigningKeys().with_keys(["RS256"], 5).with_keys(["ES256"], 7).known_from == 0
    assert SigningKeys().known_from == 0
    for key in keys.published(0):
        assert not key.keys() & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=") + ".e30."
    assert keys.subject_of(unsigned, issuer="i", now=0) is None


def faults(tmp_path, client, *, subject_key=SUBJECT_KEY, **more):
    changes = {"sites__shop__oidc": {"clients": [CONFIDENTIAL, client]}}
    if subject_key:
        changes["oidc__subject_key"] = subject_key
    try:
        parse(document("http://127.0.0.1:1", "http://127.0.0.1:2", **changes, **more), env={}, directory=tmp_path)
    except ConfigError as error:
        return [str(fault) for fault in error.faults]
    return []


def test_what_the_configuration_refuses(tmp_path):
    other = CONFIDENTIAL | {"id": "other"}
    assert faults(tmp_path, other) == []
    for client, said in (
        (CONFIDENTIAL, "sites.shop.oidc.clients[1].id: is the id of another client"),
        (other | {"id": "a:b"}, "clients[1].id: must be 1 to 64"),
        (other | {"redirect_uris": []}, "redirect_uris: must not be empty"),
        (other | {"secrets": ["plain"]}, "secrets[0]: must be a line that `codesvc oidc secret` printed"),
        (other | {"algorithm": "none"}, "algorithm: must be one of"),
        (other | {"login_timeout": 300}, "login_timeout: must be between"),
        (other | {"email_domain": "Example"}, "email_domain: must be a domain"),
        (other | {"redirect_urls": []}, 'redirect_urls: unknown key; did you mean "redirect_uris"?'),
    ):
        assert any(said in fault for fault in faults(tmp_path, client)), (client, faults(tmp_path, client))
    (fault,) = faults(tmp_path, other, subject_key="")
    assert fault.startswith("sites.shop.oidc: needs oidc.subject_key")
    assert "does not look random" in faults(tmp_path, other, subject_key="a" * 40)[0]


def test_a_made_up_address_may_have_a_domain_that_cannot_exist():
    mail_domain("wechat.invalid")
