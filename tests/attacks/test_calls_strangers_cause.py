"""Calls to WeChat that requests without a key cause: each kind has a bound, and the owner's own way stays open."""

from __future__ import annotations

import asyncio
import re
from itertools import count as numbers
from urllib.parse import urlencode, urljoin

import pytest

from codesvc.domain.limits import Rate
from codesvc.store.visits import VisitLimits
from codesvc.web.context import SERVICES
from tests.oidc.parties import CALLBACK, provider
from tests.people.asks import bind_intent, wait_for_text
from tests.people.browsers import SITE, WITH_CHAT, browser, links_in, open_in_wechat, query_of

WECHAT = {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"}
NUMBERS = numbers()
PROXY = {"service__trusted_proxies": ["127.0.0.0/8"]}


async def exchanges(world):
    return len((await world.control("GET", "/calls?path=/sns/oauth2/access_token"))["calls"])


async def link_to_a_question(world, user="alice"):
    return (await bind_intent(world, user, method="oauth"))["link"]


async def state_for(stranger, link, **headers):
    """Open a question in a browser that says that it is WeChat's: the state that the service made for it."""
    sent = await stranger.go(link, headers=WECHAT | headers)
    assert sent.status == 303
    return query_of(sent.headers["Location"].replace("#wechat_redirect", ""))["state"]


async def test_bogus_codes_of_one_browser_are_not_all_taken_to_wechat(world):
    link = await link_to_a_question(world)
    async with browser() as stranger:
        state = await state_for(stranger, link)
        back = f"{world.service}/wechat/main/oauth?state={state}&code="
        answers = await asyncio.gather(*(stranger.go(f"{back}bogus-{number}") for number in range(40)))
    assert await exchanges(world) <= 10
    assert {answer.status for answer in answers} == {403, 429}
    refused = next(answer for answer in answers if answer.status == 429)
    assert int(refused.headers["Retry-After"]) > 0
    assert "稍后再打开链接" in refused.text


async def test_a_code_that_was_refused_is_not_taken_to_wechat_again(world):
    link = await link_to_a_question(world)
    async with browser() as stranger:
        back = f"{world.service}/wechat/main/oauth?state={await state_for(stranger, link)}&code=bogus"
        answers = [await stranger.go(back) for _ in range(4)]
    assert [answer.status for answer in answers] == [403] * 4
    assert await exchanges(world) == 1


async def test_a_state_that_is_not_ours_makes_no_call(world):
    link = await link_to_a_question(world)
    async with browser() as first, browser() as second:
        state = await state_for(first, link)
        await state_for(second, link)
        for code, sent in (("a", state), ("b", ""), ("c", "a" * 60), ("d", state[:-1])):
            assert (await second.go(f"{world.service}/wechat/main/oauth?state={sent}&code={code}")).status == 403
    assert await exchanges(world) == 0


async def test_a_state_that_was_used_makes_no_further_call(world):
    person = await world.person()
    link = await link_to_a_question(world)
    view = await open_in_wechat(person, link)
    back = next(hop["url"] for hop in view["hops"] if "/oauth?" in hop["url"])
    state = query_of(back)["state"]
    assert await exchanges(world) == 1
    for number in range(5):
        again = await open_in_wechat(person, f"{world.service}/wechat/main/oauth?state={state}&code=other-{number}")
        # The browser has proved who uses it, and goes on to the question.
        assert again["status"] == 200
        assert 'name="act"' in again["body"]
    assert await exchanges(world) == 1


async def test_new_browsers_and_networks_do_not_lift_the_bound_of_a_question(new_world):
    async with new_world(**PROXY) as world:
        link = await link_to_a_question(world)
        for number in range(50):
            here = {"X-Forwarded-For": f"198.51.{number}.1"}
            async with browser() as stranger:
                state = await state_for(stranger, link, **here)
                await stranger.go(f"{world.service}/wechat/main/oauth?state={state}&code=x-{number}", headers=here)
        assert await exchanges(world) == 40


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8:1:2::9"])
async def test_an_address_is_bounded_over_all_questions(new_world, address):
    async with new_world(**PROXY) as world:
        here = {"X-Forwarded-For": address}
        for number in range(8):
            link = await link_to_a_question(world, f"u-{number}")
            async with browser() as stranger:
                state = await state_for(stranger, link, **here)
                for code in range(6):
                    bogus = f"{world.service}/wechat/main/oauth?state={state}&code=x-{number}-{code}"
                    await stranger.go(bogus, headers=here)
        assert await exchanges(world) == 30
        # A person elsewhere is not touched.
        view = await open_in_wechat(await world.person(), await link_to_a_question(world, "elsewhere"))
        assert view["status"] == 200


async def test_good_codes_do_not_count_for_the_address_that_many_people_share(new_world):
    async with new_world() as world:
        world.app[SERVICES].store.visits.limits = VisitLimits(address=(Rate(2, 600),))
        for number in range(5):
            view = await open_in_wechat(await world.person(), await link_to_a_question(world, f"v-{number}"))
            assert view["status"] == 200, number
        async with browser() as stranger:
            state = await state_for(stranger, await link_to_a_question(world))
            back = f"{world.service}/wechat/main/oauth?state={state}&code=x"
            assert [(await stranger.go(f"{back}{number}")).status for number in range(3)] == [403, 403, 429]


async def test_where_wechat_is_out_of_reach_the_same_code_may_be_tried_again(world):
    person = await world.person()
    link = await link_to_a_question(world)
    fault = {"path": "/sns/oauth2/access_token", "kind": "http", "when": "before", "times": 1}
    await world.control("POST", "/faults", fault)
    view = await open_in_wechat(person, link)
    assert view["status"] == 403
    back = next(hop["url"] for hop in view["hops"] if "/oauth?" in hop["url"])
    view = await open_in_wechat(person, back)
    assert (view["status"], 'name="act"' in view["body"]) == (200, True)


async def app_login(stranger, world):
    """Begin a login at an app, which takes no key: the link to its question in WeChat."""
    asked = {"response_type": "code", "client_id": "wiki", "redirect_uri": CALLBACK, "scope": "openid", "state": "x"}
    sent = await stranger.go(f"{world.service}/oidc/shop/authorize?{urlencode(asked)}", headers=WECHAT)
    page = await stranger.go(urljoin(world.service, sent.headers["Location"]), headers=WECHAT)
    return urljoin(world.service, re.search(r'href="([^"]*/ask/[^"]*)"', page.text)[1])


async def bound_link(_, world):
    return await link_to_a_question(world, f"u-{next(NUMBERS)}")


async def brings_invented_codes(world, begin, count):
    """How many of the codes that a stranger invents are taken to WeChat, for as many questions as it needs."""
    before = await exchanges(world)
    for number in range(0, count, 8):
        async with browser() as stranger:
            state = await state_for(stranger, await begin(stranger, world))
            for code in range(8):
                await stranger.go(f"{world.service}/wechat/main/oauth?state={state}&code=x-{number}-{code}")
    return await exchanges(world) - before


async def test_what_anybody_can_begin_keeps_only_its_like_out_of_an_address(new_world):
    """Many people share an address: invented codes of logins must not shut out who opens a link of their own."""
    async with new_world(**provider(**WITH_CHAT)) as world:
        assert await brings_invented_codes(world, app_login, 48) == 30
        assert await brings_invented_codes(world, app_login, 8) == 0
        # The link to a question of a signed-in user, and a ticket from the chat.
        view = await open_in_wechat(await world.person(), await link_to_a_question(world))
        assert 'name="act"' in view["body"]
        person = await world.bound("bob")
        await person.say("重置密码")
        [link] = links_in(await wait_for_text(person, "重置密码</a>"))
        assert (await open_in_wechat(person, link))["url"].startswith(f"{SITE}/reset")


async def test_an_app_login_that_is_no_longer_kept_gets_no_other_window(new_world, valkey):
    async with new_world(**provider()) as world:
        assert await brings_invented_codes(world, app_login, 32) == 30
        async with browser() as stranger:
            state = await state_for(stranger, await app_login(stranger, world))
            for key in valkey.scan_iter("*:intent:lg_*"):
                valkey.delete(key)
            before = await exchanges(world)
            await stranger.go(f"{world.service}/wechat/main/oauth?state={state}&code=y")
            assert await exchanges(world) == before


async def test_the_window_of_bind_links_is_their_own(new_world):
    async with new_world(**provider()) as world:
        assert await brings_invented_codes(world, bound_link, 48) == 30
        assert await brings_invented_codes(world, app_login, 8) == 8
