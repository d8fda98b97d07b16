"""Signing in to an app inside WeChat's own browser: nobody can scan there, web authorisation proves the person."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.oidc.parties import CONFIDENTIAL, Browser, provider
from tests.people.browsers import open_in_wechat, press
from tests.stores import free_port
from tests.webhooks.receiver import hook, receiving


@pytest.fixture
async def shop(new_world):
    """A world whose app would be where nobody listens: a browser that was sent there has arrived."""
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
