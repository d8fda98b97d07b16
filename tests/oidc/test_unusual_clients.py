"""Clients that do what the standards allow and few others do. Each case was met in a library or a framework."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from urllib.parse import quote, urlencode, urlsplit

import pytest

from codesvc.config.api_keys import hash_line
from tests.oidc.parties import CALLBACK, CONFIDENTIAL, PUBLIC, SECRET, Browser, pkce, provider, told

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ODD_SECRET = "a+b%2Fc:d é"
ADDRESSES = [
    *("http://127.0.0.1/back", "http://[::1]:81/back", "http://localhost:5173/back"),
    *("com.example.app:/back", "https://Spa.Example:443/back"),
]
CLIENTS = [
    CONFIDENTIAL,
    PUBLIC | {"redirect_uris": ADDRESSES},
    CONFIDENTIAL | {"id": "odd", "secrets": [hash_line(ODD_SECRET)]},
    CONFIDENTIAL | {"id": "json", "json_body": True},
]
GOOD = {"client_id": "wiki", "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid"}
MANY = "&".join(f"x{number}=1" for number in range(80))


@pytest.fixture
async def world(new_world):
    limits = {"site_starts": "none", "address_starts": "none"}
    async with new_world(**provider(*CLIENTS, sites__shop__limits=limits)) as made:
        yield made


def basic(name, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


async def post(world, path, body, **headers):
    return await world.call("POST", f"/oidc/shop/{path}", key=None, data=body, headers=FORM | headers)


async def code_for(world, **parameters):
    return (await Browser(world).login(await world.person(), **parameters))["code"]


def exchange_of(code, **more):
    return urlencode({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK} | more)


async def test_too_many_parameters_are_an_error_of_the_protocol_and_in_a_browser_a_page(world, browser):
    page = await browser.get(f"/oidc/shop/authorize?{urlencode(GOOD)}&{MANY}")
    assert (page.status, page.headers["Content-Type"].partition(";")[0]) == (400, "text/html")
    for path in ("token", "revoke", "userinfo"):
        answer = await post(world, path, MANY)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request"), path


ONCE = ["ui_locales", "login_hint", "id_token_hint", "display", "acr_values", "claims_locales", "max_age", "prompt"]


async def test_no_known_parameter_may_be_repeated_and_unknown_ones_and_resources_may(world, browser):
    """RFC 6749 section 3.1; a resource may stand there several times (RFC 8707 section 2)."""
    for name in ONCE:
        answer = await browser.get(f"/oidc/shop/authorize?{urlencode(GOOD)}&{name}=1&{name}=2")
        assert told(answer)["error"] == "invalid_request", name
    twice = "&resource=https://a.example&resource=https://b.example&audience=a&audience=b"
    started = await browser.get(f"/oidc/shop/authorize?{urlencode(GOOD)}{twice}&x=1&x=2")
    assert "/p/" in started.headers["Location"]
    own = {"client_id": "wiki", "client_secret": SECRET}
    tokens = await post(world, "token", exchange_of(await code_for(world), **own) + twice)
    assert tokens.status == 200, tokens.text
    token = tokens["access_token"]
    for path, body in (
        ("revoke", f"{urlencode(own)}&token={token}&token=x"),
        ("userinfo", f"access_token={token}&access_token=x"),
    ):
        answer = await post(world, path, body)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request"), path
    assert (await browser.userinfo(token)).status == 200


STATES = ["%C4%E3%BA%C3", "%FF", "%E4%BD%A0%E5%A5%BD", "%F0%9F%92%A5%ED%A0%80", "%00%0D%0A", "a%26b%3D%2B%25"]


async def test_the_octets_of_a_state_come_back_unchanged(world, browser):
    """A state in GBK is no UTF-8, and its client compares octets."""
    for state in STATES:
        query = f"{urlencode(GOOD)}&state={state}"
        for answer in (
            await browser.get(f"/oidc/shop/authorize?{query}&prompt=none"),
            await browser.get("/oidc/shop/authorize", method="POST", data=f"{query}&prompt=none", **FORM),
        ):
            assert f"&state={state}&" in answer.headers["Location"]
        await browser.scanned_by(person := await world.person(), await browser.get(f"/oidc/shop/authorize?{query}"))
        await person.say("确认")
        assert f"&state={state}&" in (await browser.back()).headers["Location"]


@pytest.mark.parametrize(("character", "most"), [("你", 682), ('"', 2_048), ("s", 6_144)])
async def test_a_state_that_no_proxy_would_take_back_is_refused(browser, character, most):
    """nginx calls a back end down whose answer has a longer head, and sends nobody to it for ten seconds."""
    wanted = urlencode(GOOD | {"prompt": "none"})
    bye = urlencode({"post_logout_redirect_uri": "https://wiki.example/bye", "client_id": "wiki"})
    for number, fits in ((most, True), (most + 1, False)):
        state = urlencode({"state": character * number})
        asked = await browser.get("/oidc/shop/authorize", method="POST", data=f"{wanted}&{state}", **FORM)
        assert asked.status == 303
        assert ("error=login_required" in asked.headers["Location"]) == fits, number
        left = await browser.get("/oidc/shop/logout", method="POST", data=f"{bye}&{state}", **FORM)
        assert (left.status == 303) == fits, number
        for answer in (asked, left):
            assert sum(len(name) + len(value) for name, value in answer.headers.items()) < 12_000


async def test_raw_octets_in_the_address_are_no_fault_of_the_service(world):
    """An old client writes them into its redirect as they are."""
    host = urlsplit(world.service)
    for name in (b"state", b"nonce", b"ui_locales", b"scope", b"login_hint", b"code_challenge", b"\xff"):
        line = b"GET /oidc/shop/authorize?" + urlencode(GOOD | {"x": "1"}).encode() + b"&" + name + b"=\xc4\xe3"
        reader, writer = await asyncio.open_connection(host.hostname, host.port)
        writer.write(line + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await reader.readline()
        writer.close()
        assert b" 500 " not in answer, name


async def test_raw_octets_in_a_form_are_refused_and_encoded_ones_kept(browser):
    query = urlencode(GOOD | {"prompt": "none"})
    refused = await browser.get(
        "/oidc/shop/authorize", method="POST", data=f"{query}&state=".encode() + b"\xff" * 9, **FORM
    )
    assert (refused.status, "Location" in refused.headers) == (400, False)
    kept = await browser.get("/oidc/shop/authorize", method="POST", data=f"{query}&state=%FF", **FORM)
    assert "state=%FF" in kept.headers["Location"]


async def test_pages_of_public_clients_may_call_whatever_the_port_of_their_loopback_address(browser):
    for origin in ("https://spa.example", "http://127.0.0.1:5173", "http://[::1]:5173", "http://localhost:5173"):
        allowed = await browser.get("/oidc/shop/token", method="OPTIONS", Origin=origin)
        assert allowed.headers.get("Access-Control-Allow-Origin") == origin
    for origin in ("http://127.0.0.1.evil.example:80", "https://127.0.0.1:5173", "null", "https://spa.example:444"):
        refused = await browser.get("/oidc/shop/token", method="OPTIONS", Origin=origin)
        assert (refused.status, "Access-Control-Allow-Origin" in refused.headers) == (403, False)


async def test_discovery_and_keys_answer_a_preflight(browser):
    for path in (
        "/oidc/shop/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/oidc/shop",
        "/oidc/shop/jwks.json",
    ):
        allowed = await browser.get(path, method="OPTIONS", Origin="https://any.example")
        assert (allowed.status, allowed.headers["Access-Control-Allow-Origin"]) == (204, "*"), path


async def test_a_secret_of_any_letters_is_understood_plain_and_encoded(world):
    """RFC 6749 section 2.3.1 demands the encoding; many clients leave it out."""
    for secret in (ODD_SECRET, quote(ODD_SECRET, safe="")):
        answer = await post(world, "token", exchange_of(await code_for(world, client_id="odd")), **basic("odd", secret))
        assert answer.status == 200, answer.text
    answer = await post(world, "token", exchange_of("x"), **basic("odd", quote(quote(ODD_SECRET))))
    assert answer.json["error"] == "invalid_client"


async def test_a_public_client_may_name_itself_by_basic_without_a_secret(world):
    """requests-oauthlib does, and then leaves client_id out of the body."""
    verifier, challenge = pkce()
    asked = {"client_id": "app", "redirect_uri": "http://127.0.0.1:5173/back"}
    code = await code_for(world, **asked, code_challenge=challenge, code_challenge_method="S256")
    body = exchange_of(code, redirect_uri=asked["redirect_uri"], code_verifier=verifier)
    for name, secret in (("wiki", ""), ("nobody", ""), ("", ""), ("app", "x")):
        assert (await post(world, "token", body, **basic(name, secret))).json["error"] == "invalid_client"
    assert (await post(world, "token", body, **basic("app", ""))).status == 200


async def test_members_of_a_json_body_that_are_no_texts_are_ignored(world):
    code = await code_for(world, client_id="json")
    own = {"client_id": "json", "client_secret": SECRET, "redirect_uri": CALLBACK, "grant_type": "authorization_code"}
    sent = {"Content-Type": "application/json; charset=utf-8"}
    for more, error in (({"code": 5}, "invalid_request"), ({"code": None}, "invalid_request")):
        answer = await post(world, "token", json.dumps(own | more), **sent)
        assert (answer.status, answer.json["error"]) == (400, error)
    for body in (b'{"code": "\xff"}', b'{"code": "\\ud800"}', b"[]", b'"x"', b"{", b"[" * 5_000):
        answer = await post(world, "token", body, **sent)
        assert (answer.status, answer.json["error"]) == (400, "invalid_request"), body
    answer = await post(world, "token", json.dumps(own | {"code": code, "code_verifier": None, "x": 1}), **sent)
    assert answer.status == 200, answer.text


@pytest.mark.parametrize(
    ("address", "source"),
    [("com.example.app:/back", "com.example.app:"), ("http://[::1]:5173/back", "http:"),
     ("http://127.0.0.1:5173/back", "http://127.0.0.1:5173")],
)  # fmt: skip
async def test_going_back_may_lead_to_an_app_on_the_device(browser, address, source):
    """The policy of the page holds for the redirect of its form too. It cannot name an IPv6 address."""
    _, challenge = pkce()
    asked = {"client_id": "app", "redirect_uri": address}
    page, _ = await browser.page(
        await browser.authorize(**asked, code_challenge=challenge, code_challenge_method="S256")
    )
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
    assert source in policy["form-action"].split()


async def test_what_a_person_may_meet_is_a_page_in_a_browser(browser):
    sent = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": "en"}
    await browser.page(await browser.authorize())
    go_back = re.search(r'action="([^"]*/oidc/shop/return/[^"]*)"', (await browser.get(browser.path)).text)[1]
    for path, more, status in (
        ("/oidc/nothing/authorize?client_id=wiki", {}, 404),
        ("/oidc/nothing/logout", {}, 404),
        ("/oidc/shop/return/none", {}, 404),
        (f"/oidc/shop/logout?{MANY}", {}, 200),
        ("/oidc/shop/logout", {"method": "POST", "data": "{}", "Content-Type": "application/json"}, 200),
        (go_back, {"method": "POST", "Origin": "https://evil.example"}, 403),
    ):
        answer = await browser.get(path, **more, **sent)
        found = (answer.status, answer.headers["Content-Type"].partition(";")[0])
        assert found == (status, "text/html"), (path, answer.text)
