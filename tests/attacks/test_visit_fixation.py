"""Cookies that another host of the domain has set before we do: below a path of `public_url` browsers allow it.

Its owner has any value that the service issues to strangers, and plants it in the victim's browser. The victim opens
one link. Nothing that the victim proves or confirms may then count in the browser of whoever planted the cookie.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.oidc.parties import Browser, provider, told
from tests.people.asks import bind_intent, status
from tests.people.browsers import WITH_CHAT, links_in, open_in_wechat

IN_WECHAT = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) MicroMessenger/8.0.50"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def through_wechat(person, sent):
    """The person's WeChat follows a redirect to the authorisation page: the address that it comes back to."""
    view = await open_in_wechat(person, sent.headers["Location"])
    return next(hop["url"] for hop in view["hops"] if "/oauth?" in hop["url"])


async def proves(browser, person, link):
    """The person opens a question in this browser, and WeChat proves who they are: the question's page."""
    sent = await browser.get(link, **IN_WECHAT)
    assert (sent.status, "/connect/oauth2/" in sent.headers["Location"]) == (303, True)
    back = await browser.get(await through_wechat(person, sent), **IN_WECHAT)
    assert back.status == 303, back.text
    return await browser.get(link, **IN_WECHAT)


def token_in(page):
    return re.search(r'name="token" value="(\w+)"', page.text)[1]


async def answers(browser, link, page, act="yes"):
    return await browser.get(link, method="POST", data=f"token={token_in(page)}&act={act}", **IN_WECHAT, **FORM)


@pytest.fixture
async def shop(new_world):
    async with new_world(**provider()) as world:
        yield world


async def login_at_the_app(world):
    """The attacker begins a login inside WeChat: their browser, and the link to its question."""
    attacker = Browser(world)
    attacker.path = (await attacker.authorize(headers=IN_WECHAT)).headers["Location"]
    return attacker, re.search(r'href="([^"]*/ask/[^"]*)"', (await attacker.get(attacker.path, **IN_WECHAT)).text)[1]


@pytest.mark.parametrize("value", ["chosen-by-the-attacker-000000000", ""])
async def test_what_a_victim_proves_does_not_count_for_a_planted_cookie(shop, value):
    victim = await shop.bound("victim")
    attacker, ask = await login_at_the_app(shop)
    await attacker.get(ask, **IN_WECHAT)  # and has a cookie of this visit from the service itself
    visits = {name: value or own for name, own in attacker.cookies.items() if "visit" in name}
    visits |= {"codesvc_visit": value or "x" * 32}
    attacker.cookies |= visits
    caught = Browser(shop, cookies=dict(attacker.cookies))
    question = await proves(caught, victim, ask)
    assert 'name="act"' in question.text
    for own in (attacker, Browser(shop, cookies=dict(attacker.cookies) | visits)):
        assert 'name="act"' not in (await own.get(ask, **IN_WECHAT)).text
        # Nor does the victim's page hold a token that the planted cookie would make good.
        assert (await answers(own, ask, question)).status == 403


async def test_a_yes_without_a_scan_counts_in_the_browser_that_said_it(shop):
    victim = await shop.bound("victim")
    attacker, ask = await login_at_the_app(shop)
    caught = Browser(shop, cookies=dict(attacker.cookies))
    assert (await answers(caught, ask, await proves(caught, victim, ask))).status == 303
    assert (await attacker.back()).status == 410
    caught.path = attacker.path
    # There the app knows no login of this state, and refuses.
    assert "code" in told(await caught.back())


async def test_a_state_of_the_attackers_own_proves_nothing_to_them(shop):
    """The attacker sends the link to WeChat that was made for their own cookie, which the victim's browser has too."""
    victim = await shop.bound("victim")
    attacker, ask = await login_at_the_app(shop)
    sent = await attacker.get(ask, **IN_WECHAT)
    caught = Browser(shop, cookies=dict(attacker.cookies))
    await caught.get(await through_wechat(victim, sent), **IN_WECHAT)
    assert 'name="act"' not in (await attacker.get(ask, **IN_WECHAT)).text
    assert 'name="act"' in (await caught.get(ask, **IN_WECHAT)).text


async def test_a_cookie_that_comes_twice_is_none(shop):
    victim = await shop.bound("victim")
    started = await bind_intent(shop, method="oauth")
    link, browser = started["link"].removeprefix(shop.service), Browser(shop)
    back = await through_wechat(victim, await browser.get(link, **IN_WECHAT))
    [(name, value)] = [pair for pair in browser.cookies.items() if "visit" in pair[0]]
    path = back.removeprefix(shop.service)
    for first, second in ((value, "planted"), ("planted", value), (value, value)):
        answer = await shop.call("GET", path, key=None, headers={"Cookie": f"{name}={first}; {name}={second}"})
        assert (answer.status, "Cookie" in answer.text) == (403, True)
    # The language of the operators' pages is no secret; twice it is as if there were none.
    twice = {"Cookie": "codesvc_admin_language=en; codesvc_admin_language=en"}
    assert (await shop.call("GET", "/p/none", key=None, headers=twice)).status == 404
    assert 'name="act"' in (await browser.get((await browser.get(path, **IN_WECHAT)).headers["Location"])).text


async def test_digits_prove_the_browser_that_asked_for_them(new_world):
    async with new_world(**WITH_CHAT) as world:
        person = await world.bound("alice")
        await person.say("重置密码")
        [link] = links_in(await person.last_text())
        path = urlsplit(link).path
        attacker = Browser(world)  # who has seen the link
        await attacker.get(path)
        caught = Browser(world, cookies=dict(attacker.cookies))
        page = await caught.get(path)
        shown = await caught.get(path, method="POST", data=f"token={token_in(page)}&act=show", **FORM)
        assert shown.status == 303
        digits = re.search(r'id="digits">(\d{6})<', (await caught.get(path)).text)[1]
        await person.say(digits)
        assert (await caught.get(path)).status == 303
        assert (await attacker.get(path)).status == 200


async def test_a_cookie_planted_below_another_name_proves_nothing(new_world):
    """Chromium takes U+2000 as part of the name, so that `__Host-` keeps no sibling host from setting this cookie."""
    async with new_world(**WITH_CHAT) as world:
        person = await world.bound("alice")
        await person.say("重置密码")
        [link] = links_in(await person.last_text())
        path, attacker = urlsplit(link).path, Browser(world)
        page = await attacker.get(path)
        await attacker.get(path, method="POST", data=f"token={token_in(page)}&act=show", **FORM)
        await person.say(re.search(r'id="digits">(\d{6})<', (await attacker.get(path)).text)[1])
        assert (await attacker.get(path)).status == 303
        caught = Browser(world, cookies={f"\u2000{name}": value for name, value in attacker.cookies.items()})
        assert (await caught.get(path)).status == 200


async def test_two_tabs_and_a_double_delivery_go_on(world):
    person = await world.person()
    links = [(await bind_intent(world, user, method="oauth"))["link"] for user in ("alice", "bob")]
    browser = Browser(world)
    sent = [await browser.get(link, **IN_WECHAT) for link in (*links, links[0])]
    backs = [await through_wechat(person, each) for each in sent]
    before = dict(browser.cookies)
    for back in backs:
        assert (await browser.get(back, **IN_WECHAT)).status == 303
    # The same code once more, from before the first answer had arrived, and after it (the Back button).
    slow = Browser(world, cookies=before)
    assert (await slow.get(backs[2], **IN_WECHAT)).status == 303
    assert (await browser.get(backs[0], **IN_WECHAT)).status == 303
    for link in links:
        page = await browser.get(link, **IN_WECHAT)
        assert (await answers(browser, link, page)).status == 303
    assert parse_qs(urlsplit(backs[0]).query)["state"] == parse_qs(urlsplit(backs[2]).query)["state"]


async def test_a_delivery_that_crosses_the_first_answer_gets_the_same_cookie(world):
    person, browser = await world.person(), Browser(world)
    started = await bind_intent(world, method="oauth")
    back = await through_wechat(person, await browser.get(started["link"], **IN_WECHAT))
    second = Browser(world, cookies=dict(browser.cookies))
    await browser.get(back, **IN_WECHAT)
    await second.get(back, **IN_WECHAT)
    assert second.cookies == browser.cookies
    page = await browser.get(started["link"], **IN_WECHAT)
    assert (await answers(second, started["link"], page)).status == 303
    assert await status(world, started) == "bound"


async def test_of_visits_a_browser_keeps_the_latest(shop):
    """Links of one's own could lead a browser to ever more visits, until its requests are too long for every page."""
    browser, ask = await login_at_the_app(shop)
    old = {f"codesvc_visit_{number:012x}": "x" * 60 for number in range(25)}
    others = {"codesvc_visit_more=than": "1", "codesvc_visit_\xe9": "1", "other": "1"}
    browser.cookies |= others | old
    sent = await browser.get(ask, **IN_WECHAT)
    assert sent.status == 303
    lines = sent.headers.getall("Set-Cookie")
    assert [line.partition("=")[0] for line in lines if "Max-Age=0" in line] == list(old)[:6]
    (new,) = [line for line in lines if "Max-Age=0" not in line]
    assert new.startswith("codesvc_visit_")
