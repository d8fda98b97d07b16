"""What strangers can do at an issuer, which needs no key: they keep nobody out but each other."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlencode

import pytest

from codesvc.domain.quota import Api
from codesvc.store.quotas import day_key
from codesvc.web.context import SERVICES
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
        for language, said in (("zh", "请回到开始登录的地方"), ("en", "Go back to where you started")):
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


PROXY = {"service__trusted_proxies": ["127.0.0.0/8"]}


async def begun(world, address, browser=None, **more):
    """Begin a login at the app from an address: whether it was taken."""
    answer = await (browser or Browser(world)).authorize(headers={"X-Forwarded-For": address}, **more)
    return "error" not in told(answer)


async def test_who_has_logged_in_before_gets_in_while_strangers_use_up_the_window(new_world):
    """Strangers from any number of networks: whoever has confirmed a login once has a window that they cannot fill."""
    limits = {"site_starts": ["3/minute"], "address_starts": ["3/hour"]}
    async with new_world(**provider(**PROXY, sites__shop__limits=limits)) as world:
        person, home = await world.person(), Browser(world)
        assert "code" in await home.login(person)
        await world.advance(3_600)
        for number in range(9):
            await begun(world, f"198.{number}.100.1")
        assert not await begun(world, "203.0.113.7")
        # The same browser, in another network by now.
        assert await begun(world, "203.0.113.7", home)
        # One person has one budget, and a cookie that was changed or is another site's none.
        name = next(name for name in home.cookies if "person" in name)
        good = home.cookies[name]
        # Of the last character of base64, four bits count; of the one before, all.
        changed = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
        for forged in (changed, "0" * 32 + good[32:], "", "a.b.c", "é.1.2"):
            assert not await begun(world, "203.0.113.8", Browser(world, cookies={name: forged}))
        assert [await begun(world, "203.0.113.9", Browser(world, cookies={name: good})) for _ in range(3)] == [
            True, True, False,
        ]  # fmt: skip


ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "object"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    {"Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Dest": "script"},
    {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Purpose": "prefetch;prerender"},
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("client_ip", ["required", "none"])
async def test_a_page_uses_up_no_logins_of_its_visitors_by_pictures_and_frames(new_world, method, client_ip):
    more = {"sites__shop__limits": {"address_starts": ["1/hour"], "site_starts": ["1/minute"]}}
    async with new_world(**provider(**PROXY, **more, sites__shop__client_ip=client_ip)) as world:
        visitor = {"X-Forwarded-For": "203.0.113.77"}
        for headers in ELSEWHERE:
            answer = await Browser(world).authorize(method=method, headers=visitor | headers)
            assert answer.status in {303, 403}
            assert answer.status == 403 or told(answer)["error"] == "login_required"
            assert "Set-Cookie" not in answer.headers
        opened = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        assert "error" not in told(await Browser(world).authorize(method=method, headers=visitor | opened))
        await world.advance(3_601)
        # WeChat's browser and old ones send none of these headers.
        assert "error" not in told(await Browser(world).authorize(method=method, headers=visitor))


POPUP = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_page_uses_up_no_logins_of_its_visitors_by_a_window_that_it_navigates(new_world, method):
    """Each navigation is one of a page of its own. The cookies of what the browser began say how many there were."""

    async def navigated(browser, address, number):
        """What a page makes of its window: with a form the browser sends no cookies, but it follows the redirect."""
        headers = POPUP | {"X-Forwarded-For": address}
        if method == "GET":
            return await browser.authorize(headers=headers, state=str(number))
        sent = await Browser(world).authorize(method="POST", headers=headers, state=str(number))
        assert "Set-Cookie" not in sent.headers
        return await browser.get(sent.headers["Location"], **headers)

    async with new_world(**provider(**PROXY)) as world:
        person, victim, first = await world.person(), Browser(world), "203.0.113.77"
        question = await victim.scanned_by(person, await navigated(victim, first, 0))
        page = victim.path
        for number in range(1, 60):
            taken = "error" not in told(await navigated(victim, first, number))
            assert taken == (number < 20)
        assert len([name for name in victim.cookies if "oidc" in name]) == 20
        assert sum(map(len, victim.cookies)) + sum(map(len, victim.cookies.values())) < 2_000
        # Whoever shares the address logs in, and the login that was under way comes to its end.
        assert await begun(world, first)
        assert "山月百科" in question
        await person.say("确认")
        victim.path = page
        assert "code" in told(await victim.back())
        # What is finished counts no more, and what was not is over after ten minutes.
        assert "error" not in told(await navigated(victim, first, 60))


async def test_a_form_of_another_site_that_fits_in_no_address_is_refused(new_world):
    async with new_world(**provider(**PROXY)) as world:
        answer = await Browser(world).authorize(method="POST", headers=POPUP, login_hint="x" * 7_000)
        assert told(answer)["error"] == "invalid_request"


async def test_logins_of_an_app_do_not_use_up_what_the_site_may_start_for_an_address(new_world):
    """Any page can make its reader's browser open the issuer: sixty pictures, and their sign-up was refused."""
    limits = {"address_starts": ["2/hour"], "site_starts": "none"}
    async with new_world(**provider(**PROXY, sites__shop__limits=limits)) as world:
        assert [await begun(world, "192.0.2.1") for _ in range(3)] == [True, True, False]
        body = {"purpose": "register", "user": "attempt-1", "client_ip": "192.0.2.1"}
        assert (await world.call("POST", "/v1/verifications", body)).status == 201
        assert (await world.call("POST", "/v1/logins", {"client_ip": "192.0.2.1"})).status == 201


@pytest.mark.parametrize("make", [lambda n: f"192.0.2.{n}", lambda n: f"2001:db8:77:{n:x}::1"], ids=["v4", "v6"])
async def test_a_network_has_a_budget_whatever_addresses_it_has(new_world, make):
    limits = {"address_starts": ["2/hour"], "site_starts": "none"}
    async with new_world(**provider(**PROXY, sites__shop__limits=limits)) as world:
        taken = [await begun(world, make(number + 1)) for number in range(12)]
        assert taken == [True] * 8 + [False] * 4
        assert await begun(world, "203.0.113.1")


async def test_one_provider_with_many_networks_takes_a_quarter_of_the_window(new_world):
    limits = {"address_starts": ["60/hour"], "site_starts": ["48/minute"]}
    async with new_world(**provider(**PROXY, sites__shop__limits=limits)) as world:
        taken = [await begun(world, f"2001:db8:{number:x}::1") for number in range(30)]
        assert sum(taken) == 12
        assert await begun(world, "203.0.113.1")
        assert await begun(world, "2a02:1::1")


async def test_what_the_largest_login_of_a_stranger_holds_is_bounded(new_world, valkey):
    """docs/decisions/threat-model.md multiplies it by the logins that strangers may begin while it is kept."""
    async with new_world(**provider(**PROXY)) as world:
        assert await begun(world, "192.0.2.1")
        before = {key: valkey.memory_usage(key) for key in valkey.keys("*")}
        # A form holds more than an address, 16,384 octets, of which each of the state's takes three.
        largest = {"method": "POST", "state": "状" * 682, "nonce": "n" * 1_024, "id_token_hint": "h" * 4_096}
        assert await begun(world, "192.0.2.2", **largest)
        after = {key: valkey.memory_usage(key) for key in valkey.keys("*")}
        assert 8_192 < sum(after[key] - before.get(key, 0) for key in after) < 16_384
        too_long = await Browser(world).authorize(**largest | {"id_token_hint": "h" * 12_000})
        assert too_long.status == 400


async def test_strangers_at_an_app_leave_the_sites_qr_codes_alone(new_world):
    """A login that needs no key shows a QR code, and each is one of the account's hundred thousand of a day."""
    limits = {"address_starts": "none", "site_starts": "none"}
    async with new_world(**provider(sites__shop__limits=limits)) as world:
        home, person = Browser(world), await world.person()
        assert "code" in await home.login(person)
        services = world.app[SERVICES]
        account = services.directory.accounts["main"]
        await services.store.quotas.learn(account.store_keys, Api.QRCODE, daily=20, used=0)

        async def picture(browser):
            started = await browser.authorize()
            assert "error" not in told(started)
            browser.path = started.headers["Location"]
            return (await browser.get(browser.path + "/qr.svg")).status

        seen = [await picture(Browser(world)) for _ in range(14)]
        assert seen.count(200) < 14
        # The page of whoever is refused has the keyword.
        late = Browser(world)
        assert await picture(late) == 503
        assert re.search("[a-z2-9]{8}", (await late.get(late.path + "/state"))["scan"]["keyword"])
        assert await picture(home) == 200
        started = await world.start()
        assert (await world.call("GET", f"/v1/verifications/{started['id']}/scan")).status == 200


async def test_a_stranger_who_asks_for_a_picture_many_times_at_once_uses_one(new_world, valkey):
    """The pool is empty, and WeChat takes its time."""
    async with new_world(**provider(accounts__main__qr_pool=0)) as world:
        keys, browser = world.app[SERVICES].directory.accounts["main"].store_keys, Browser(world)
        browser.path = (await browser.authorize()).headers["Location"]
        await world.fault("slow", path="/cgi-bin/qrcode/create", delay=0.3)
        answers = await asyncio.gather(*(browser.get(browser.path + "/qr.svg") for _ in range(9)))
        assert [answer.status for answer in answers] == [200] * 9
        assert len(world.platform.journal.entries("api", path="/cgi-bin/qrcode/create")) == 1
        assert valkey.hget(day_key(keys, Api.QRCODE), "strangers") == b"1"


async def test_what_a_stranger_began_is_gone_within_minutes(new_world, valkey):
    """Each holds some kilobytes that its sender chose, and anybody can begin them."""
    async with new_world(**provider()) as world:
        home = Browser(world)
        started = await home.authorize(id_token_hint="h" * 2_000)
        [at] = valkey.scan_iter("*:intent:*")
        assert valkey.pttl(at) < 26 * 60_000
        page = started.headers["Location"]
        await world.advance(165 + 500)
        assert (await home.get(page)).status == 200
        await world.advance(101)
        assert (await home.get(page)).status in {404, 410}
