"""What strangers can do at an issuer, which needs no key: they keep nobody out but each other."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from tests.oidc.parties import CONFIDENTIAL, Browser, provider, told
from tests.people.browsers import open_in_wechat, press
from tests.stores import free_port

LIMITS = {"site_starts": ["3/minute"], "address_starts": "none"}


@pytest.mark.parametrize("client_ip", ["required", "none"])
async def test_logins_that_strangers_begin_at_an_app_do_not_use_up_the_starts_of_the_site(new_world, client_ip):
    more = {"sites__shop__limits": LIMITS, "sites__shop__client_ip": client_ip}
    address = {"client_ip": "192.0.2.1"} if client_ip == "required" else {}
    async with new_world(**provider(**more)) as world:
        browser = Browser(world)
        person = await world.person()
        for _ in range(2):
            assert "error" not in told(await Browser(world).authorize())
        # A successor counts where its predecessor did.
        await browser.scanned_by(person, await browser.authorize())
        as_json = {"Content-Type": "application/json"}
        answer = await browser.get(browser.path + "/renew", method="POST", data="{}", **as_json)
        assert answer.status == 429, answer.text
        assert told(await Browser(world).authorize())["error"] == "temporarily_unavailable"
        for path, body in (
            ("/v1/verifications", {"purpose": "register", "user": "attempt-1"}),
            ("/v1/logins", {}),
            ("/v1/bind-intents", {"user": "u-1"}),
        ):
            started = await world.call("POST", path, body | address)
            assert started.status == 201, started.text
        # And the other way round: what the site starts keeps nobody out of an app.
        assert (await world.call("POST", "/v1/logins", address)).status == 429
        await world.advance(60)
        assert "error" not in told(await Browser(world).authorize())


async def test_a_link_to_the_question_that_is_sent_on_logs_nobody_in(new_world):
    """In WeChat's own browser nothing is scanned: question and app are in one browser, and another one is refused."""
    callback = f"http://127.0.0.1:{free_port()}/callback"
    query = {"response_type": "code", "client_id": "wiki", "redirect_uri": callback, "scope": "openid", "state": "st"}
    async with new_world(**provider(CONFIDENTIAL | {"redirect_uris": [callback]})) as world:
        victim, attacker = await world.bound("victim"), await world.bound("attacker")
        start = f"{world.service}/oidc/shop/authorize?{urlencode(query)}"
        page = await open_in_wechat(attacker, start)
        ask = re.search(r'href="([^"]*/ask/[^"]*)"', page["body"])[1]
        link = ask if ask.startswith("http") else world.service + ask
        for language, said in (("zh", "请回到开始登录的地方"), ("en", "Go back to where you began")):
            shown = await open_in_wechat(victim, link, language=language)
            assert (shown["status"], 'name="act"' in shown["body"]) == (403, False)
            assert said in shown["body"]
        # The sender has a login of their own, whose form fits no other question.
        own = await open_in_wechat(victim, start)
        mine = re.search(r'href="([^"]*/ask/[^"]*)"', own["body"])[1]
        question = await open_in_wechat(victim, mine if mine.startswith("http") else world.service + mine)
        pressed = await press(victim, question | {"url": link}, "yes")
        assert pressed["status"] == 403, pressed
        # Where it was begun it goes on.
        done = await press(attacker, await open_in_wechat(attacker, link), "yes")
        assert done["status"] == 200
        back = re.search(r'data-go="([^"]*)"', done["body"])[1].replace("&amp;", "&")
        assert "code=" in (await open_in_wechat(attacker, back))["url"]
