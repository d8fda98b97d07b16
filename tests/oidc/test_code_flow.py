"""The authorisation code flow with raw HTTP, a person at the sandbox's phone."""

from __future__ import annotations

import json

import pytest

from tests.oidc.parties import CALLBACK, CONFIDENTIAL, PUBLIC, SECRET, Browser, pkce, provider, told
from tests.service.streams import listening


async def test_a_person_logs_in_to_a_confidential_client(world, browser):
    person = await world.bound("u-1")
    said = await browser.login(person, nonce="n-1", scope="openid profile email")
    assert said.keys() == {"code", "state", "iss"}
    assert (said["state"], said["iss"]) == ("st-1", f"{world.service}/oidc/shop")
    answer = await browser.exchange(said["code"])
    assert answer.status == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert {k: answer[k] for k in ("token_type", "expires_in", "scope")} == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "openid profile email",
    }
    claims = await browser.claims(answer.json)
    assert claims["nonce"] == "n-1"
    assert claims["aud"] == "wiki"
    assert claims["preferred_username"] == "u-1"
    assert claims["amr"] == ["mca"]
    assert "email" not in claims
    told = await browser.userinfo(answer["access_token"])
    assert told.status == 200
    assert {k: claims[k] for k in told.json} == told.json
    assert person.openid not in answer.text + told.text


async def test_the_subject_is_the_same_each_time_and_another_on_another_site(new_world):
    clients = {"clients": [CONFIDENTIAL]}
    async with new_world(**provider(sites__cafe__oidc=clients)) as world:
        person = await world.person()
        subjects = []
        for site in ("shop", "shop", "cafe"):
            browser = Browser(world, site)
            said = await browser.login(person)
            subjects.append((await browser.claims((await browser.exchange(said["code"])).json))["sub"])
        assert subjects[0] == subjects[1] != subjects[2]


async def test_a_visitor_without_a_binding_logs_in_where_the_client_allows_it(world, browser):
    person = await world.person()
    said = await browser.login(person)
    claims = await browser.claims((await browser.exchange(said["code"])).json)
    assert claims["preferred_username"] == f"wx_{claims['sub'][:16]}"
    assert "nonce" not in claims


async def test_a_visitor_is_refused_where_the_client_wants_users(new_world):
    async with new_world(**provider(CONFIDENTIAL | {"visitors": False})) as world:
        browser = Browser(world)
        person = await world.person()
        said = await browser.login(person)
        assert (said["error"], said["state"]) == ("access_denied", "st-1")
        texts = "".join(message.get("content", "") for message in await person.messages())
        assert "注册" not in texts, "no website signs them up"
        assert texts.count("没有绑定") == 2, "in the question and after it"
        assert "code" in await Browser(world).login(await world.bound("u-1"))


async def test_a_public_client_proves_itself_by_pkce(world, browser):
    person = await world.bound("u-1")
    verifier, challenge = pkce()
    uri = "http://127.0.0.1:49152/back"
    said = await browser.login(
        person, client_id="app", redirect_uri=uri, code_challenge=challenge, code_challenge_method="S256"
    )
    answer = await browser.exchange(
        said["code"], client_id="app", client_secret=None, redirect_uri=uri, code_verifier=verifier
    )
    assert answer.status == 200, answer.text
    assert (await browser.claims(answer.json, audience="app"))["preferred_username"] == "u-1"


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_the_client_chooses_the_signature(new_world, algorithm):
    async with new_world(**provider(CONFIDENTIAL | {"algorithm": algorithm})) as world:
        browser = Browser(world)
        found = await world.call("GET", "/oidc/shop/.well-known/openid-configuration", key=None)
        assert set(found["id_token_signing_alg_values_supported"]) == {"RS256", algorithm}
        said = await browser.login(await world.bound("u-1"))
        await browser.claims((await browser.exchange(said["code"])).json)


async def test_a_made_up_address_is_never_verified(new_world):
    async with new_world(**provider(CONFIDENTIAL | {"email_domain": "wechat.invalid"})) as world:
        browser = Browser(world)
        said = await browser.login(await world.person(), scope="openid email")
        claims = await browser.claims((await browser.exchange(said["code"])).json)
        assert (claims["email"], claims["email_verified"]) == (f"{claims['sub']}@wechat.invalid", False)


async def test_declining_expiring_and_going_back_end_in_an_error(world, browser):
    person = await world.person()
    await browser.scanned_by(person, await browser.authorize())
    await person.say("拒绝")
    declined = told(await browser.back())
    assert declined == {
        "error": "access_denied",
        "error_description": "The person declined in WeChat.",
        "state": "st-1",
        "iss": f"{world.service}/oidc/shop",
    }
    page, state = await browser.page(await browser.authorize())
    leave = page.text.partition('action="')[2].partition('"')[0]
    left = await browser.get(leave, method="POST", Origin=world.service)
    assert told(left)["error"] == "access_denied"
    assert state["return_to"] is None
    await browser.page(await browser.authorize())
    await world.advance(166)
    expired = told(await browser.back())
    assert expired["error_description"] == "The person did not confirm in time."


async def test_the_page_and_the_chat_name_the_client(world, browser):
    person = await world.person()
    asked = await browser.scanned_by(person, await browser.authorize(ui_locales="en"))
    assert "Moonhill Wiki · Moonhill Tea" in asked
    assert "wiki.example" in asked
    page, _ = await browser.page(await browser.authorize(ui_locales="zh-CN"), language="en")
    assert "山月百科" in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


async def test_the_events_speak_the_language_that_the_client_asked_for(world, browser):
    _, state = await browser.page(await browser.authorize(ui_locales="en"), language="zh-CN")
    async with listening(world, f"{browser.path}/events", key=None) as stream:
        event = await stream.next()
    assert {"title", "hint", "site"} <= event.keys()
    assert {name: event[name] for name in ("title", "hint", "site")} == {
        name: state[name] for name in ("title", "hint", "site")
    }
    assert event["site"] == "Moonhill Wiki"


async def test_the_answer_comes_only_to_the_browser_that_asked(world, browser):
    person = await world.person()
    await browser.scanned_by(person, await browser.authorize())
    await person.say("确认")
    url = (await browser.get(browser.path + "/state")).json["return_to"]
    stranger = await Browser(world).get(url)
    assert stranger.status == 410
    assert "location" not in stranger.headers
    first, again = told(await browser.get(url)), told(await browser.get(url))
    assert first["code"] == again["code"]
    assert (await browser.exchange(first["code"])).status == 200
    assert (await browser.get(url)).status == 410


async def test_a_code_is_good_once_and_for_a_minute_and_its_replay_revokes(world, browser):
    person = await world.person()
    said = await browser.login(person)
    answer = await browser.exchange(said["code"])
    assert (await browser.userinfo(answer["access_token"])).status == 200
    again = await browser.exchange(said["code"])
    assert (again.status, again["error"]) == (400, "invalid_grant")
    gone = await browser.userinfo(answer["access_token"])
    assert gone.status == 401
    assert 'error="invalid_token"' in gone.headers["WWW-Authenticate"]
    said = await browser.login(person)
    await world.advance(61)
    late = await browser.exchange(said["code"])
    assert (late.status, late["error"]) == (400, "invalid_grant")


async def test_the_client_is_authenticated_before_its_code_is_touched(world, browser):
    """Go's clients try HTTP Basic, and then the body with the same code."""
    said = await browser.login(await world.person())
    refused = await browser.exchange(said["code"], basic=("wiki", "wrong"))
    assert (refused.status, refused["error"]) == (401, "invalid_client")
    assert refused.headers["WWW-Authenticate"].startswith("Basic")
    assert (await browser.exchange(said["code"], client_secret="wrong")).status == 401
    assert (await browser.exchange(said["code"])).status == 200


async def test_basic_is_understood_plain_and_encoded(world, browser):
    person = await world.person()
    for secret in (SECRET, SECRET.replace("-", "%2D")):
        said = await browser.login(person)
        assert (await browser.exchange(said["code"], basic=("wiki", secret))).status == 200


async def test_json_is_for_clients_that_are_allowed_to_send_it(new_world):
    """one-api posts JSON to the token endpoint."""
    async with new_world(**provider(CONFIDENTIAL | {"json_body": True}, PUBLIC)) as world:
        browser = Browser(world)
        said = await browser.login(await world.person())
        assert (await browser.exchange(said["code"], json=True)).status == 200
    async with new_world(**provider()) as world:
        browser = Browser(world)
        said = await browser.login(await world.person())
        assert (await browser.exchange(said["code"], json=True))["error"] == "invalid_request"
        assert (await browser.exchange(said["code"])).status == 200


async def test_revocation(world, browser):
    said = await browser.login(await world.person())
    token = (await browser.exchange(said["code"]))["access_token"]
    revoke = {"token": token, "client_id": "wiki", "client_secret": SECRET}
    wrong = await world.call("POST", "/oidc/shop/revoke", key=None, data=revoke | {"client_secret": "no"})
    assert (wrong.status, wrong["error"]) == (401, "invalid_client")
    assert (await browser.userinfo(token)).status == 200
    for _ in range(2):
        assert (await world.call("POST", "/oidc/shop/revoke", key=None, data=revoke)).status == 200
    assert (await browser.userinfo(token)).status == 401


async def test_iss_can_be_switched_off_for_a_client(new_world):
    async with new_world(**provider(CONFIDENTIAL | {"response_iss": False})) as world:
        browser = Browser(world)
        assert (await browser.login(await world.person())).keys() == {"code", "state"}
        assert told(await browser.authorize(prompt="none")).keys() == {"error", "error_description", "state"}


async def test_the_logout_leads_only_to_registered_addresses(browser):
    bye = await browser.get("/oidc/shop/logout?post_logout_redirect_uri=https%3A%2F%2Fwiki.example%2Fbye&state=x")
    assert bye.headers["Location"] == "https://wiki.example/bye?state=x"
    away = await browser.get("/oidc/shop/logout?post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F")
    assert away.status == 200
    assert CALLBACK not in away.text


async def test_a_qr_code_that_another_scanned_is_renewed_for_the_same_request_and_no_longer_time(world, browser):
    """The successor answers the same relying party, in the time that was left."""
    other, person = await world.person(), await world.person()
    await browser.scanned_by(other, await browser.authorize(state="st-2"))
    before = (await browser.get(browser.path + "/state")).json
    await world.advance(30)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", "Origin": world.service}
    renewed = await browser.get(browser.path + "/renew", method="POST", data="", **form)
    _, state = await browser.page(renewed)
    assert state["expires_at"] == before["expires_at"]
    await person.say(state["scan"]["keyword"])
    assert "wiki.example" in await person.last_text()
    await person.say("确认")
    said = told(await browser.back())
    assert said["state"] == "st-2"
    assert (await browser.exchange(said["code"])).status == 200


@pytest.mark.parametrize("cookies", [{}, {"codesvc_oidc_of_another": "x"}])
async def test_only_the_browser_that_began_the_login_may_renew_it(world, browser, cookies):
    """Another reads the page without the renewal: what it confirmed would log in the browser that began."""
    other = await world.person()
    await browser.scanned_by(other, await browser.authorize())
    stranger = Browser(world, cookies=cookies)
    page, state = await browser.get(browser.path), (await browser.get(browser.path + "/state")).json
    seen, said = await stranger.get(browser.path), (await stranger.get(browser.path + "/state")).json
    assert (state["renew"], said["renew"]) == ("scan", None)
    assert (f"{browser.path}/renew" in page.text, f"{browser.path}/renew" in seen.text) == (True, False)
    for sent in (
        {"data": "{}", "Content-Type": "application/json"},
        {"data": "", "Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"},
    ):
        refused = await stranger.get(browser.path + "/renew", method="POST", **sent)
        assert refused.status == 403, refused.text
        assert f"{browser.path}/renew" not in refused.text
    # The question goes on, and the browser that began may still renew.
    assert (await browser.get(browser.path + "/state")).json["status"] == "scanned"
    as_json = {"Content-Type": "application/json"}
    assert (await browser.get(browser.path + "/renew", method="POST", data="{}", **as_json)).status == 200
    again = await stranger.get(browser.path + "/renew", method="POST", data="{}", **as_json)
    assert again.status == 403, again.text


async def test_the_events_of_a_page_offer_a_renewal_only_to_the_browser_that_began(world, browser):
    other = await world.person()
    await browser.scanned_by(other, await browser.authorize())
    seen = []
    for cookies in (browser.cookies, {}):
        jar = "; ".join(f"{name}={value}" for name, value in cookies.items())
        url, headers = world.service + browser.path + "/events", {"Cookie": jar} if jar else {}
        async with world.http.get(url, headers=headers) as stream:
            async for line in stream.content:
                if line.startswith(b"data:"):
                    seen.append(json.loads(line[5:])["renew"])
                    break
    assert seen == ["scan", None]
