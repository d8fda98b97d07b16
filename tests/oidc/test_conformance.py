"""The modules of the OpenID Foundation's certification suite for the basic profile, each imitated or with its reason.

The suite (conformance-suite, plan `oidcc-basic-certification-test-plan`) needs Java 21, MongoDB and a public address,
so it cannot run here. `MODULES` names each of its modules, and what here does the same.
"""

from __future__ import annotations

import time
from pathlib import Path

import jwt
import pytest

from tests.oidc.parties import CALLBACK, CONFIDENTIAL, PUBLIC, Browser, pkce, provider, told

NOT_SUPPORTED = "skipped by the suite too: the discovery document says that it is not supported"
MODULES = {
    "oidcc-server": "test_discovery",
    "oidcc-response-type-missing": "test_response_type_missing",
    "oidcc-idtoken-signature": "test_the_id_token_is_signed_by_a_published_key",
    "oidcc-idtoken-unsigned": f"no unsigned ID tokens; {NOT_SUPPORTED}",
    "oidcc-userinfo-get": "test_userinfo_in_three_ways",
    "oidcc-userinfo-post-header": "test_userinfo_in_three_ways",
    "oidcc-userinfo-post-body": "test_userinfo_in_three_ways",
    "oidcc-ensure-request-without-nonce-succeeds-for-code-flow": "test_without_a_nonce",
    "oidcc-scope-profile": "test_scopes",
    "oidcc-scope-email": "test_scopes",
    "oidcc-scope-address": "test_scopes",
    "oidcc-scope-phone": "test_scopes",
    "oidcc-scope-all": "test_scopes",
    "oidcc-alternate-happy-flow": "test_unusual_parameters_do_no_harm",
    "oidcc-display-page": "test_unusual_parameters_do_no_harm",
    "oidcc-display-popup": "test_unusual_parameters_do_no_harm",
    "oidcc-prompt-login": "test_prompt_login_asks_again",
    "oidcc-prompt-none-not-logged-in": "test_prompt_none",
    "oidcc-prompt-none-logged-in": "no session is kept, so prompt=none always answers login_required, which is legal",
    "oidcc-max-age-1": "test_max_age",
    "oidcc-max-age-10000": "test_max_age",
    "oidcc-ensure-request-with-unknown-parameter-succeeds": "test_unusual_parameters_do_no_harm",
    "oidcc-id-token-hint": "test_id_token_hint",
    "oidcc-login-hint": "test_unusual_parameters_do_no_harm",
    "oidcc-ui-locales": "test_unusual_parameters_do_no_harm",
    "oidcc-claims-locales": "test_unusual_parameters_do_no_harm",
    "oidcc-ensure-request-with-acr-values-succeeds": "test_unusual_parameters_do_no_harm",
    "oidcc-codereuse": "test_code_reuse",
    "oidcc-codereuse-30seconds": "test_code_reuse",
    "oidcc-ensure-registered-redirect-uri": "test_an_unregistered_redirect_uri_is_a_page",
    "oidcc-ensure-post-request-succeeds": "test_a_posted_request",
    "oidcc-server-client-secret-post": "test_client_secret_post_and_basic",
    "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported": "test_request_objects_are_rejected",
    "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported": "test_request_objects_are_rejected",
    "oidcc-claims-essential": f"no parameter claims; {NOT_SUPPORTED}",
    "oidcc-ensure-request-object-with-redirect-uri": "test_request_objects_are_rejected",
    "oidcc-refresh-token": f"no refresh tokens; {NOT_SUPPORTED}",
    "oidcc-ensure-request-with-valid-pkce-succeeds": "test_valid_pkce",
}


def test_every_module_is_imitated_or_has_its_reason():
    assert len(MODULES) == 38
    for module, here in MODULES.items():
        assert here in globals() or " " in here, module


TRAPS = {
    "no e-mail address; a made-up one is never verified": "test_a_made_up_address_is_never_verified",
    "RS256 unless the client chooses": "test_the_client_chooses_the_signature",
    "the issuer letter for letter": "test_with_a_path_in_the_public_address_both_spellings_are_served",
    "iss in the answer, or not": "test_iss_can_be_switched_off_for_a_client",
    "the page ends before the client's state": "test_declining_expiring_and_going_back_end_in_an_error",
    "Basic first, then the body, with one code": "test_the_client_is_authenticated_before_its_code_is_touched",
    "PKCE is not asked of confidential clients": "test_a_confidential_client_may_be_made_to_use_pkce",
    "JSON at the token endpoint": "test_json_is_for_clients_that_are_allowed_to_send_it",
}
"""What breaks real relying parties, and the test that tries it."""


def test_every_trap_has_a_test():
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in TRAPS.values() if f"def {name}(" not in tests] == []


async def test_discovery(world, browser):
    """OIDCCDiscoveryEndpointVerification."""
    issuer = f"{world.service}/oidc/shop"
    found = await browser.get("/oidc/shop/.well-known/openid-configuration")
    assert (found.status, found.headers["Content-Type"]) == (200, "application/json")
    document = found.json
    assert found.headers["Cache-Control"] == "public, max-age=300"
    assert document["issuer"] == issuer
    for member in ("authorization", "token", "userinfo", "revocation", "end_session"):
        assert document[f"{member}_endpoint"].startswith(f"{issuer}/")
    assert document["response_types_supported"] == ["code"]
    assert document["subject_types_supported"] == ["pairwise"]
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert "openid" in document["scopes_supported"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["grant_types_supported"] == ["authorization_code"]
    for refused in ("request_parameter", "request_uri_parameter", "claims_parameter"):
        assert document[f"{refused}_supported"] is False
    assert document["authorization_response_iss_parameter_supported"] is True
    # RFC 8414 puts its own between the host and the path.
    for kind in ("oauth-authorization-server", "openid-configuration"):
        assert (await browser.get(f"/.well-known/{kind}/oidc/shop")).json == document
    keys = (await browser.get(document["jwks_uri"])).json["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) >= 2
    for key in keys:
        assert (key["use"], key["alg"]) == ("sig", "RS256")
        assert key.keys() == {"kty", "kid", "use", "alg", "n", "e"}
    cross = await browser.get("/oidc/shop/.well-known/openid-configuration", Origin="https://any.example")
    assert cross.headers["Access-Control-Allow-Origin"] == "*"
    # A cache gives one answer to whoever asks, so it is the same for all.
    for kept in ("/oidc/shop/.well-known/openid-configuration", "/oidc/shop/jwks.json"):
        assert (await browser.get(kept)).headers["Access-Control-Allow-Origin"] == "*"


async def test_there_is_no_issuer_where_none_is_configured(browser):
    for path in (
        "/oidc/cafe/.well-known/openid-configuration",
        "/oidc/nobody/jwks.json",
        "/oidc/cafe/authorize",
        "/.well-known/openid-configuration/x/oidc/shop",
    ):
        assert (await browser.get(path)).status == 404


async def test_with_a_path_in_the_public_address_both_spellings_are_served(new_world):
    async with new_world(**provider()) as plain:
        port = plain.service.rpartition(":")[2]
    async with new_world(
        service_port=int(port), **provider(service__public_url=f"http://127.0.0.1:{port}/auth")
    ) as world:
        browser = Browser(world)
        # A proxy removes /auth from what lies below it; the address between host and path is not below it.
        below = await browser.get("/oidc/shop/.well-known/openid-configuration")
        assert below["issuer"] == f"{world.service}/auth/oidc/shop"
        between = await browser.get("/.well-known/oauth-authorization-server/auth/oidc/shop")
        assert between.json == below.json


async def test_response_type_missing(browser):
    assert told(await browser.authorize(response_type=None))["error"] == "invalid_request"


async def test_the_id_token_is_signed_by_a_published_key(world, browser):
    said = await browser.login(await world.person(), nonce="n")
    tokens = (await browser.exchange(said["code"])).json
    header = jwt.get_unverified_header(tokens["id_token"])
    assert header["alg"] == "RS256"
    claims = await browser.claims(tokens)
    assert {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "amr"} <= claims.keys()
    assert isinstance(claims["aud"], str)
    assert claims["auth_time"] <= claims["iat"] < claims["exp"]
    assert claims["sub"].isascii()
    assert len(claims["sub"]) <= 255


async def test_userinfo_in_three_ways(world, browser):
    said = await browser.login(await world.person())
    tokens = (await browser.exchange(said["code"])).json
    claims, token = await browser.claims(tokens), tokens["access_token"]
    answers = [
        await browser.userinfo(token),
        await browser.userinfo(token, method="POST"),
        await browser.userinfo(None, method="POST", data={"access_token": token}),
    ]
    for answer in answers:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
        assert answer["sub"] == claims["sub"]
    for wrong in (None, "x", "ot_x_y"):
        refused = await browser.userinfo(wrong)
        assert refused.status == 401
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    # A token in the address would end up in logs.
    assert (await browser.get(f"/oidc/shop/userinfo?access_token={token}")).status == 401


async def test_without_a_nonce(world, browser):
    said = await browser.login(await world.person())
    assert "nonce" not in await browser.claims((await browser.exchange(said["code"])).json)


async def test_scopes(new_world):
    async with new_world(**provider(CONFIDENTIAL | {"email_domain": "wechat.invalid"})) as world:
        browser, person = Browser(world), await world.person()
        profile = {"name", "nickname", "preferred_username", "locale"}
        email = {"email", "email_verified"}
        for scope, more in (
            ("openid", set()),
            ("openid profile", profile),
            ("openid email", email),
            ("openid address", set()),
            ("openid phone", set()),
            ("openid profile email address phone offline_access", profile | email),
        ):
            said = await browser.login(person, scope=scope)
            tokens = (await browser.exchange(said["code"])).json
            assert (await browser.userinfo(tokens["access_token"])).json.keys() == {"sub"} | more
            assert more <= (await browser.claims(tokens)).keys()
        # Without openid it is plain OAuth 2.0: no ID token.
        said = await browser.login(person, scope="profile")
        assert "id_token" not in (await browser.exchange(said["code"])).json


UNUSUAL = [
    {"display": "page"},
    {"display": "popup"},
    {"extra": "foobar"},
    {"login_hint": "anna@example.com"},
    {"ui_locales": "se"},
    {"ui_locales": "fr-CA fr en"},
    {"claims_locales": "se"},
    {"acr_values": "1 2"},
    {"prompt": "consent"},
    {"prompt": "select_account"},
    {"nonce": ""},
    {"state": None},
    {"id_token_hint": "none"},
]


async def test_unusual_parameters_do_no_harm(world, browser):
    for more in UNUSUAL:
        said = await browser.login(await world.person(), **more)
        assert (await browser.exchange(said["code"])).status == 200, more
    assert "state" not in await browser.login(await world.person(), state=None)
    assert "state" not in told(await browser.authorize(state=None, prompt="none"))


async def test_prompt_login_asks_again(world, browser):
    person, times = await world.person(), []
    for _ in range(2):
        said = await browser.login(person, prompt="login")
        times.append((await browser.claims((await browser.exchange(said["code"])).json))["auth_time"])
        await world.advance(2)
    assert times[0] < times[1]


async def test_prompt_none(browser):
    assert told(await browser.authorize(prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize("max_age", ["1", "10000", "0"])
async def test_max_age(world, browser, max_age):
    """Every login is a new one, so no age is too high."""
    person, began = await world.person(), int(time.time())
    said = await browser.login(person, max_age=max_age)
    claims = await browser.claims((await browser.exchange(said["code"])).json)
    assert began <= claims["auth_time"] <= claims["iat"]


async def test_id_token_hint(world, browser):
    """The person that the hint names logs in again; another one is not them."""
    one, other = await world.person(), await world.person()
    said = await browser.login(one)
    hint = (await browser.exchange(said["code"]))["id_token"]
    assert "code" in await browser.login(one, id_token_hint=hint)
    assert (await browser.login(other, id_token_hint=hint))["error"] == "login_required"


async def test_code_reuse(world, browser):
    said = await browser.login(await world.person())
    token = (await browser.exchange(said["code"]))["access_token"]
    await world.advance(30)
    again = await browser.exchange(said["code"])
    assert (again.status, again["error"]) == (400, "invalid_grant")
    assert (await browser.userinfo(token)).status == 401


async def test_an_unregistered_redirect_uri_is_a_page(browser):
    answer = await browser.authorize(redirect_uri=CALLBACK + "/foo")
    assert (answer.status, "Location" in answer.headers) == (400, False)


async def test_a_posted_request(world, browser):
    said = await browser.login(await world.person(), method="POST")
    assert (await browser.exchange(said["code"])).status == 200


async def test_client_secret_post_and_basic(world, browser):
    for basic in (None, (CONFIDENTIAL["id"], "s3cret-of-the-wiki_0123456789abcdefghijklmn")):
        said = await browser.login(await world.person())
        assert (await browser.exchange(said["code"], basic=basic)).status == 200


async def test_request_objects_are_rejected(browser):
    parts = {"client_id": "wiki", "redirect_uri": CALLBACK, "response_type": "code"}
    unsigned = jwt.encode(parts, None, algorithm="none")
    assert told(await browser.authorize(request=unsigned))["error"] == "request_not_supported"
    said = told(await browser.authorize(request_uri="https://wiki.example/request"))
    assert said["error"] == "request_uri_not_supported"


async def test_valid_pkce(world, browser):
    verifier, challenge = pkce()
    said = await browser.login(await world.person(), code_challenge=challenge, code_challenge_method="S256")
    assert (await browser.exchange(said["code"], code_verifier=verifier)).status == 200


async def test_head_starts_no_login_and_pages_of_public_clients_may_call(new_world):
    async with new_world(**provider(CONFIDENTIAL, PUBLIC)) as world:
        browser = Browser(world)
        assert (
            await browser.get(f"/oidc/shop/authorize?client_id=wiki&redirect_uri={CALLBACK}", method="HEAD")
        ).status == 405
        for path in ("token", "userinfo", "revoke"):
            allowed = await browser.get(f"/oidc/shop/{path}", method="OPTIONS", Origin="https://spa.example")
            assert (allowed.status, allowed.headers["Access-Control-Allow-Origin"]) == (204, "https://spa.example")
            refused = await browser.get(f"/oidc/shop/{path}", method="OPTIONS", Origin="https://wiki.example")
            assert (refused.status, "Access-Control-Allow-Origin" in refused.headers) == (403, False)
        verifier, challenge = pkce()
        asked = {"client_id": "app", "redirect_uri": "https://spa.example/back"}
        said = await browser.login(
            await world.person(), code_challenge=challenge, code_challenge_method="S256", **asked
        )
        answer = await browser.exchange(
            said["code"], client_secret=None, code_verifier=verifier, headers={"Origin": "https://spa.example"}, **asked
        )
        assert answer.headers["Access-Control-Allow-Origin"] == "https://spa.example"
