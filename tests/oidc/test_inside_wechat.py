"""Signing in to an app inside WeChat's own browser: there is no scan there, web authorisation proves the person."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.kinds import refused, world_of
from tests.oidc.parties import CONFIDENTIAL, Browser, provider, told
from tests.people.browsers import open_in_wechat, press
from tests.stores import free_port
from tests.webhooks.receiver import hook, receiving


@pytest.fixture
async def shop(new_world):
    """A world whose app has an address at which no server listens: a browser that was sent there has arrived."""
    callback = f"http://127.0.0.1:{free_port()}/callback"
    client = CONFIDENTIAL | {"redirect_uris": [callback]}
    async with new_world(**provider(client)) as world:
        query = {"response_type": "code", "client_id": "wiki", "redirect_uri": callback, "scope": "openid profile"}
        yield world, callback, f"{world.service}/oidc/shop/authorize?{urlencode(query | {'state': 'st-1'})}"


async def asked(world, person, start):
    """Open the app's button in WeChat: the question."""
    page = await open_in_wechat(person, start)
    assert page["status"] == 200, page
    ask = re.search(r'href="([^"]*/ask/[^"]*)"', page["body"])[1]
    return await open_in_wechat(person, ask if ask.startswith("http") else world.service + ask)


async def test_a_yes_on_the_page_leads_back_to_the_app(shop):
    world, callback, start = shop
    person = await world.bound("u-1")
    question = await asked(world, person, start)
    for shown in ("山月百科", "山月茶铺", urlsplit(callback).netloc):
        assert shown in question["body"]
    page = await press(person, question, "yes")
    back = re.search(r'data-go="([^"]*)"', page["body"])[1].replace("&amp;", "&")
    end = await open_in_wechat(person, back)
    said = dict(parse_qsl(urlsplit(end["url"]).query))
    assert said["state"] == "st-1"
    answer = await Browser(world).exchange(said["code"], redirect_uri=callback)
    assert answer.status == 200, answer.text
    assert (await Browser(world).claims(answer.json))["preferred_username"] == "u-1"


async def test_a_no_leads_back_with_an_error(shop):
    world, _, start = shop
    person = await world.person()
    page = await press(person, await asked(world, person, start), "no")
    back = re.search(r'data-go="([^"]*)"', page["body"])[1].replace("&amp;", "&")
    said = dict(parse_qsl(urlsplit((await open_in_wechat(person, back))["url"]).query))
    assert said["error"] == "access_denied"


async def test_one_of_several_users_is_chosen(new_world):
    callback = f"http://127.0.0.1:{free_port()}/callback"
    client = CONFIDENTIAL | {"redirect_uris": [callback]}
    async with new_world(**provider(client, sites__shop__users_per_wechat="many")) as world:
        browser, person = Browser(world), await world.bound("u-1")
        assert (await world.bind("u-2", person)).status == 201
        await browser.scanned_by(person, await browser.authorize(redirect_uri=callback))
        await person.say("2")
        said = dict(parse_qsl(urlsplit((await browser.back()).headers["Location"]).query))
        tokens = (await browser.exchange(said["code"], redirect_uri=callback)).json
        claims = await browser.claims(tokens)
        assert claims["preferred_username"] == "u-2"


async def test_the_webhook_names_the_app(new_world):
    async with receiving() as receiver, new_world(**provider(sites__shop__webhook=hook(receiver))) as world:
        await Browser(world).login(await world.bound("u-1"))
        [event] = await receiver.of("login.approved")
        assert event.data["client"] == "wiki"


async def test_a_visitors_login_binds_where_the_app_wants_it_and_the_question_says_so(new_world):
    async with new_world(**provider(CONFIDENTIAL | {"bind_visitors": True})) as world:
        browser, person = Browser(world), await world.person()
        asked_in_chat = await browser.scanned_by(person, await browser.authorize(ui_locales="zh"))
        assert "并绑定这个微信" in asked_in_chat
        assert (await world.call("GET", f"/v1/bindings?openid={person.openid}"))["bindings"] == []
        await person.say("确认")
        said = told(await browser.back())
        claims = await browser.claims((await browser.exchange(said["code"])).json)
        user = claims["preferred_username"]
        [found] = (await world.call("GET", f"/v1/bindings?openid={person.openid}"))["bindings"]
        assert (found["user"], user[:3]) == (user, "wx_")
        # Codes reach the person under the name that the app knows; the subject is the same.
        before = len(await person.messages())
        await world.start(user, "reset")
        await person.wait_for_more(before)
        again = await browser.claims((await browser.exchange((await browser.login(person))["code"])).json)
        assert (again["sub"], again["preferred_username"]) == (claims["sub"], user)
        # Whoever says no is not bound.
        other = await world.person()
        await browser.scanned_by(other, await browser.authorize())
        await other.say("取消")
        assert told(await browser.back())["error"] == "access_denied"
        assert (await world.call("GET", f"/v1/bindings?openid={other.openid}"))["bindings"] == []


@pytest.mark.parametrize("agent", ["Mozilla/5.0 (Windows NT 10.0)", "Mozilla/5.0 MicroMessenger/8.0"])
async def test_an_account_that_may_only_answer_signs_people_in_by_keyword(new_world, agent):
    async with world_of(new_world, "unverified_subscription", **provider()) as world:
        browser, person = Browser(world), await world.person()
        started = await browser.authorize(headers={"User-Agent": agent})
        asked_in_chat = await browser.scanned_by(person, started)
        assert "href" not in asked_in_chat
        assert "wiki.example" in asked_in_chat
        await person.say("确认")
        said = told(await browser.back())
        assert (await browser.exchange(said["code"])).status == 200
        assert refused(world) == []
