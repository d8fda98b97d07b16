"""Attacks on the code flow (RFC 9700): each is tried as an attacker would."""

from __future__ import annotations

import asyncio
import base64
import re

import jwt
import pytest

from codesvc.config.api_keys import hash_line
from codesvc.domain.oidc_request import LONGEST_STATE
from codesvc.service.oidc_protocol import ProtocolError
from codesvc.web.context import SERVICES
from tests.oidc.parties import CALLBACK, CONFIDENTIAL, PUBLIC, SECRET, Browser, pkce, provider, told
from tests.service.test_secrets_stay_out_of_sight import log
from tests.world import KEY, Person

OTHER = {
    "id": "evil",
    "name": "Evil",
    "secrets": [hash_line("evil-secret")],
    "redirect_uris": ["https://evil.example/callback"],
}


@pytest.fixture
async def world(new_world):
    clients = [CONFIDENTIAL, PUBLIC, OTHER]
    async with new_world(**provider(*clients, sites__cafe__oidc={"clients": clients})) as made:
        yield made


VARIATIONS = [
    "https://wiki.example/callback/",
    "https://wiki.example/callback?x=1",
    "https://wiki.example/callback#x",
    "https://wiki.example/Callback",
    "https://WIKI.example/callback",
    "https://wiki.example:443/callback",
    "https://wiki.example//callback",
    "https://wiki.example/./callback",
    "https://wiki.example/x/../callback",
    "https://wiki.example/%63allback",
    "http://wiki.example/callback",
    "https://wiki.example.evil.example/callback",
    "https://wiki.example@evil.example/callback",
    "https://evil.example/callback",
    "https://evil.example/?https://wiki.example/callback",
    "//wiki.example/callback",
    "/callback",
    " https://wiki.example/callback",
    "https://wiki.example/callback\r\nX: y",
    "https://wiki.example/callback\u200b",
    "javascript:alert(1)//https://wiki.example/callback",
    "http://127.0.0.1/callback",
    "",
]


async def test_no_redirect_goes_to_an_address_that_is_not_exactly_registered(browser):
    for uri in VARIATIONS:
        for error in ({}, {"response_type": "token"}, {"prompt": "none"}):
            answer = await browser.authorize(redirect_uri=uri, **error)
            assert answer.status == 400, uri
            assert "Location" not in answer.headers
            assert answer.headers["Content-Type"].startswith("text/html")
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "parameters", [{"redirect_uri": None}, {"client_id": None}, {"client_id": "nobody"}, {"client_id": ""}]
)
async def test_without_a_known_client_and_address_an_error_is_a_page(browser, parameters):
    answer = await browser.authorize(**parameters)
    assert (answer.status, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:8080/other", "http://localhost:80/back", "http://127.0.0.1.evil.example/back",
            "http://127.0.0.1:x/back", "http://127.0.0.1:80@evil.example/back", "https://127.0.0.1:1/back",
            "http://127.0.0.1:123456/back"],
)  # fmt: skip
async def test_only_the_port_of_a_loopback_address_may_differ(browser, uri):
    _, challenge = pkce()
    answer = await browser.authorize(
        client_id="app", redirect_uri=uri, code_challenge=challenge, code_challenge_method="S256"
    )
    assert answer.status == 400


async def test_a_repeated_parameter_is_refused(world):
    good = "client_id=wiki&redirect_uri=https%3A%2F%2Fwiki.example%2Fcallback&response_type=code&scope=openid"
    for twice, page in (
        ("client_id=evil", True),
        ("redirect_uri=https%3A%2F%2Fevil.example", True),
        ("state=b&state=c", False),
        ("nonce=1&nonce=2", False),
        ("code_challenge=a&code_challenge=b", False),
    ):
        answer = await world.call("GET", f"/oidc/shop/authorize?{good}&{twice}", key=None)
        if page:
            assert (answer.status, "Location" in answer.headers) == (400, False)
        else:
            assert told(answer)["error"] == "invalid_request"


ERRORS = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": 'кот "\\'}, "unsupported_response_type"),
    ({"prompt": "none"}, "login_required"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"request": "e30."}, "request_not_supported"),
    ({"request_uri": "https://x.example/r"}, "request_uri_not_supported"),
    ({"response_mode": "form_post"}, "invalid_request"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
    ({"code_challenge": "a" * 43}, "invalid_request"),
    ({"code_challenge": "a" * 43, "code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": "S256"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "x"}, "invalid_request"),
    ({"state": "s" * 6145}, "invalid_request"),
]


async def test_errors_are_told_by_a_redirect_with_state_and_issuer(world, browser):
    for parameters, error in ERRORS:
        said = told(await browser.authorize(**parameters))
        assert said["error"] == error
        state = parameters.get("state", "st-1")
        assert said.get("state") == (state if len(state) <= LONGEST_STATE else None)
        assert said["iss"] == f"{world.service}/oidc/shop"
        description = said.get("error_description", "")
        assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", description)


async def test_a_public_client_cannot_go_without_pkce(browser):
    for wrong in ({}, {"code_challenge": "a" * 43, "code_challenge_method": "plain"}):
        said = told(await browser.authorize(client_id="app", redirect_uri="https://spa.example/back", **wrong))
        assert said["error"] == "invalid_request"


async def test_a_confidential_client_may_be_made_to_use_pkce(new_world):
    async with new_world(**provider(CONFIDENTIAL | {"pkce": "required"})) as world:
        assert told(await Browser(world).authorize())["error"] == "invalid_request"
        _, challenge = pkce()
        started = await Browser(world).authorize(code_challenge=challenge, code_challenge_method="S256")
        assert "/p/" in started.headers["Location"]


async def test_a_verifier_must_belong_to_the_challenge_and_none_may_be_added_or_left_out(world, browser):
    """Downgrade, both ways: an attacker strips the challenge, or the verifier."""
    person = await world.person()
    verifier, challenge = pkce()
    asked = {"code_challenge": challenge, "code_challenge_method": "S256"}
    for wrong, error in (
        (None, "invalid_request"),
        ("short", "invalid_grant"),
        (pkce()[0], "invalid_grant"),
        (verifier + "=", "invalid_grant"),
    ):
        said = await browser.login(person, **asked)
        answer = await browser.exchange(said["code"], code_verifier=wrong)
        assert (answer.status, answer["error"]) == (400, error), wrong
        assert (await browser.exchange(said["code"], code_verifier=verifier))["error"] == "invalid_grant"
    said = await browser.login(person)
    stripped = await browser.exchange(said["code"], code_verifier=verifier)
    assert (stripped.status, stripped["error"]) == (400, "invalid_request")


async def test_a_code_injected_into_another_client_or_site_is_worth_nothing_and_stays_good_for_its_own(world, browser):
    said = await browser.login(await world.person())
    evil = {"client_id": "evil", "client_secret": "evil-secret"}
    for stolen in (
        await browser.exchange(said["code"], **evil),
        await browser.exchange(said["code"], redirect_uri="https://evil.example/callback", **evil),
        await browser.exchange(said["code"], site="cafe"),
    ):
        assert (stolen.status, stolen["error"]) == (400, "invalid_grant")
    assert (await browser.exchange(said["code"])).status == 200


async def test_the_address_is_repeated_exactly(world, browser):
    for uri in (None, CALLBACK + "/", "https://wiki.example/other?tenant=1"):
        said = await browser.login(await world.person())
        answer = await browser.exchange(said["code"], redirect_uri=uri)
        assert (answer.status, answer["error"]) == (400, "invalid_grant")
    said = await browser.login(await world.person(), redirect_uri="https://wiki.example/other?tenant=1")
    assert (await browser.exchange(said["code"], redirect_uri="https://wiki.example/other?tenant=1")).status == 200


async def test_of_two_exchanges_at_once_exactly_one_wins_and_its_token_dies_with_the_other(world, browser):
    person = await world.person()
    for _ in range(3):
        said = await browser.login(person)
        answers = await asyncio.gather(*(browser.exchange(said["code"]) for _ in range(5)))
        assert sorted(answer.status for answer in answers).count(200) <= 1
        for answer in answers:
            if answer.status == 200:
                assert (await browser.userinfo(answer["access_token"])).status == 401
            else:
                assert answer["error"] == "invalid_grant"


async def test_tokens_are_not_good_for_another_site(world, browser):
    said = await browser.login(await world.person())
    tokens = await browser.exchange(said["code"])
    assert (await browser.userinfo(tokens["access_token"], site="cafe")).status == 401
    assert (await browser.userinfo(tokens["access_token"] + "x")).status == 401
    revoked = await world.call(
        "POST", "/oidc/shop/revoke", key=None,
        data={"token": tokens["access_token"], "client_id": "evil", "client_secret": "evil-secret"},
    )  # fmt: skip
    assert revoked.status == 200
    assert (await browser.userinfo(tokens["access_token"])).status == 200, "another client's revocation"
    with pytest.raises(jwt.InvalidIssuerError):
        await Browser(world, "cafe").claims(tokens.json)
    with pytest.raises(jwt.InvalidAudienceError):
        await browser.claims(tokens.json, audience="evil")


async def test_the_api_key_of_a_site_is_no_access_token_and_the_other_way_round(world, browser):
    said = await browser.login(await world.person())
    token = (await browser.exchange(said["code"]))["access_token"]
    assert (await world.call("GET", "/v1/bindings/u-1", key=token)).status == 401
    assert (await browser.userinfo(KEY)).status == 401


async def test_mix_up_is_seen_by_the_issuer_in_every_answer(world):
    """RFC 9207: an answer of one issuer cannot be taken for that of another."""
    for site in ("shop", "cafe"):
        browser = Browser(world, site)
        assert (await browser.login(await world.person()))["iss"] == f"{world.service}/oidc/{site}"
        assert told(await browser.authorize(prompt="none"))["iss"] == f"{world.service}/oidc/{site}"


async def test_a_login_cannot_be_finished_in_another_browser(world, browser):
    """State fixation and login CSRF: the attacker's finished login is of no use in the victim's browser."""
    attacker, victim = await world.person(), Browser(world)
    await browser.scanned_by(attacker, await browser.authorize(state="the-attackers"))
    await attacker.say("确认")
    url = (await browser.get(browser.path + "/state")).json["return_to"]
    await victim.page(await victim.authorize(state="the-victims"))
    assert (await victim.get(url)).status == 410
    # Nor by the cookie of the victim's own login under the name of the attacker's.
    mine = Browser(world, cookies=dict.fromkeys(browser.cookies, next(iter(victim.cookies.values()))))
    assert (await mine.get(url)).status == 410


async def test_the_state_comes_back_unchanged(world, browser):
    for state in ["s" * 4096, "a&b=c+d e", "状态 é", "<script>", "%41%", "x" * 128]:
        said = await browser.login(await world.person(), state=state)
        assert said["state"] == state
        assert told(await browser.authorize(state=state, prompt="none"))["state"] == state


async def test_the_yes_cannot_be_clicked_through_a_frame(world, browser):
    """No page of the flow may be framed, not even by the site's own origins."""
    started = await browser.authorize()
    page, _ = await browser.page(started)
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    wechat = Browser(world)
    started = await wechat.authorize(headers={"User-Agent": "MicroMessenger/8.0"})
    page = await wechat.get(started.headers["Location"], **{"User-Agent": "MicroMessenger/8.0"})
    ask = re.search(r'href="([^"]*/ask/[^"]*)"', page.text)[1]
    asked = await wechat.get(ask)
    assert "frame-ancestors 'none'" in asked.headers["Content-Security-Policy"]


async def test_a_relayed_qr_code_is_asked_about_with_client_website_device_and_reference(world, browser):
    """A victim who is shown the attacker's QR code reads what they would sign in to, and that saying no is one word."""
    victim = await world.person()
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
    started = await browser.authorize(ui_locales="en", headers={"User-Agent": agent})
    text = await browser.scanned_by(victim, started)
    _, state = await browser.page(started)
    for shown in (
        "Moonhill Wiki",
        "Moonhill Tea",
        "wiki.example",
        state["reference"],
        "Windows",
        "127.0.*.*",
        "不是我",
    ):
        assert shown in text
    await victim.say("不是我")
    assert told(await browser.back())["error"] == "access_denied"


async def test_cancelling_by_a_page_of_another_origin_does_nothing(world, browser):
    page, _ = await browser.page(await browser.authorize())
    leave = re.search(r'action="([^"]*/return/[^"]*)"', page.text)[1]
    refused = await browser.get(leave, method="POST", Origin="https://evil.example")
    assert refused.status == 403
    assert (await Browser(world).get(leave, method="POST")).status == 410
    assert (await browser.get(browser.path + "/state"))["status"] == "pending"


async def test_basic_that_is_none_is_a_refusal(browser):
    for given in (b"\xff\xfe:x", b"wiki", b"wiki:", b":", b"nobody:x", b"wiki:\xff"):
        for header in (
            "Basic " + base64.b64encode(given).decode(),
            "Basic",
            "Basic !!!",
            "Bearer x",
            "Basic " + "A" * 4000,
        ):
            answer = await browser.exchange(
                "oc_x_y", client_id=None, client_secret=None, headers={"Authorization": header}
            )
            assert (answer.status, answer["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xff",
        b"grant_type=authorization_code&code=%FF%FE&client_id=wiki&client_secret=" + SECRET.encode(),
        b"a=1&" * 100,
    ],
)
async def test_bodies_that_are_none_are_refusals(browser, body):
    answer = await browser.exchange("x", body=body)
    assert 400 <= answer.status < 500


async def test_a_refusal_keeps_nothing_of_the_calls_before(world):
    """An exception that is raised a second time still has the frames of the first, with the parameters in them."""
    here = world.app[SERVICES]
    site = here.directory.sites["shop"]
    client, depths = here.oidc.parties.client(site, "wiki"), set()
    for code in ("oc_none", "oc_none", "oc_none"):
        with pytest.raises(ProtocolError, check=lambda error: error.error == "invalid_grant") as refused:
            await here.oidc.tokens.exchange(
                site, client, [("grant_type", "authorization_code"), ("code", code)], "https://issuer.example"
            )
        depths.add(len(refused.traceback))
    assert len(depths) == 1


async def test_other_grants_and_repeated_parameters_are_refused(world, browser):
    said = await browser.login(await world.person())
    for wrong, error in (
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
        ({"code": None}, "invalid_request"),
        ({"code": "oc_none"}, "invalid_grant"),
        ({"code": "ключ"}, "invalid_grant"),
    ):
        answer = await browser.exchange(wrong.pop("code", said["code"]), **wrong)
        assert (answer.status, answer["error"]) == (400, error)
    twice = f"grant_type=authorization_code&code={said['code']}&code=x&client_id=wiki&client_secret={SECRET}"
    assert (await browser.exchange("", body=twice))["error"] == "invalid_request"
    assert (await browser.exchange(said["code"])).status == 200


async def test_too_many_logins_from_an_address_end_at_the_app(new_world):
    limits = {"site_starts": "none", "address_starts": ["3/hour"]}
    async with new_world(**provider(sites__shop__limits=limits)) as world:
        browser = Browser(world)
        for _ in range(3):
            assert "/p/" in (await browser.authorize()).headers["Location"]
        said = told(await browser.authorize())
        assert (said["error"], said["state"]) == ("temporarily_unavailable", "st-1")


async def test_no_secret_of_the_flow_is_logged(world, browser, capsys):
    person = await world.person()
    said = await browser.login(person, state="state-of-the-client", nonce="nonce-of-the-client")
    tokens = await browser.exchange(said["code"])
    await browser.userinfo(tokens["access_token"])
    again = await browser.exchange(said["code"])
    assert again.status == 400
    claims = await browser.claims(tokens.json)
    logged = capsys.readouterr()
    for secret in (
        said["code"],
        tokens["access_token"],
        tokens["id_token"],
        SECRET,
        person.openid,
        claims["sub"],
        "state-of-the-client",
        "nonce-of-the-client",
    ):
        assert secret not in logged.out + logged.err
    assert "oidc_code_replayed" in logged.out + logged.err


async def test_the_store_holds_neither_codes_nor_tokens(world, browser, dump):
    said = await browser.login(await world.person())
    tokens = await browser.exchange(said["code"])
    held = repr(dump())
    for secret in (said["code"], tokens["access_token"], SECRET):
        assert secret not in held


async def test_an_end_of_session_is_no_open_redirector(browser):
    for address in ("https://evil.example/", "//evil.example", "https://wiki.example/bye/", "javascript:alert(1)"):
        answer = await browser.get(f"/oidc/shop/logout?post_logout_redirect_uri={address}&client_id=wiki")
        assert answer.status == 200


async def test_nobody_is_shown_to_an_app_under_the_name_of_a_visitor(new_world):
    """Apps know people by `preferred_username` too, and a website may let people choose the user they are bound as."""
    async with new_world(**provider()) as world:
        victim, platform = await world.person(), world.platform
        name = (await claims_of(Browser(world), victim))["preferred_username"]
        port = int(world.service.rpartition(":")[2])
    async with new_world(platform=platform, service_port=port) as world:
        # Without an issuer a site has no such names. The bindings stay when it gets one.
        attackers = [await world.bound(taken) for taken in (name, name.upper())]
    async with new_world(
        **provider(CONFIDENTIAL | {"bind_visitors": True}), platform=platform, service_port=port
    ) as world:
        browser = Browser(world)
        for attacker in attackers:
            claims = await claims_of(browser, Person(world, attacker.openid))
            for claim in ("preferred_username", "nickname", "name"):
                assert claims[claim].lower() != name, claim
            assert claims["preferred_username"] == f"wx_{claims['sub'][:16]}"
        # A login that binds does not give the victim a name whose codes go to somebody else.
        victim = Person(world, victim.openid)
        assert (await browser.login(victim))["error"] == "access_denied"
        assert (await world.call("GET", f"/v1/bindings/{name}"))["openid"] == attackers[0].openid
        # A name that only looks alike is a name.
        assert (await world.bind(name.replace("wx_", "wy_"), victim)).status == 201
        assert (await claims_of(browser, victim))["preferred_username"] == name.replace("wx_", "wy_")


async def claims_of(browser, person):
    said = await browser.login(person)
    return await browser.claims((await browser.exchange(said["code"])).json)


async def test_a_hint_is_in_no_log_and_leaves_with_no_referrer(new_world):
    """An app sends the ID token in an address (`id_token_hint`); the answers are redirects and pages."""
    with log() as written:
        async with new_world(**provider()) as world:
            hint = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0LW9mLWEtcGVyc29u.c2ln"
            seen = [await Browser(world).authorize(id_token_hint=hint)]
            seen.append(await Browser(world).authorize(id_token_hint=hint, client_id="nobody"))
            seen.append(await Browser(world).authorize(id_token_hint=hint, response_type="token"))
            ways = ("", "&post_logout_redirect_uri=https://evil.example/", "&client_id=%ff", "&x" * 200)
            seen += [await Browser(world).get(f"/oidc/shop/logout?id_token_hint={hint}{more}") for more in ways]
    assert {answer.headers["Referrer-Policy"] for answer in seen} == {"no-referrer"}
    assert '"request"' in written.getvalue()
    assert hint.split(".")[1] not in written.getvalue()
    assert all(hint not in answer.text + answer.headers.get("Location", "") for answer in seen)
