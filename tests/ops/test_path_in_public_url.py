"""`public_url` with a path, behind a real nginx that removes it: whatever the service writes begins with the path."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import quote, urlsplit

import aiohttp
import pytest
from yarl import URL

from codesvc.client import Client
from codesvc.doctor import callback_probe
from codesvc.doctor.finding import Status
from codesvc.web.context import SERVICES
from tests.front import nginx
from tests.ops.nginx import free_port
from tests.people.asks import bind_intent, login, scan
from tests.people.browsers import CHAT, SITE, Browser, links_in, open_in_wechat, press, query_of
from tests.service.test_admin import ADMIN, Operator
from tests.webhooks.receiver import hook, receiving
from tests.world import KEY, wrong

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Mobile/15E148 Safari/604.1"
ORIGINS = {"sites__shop__origins": [SITE, "https://shop.example"]}
HTML = {"Accept": "text/html"}
PLACES = re.compile(r'(?:href|src|action|data-base|data-go|content|value)="([^"]*)"')
FOREIGN = (SITE, "https://shop.example", "weixin://")


def strays(text, world):
    """Addresses in a page that are neither below the path, nor of another host, nor relative to the page itself."""
    own = urlsplit(world.service).path
    found = [place for place in PLACES.findall(text) if place.startswith(("/", world.service[: -len(own)]))]
    return [place for place in found if not place.startswith((f"{own}/", f"{world.service}/")) and place != own]


def assert_within(world, status, headers, text):
    """Nothing in this answer leads out of the path."""
    own = urlsplit(world.service).path
    if location := headers.get("Location"):
        known = (f"{own}/", f"{world.service}/", world.sandbox, *FOREIGN)
        assert location.startswith(known), location
    for cookie in headers.getall("Set-Cookie", []):
        assert f"; Path={own}" in re.split(r"(?=; Path)", cookie)[1] + "; ", cookie
        assert re.search(rf"; Path={re.escape(own)}(;|$)", cookie), cookie
    if "html" in headers.get("Content-Type", ""):
        assert strays(text, world) == []
    return status


@asynccontextmanager
async def below(new_world, prefix="/auth", **more):
    """A world whose service is reached through nginx only, below a path."""
    port, own = free_port(), free_port()
    public = f"http://127.0.0.1:{port}{prefix}"
    more |= {"service__trusted_proxies": ["127.0.0.1"], "sites__shop__chat": CHAT} | ORIGINS
    more["admin"] = ADMIN
    async with new_world(service_port=own, service__public_url=public, **more) as world, nginx(port, own, prefix):
        yield replace(world, service=public)


@pytest.fixture
async def world(new_world):
    async with below(new_world) as world:
        yield world


async def test_every_public_page_stays_below_the_path(world):
    started = await world.start(return_url=f"{SITE}/back")
    asked = [await bind_intent(world), await bind_intent(world, method="oauth"), await login(world)]
    pages = ["/docs", "/problems/not-found", "/p/none", "/t/none", "/wechat/main/oauth"]
    pages += [each["page_url"].removeprefix(world.service) for each in [started, *asked]]
    seen = 0
    for path in pages:
        for agent in ("Mozilla/5.0", PHONE, f"{PHONE} MicroMessenger/8.0"):
            for part in ({}, {"X-Codesvc-Part": "panel"}):
                answer = await world.call("GET", path, key=None, headers={**HTML, "User-Agent": agent, **part})
                assert_within(world, answer.status, answer.headers, answer.text)
                seen += len(PLACES.findall(answer.text))
    assert seen > 100
    document = await world.call("GET", "/openapi.json", key=None)
    assert [each["url"] for each in document["servers"]] == [world.service]


async def test_every_address_on_a_page_is_answered(world):
    """The icon, the pictures, the links: what a browser asks for by itself is there."""
    started = await world.start()
    origin = world.service[: -len(urlsplit(world.service).path)]
    for path in ("/docs", "/problems/not-found", started["page_url"].removeprefix(world.service)):
        text = (await world.call("GET", path, key=None, headers=HTML)).text
        for place in {place for place in PLACES.findall(text) if place.startswith("/")}:
            method = "POST" if place.endswith(("/check", "/resend")) else "GET"
            answer = await world.call(method, place, key=None, base=origin)
            assert answer.status in {200, 400}, (place, answer.text)


async def test_forms_without_a_script_lead_back_below_the_path(world):
    person, started = await world.person(), await world.start(return_url=f"{SITE}/back")
    page = started["page_url"].removeprefix(world.service)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", "Origin": origin_of(world)}
    await person.scan(await world.scan_url(started))
    code = await person.code_in_chat()
    refused = await world.call("POST", f"{page}/check", key=None, data=f"code={wrong(code)}", headers=form)
    assert assert_within(world, refused.status, refused.headers, refused.text) == 422
    await world.advance(61)
    again = await world.call("POST", f"{page}/resend", key=None, data="", headers=form)
    assert (again.status, again.headers["Location"]) == (303, f"{urlsplit(world.service).path}{page}?resent")
    done = await world.call("POST", f"{page}/check", key=None, data=f"code={code}", headers=form)
    assert done.headers["Location"].startswith(f"{SITE}/back?verification=")


def origin_of(world):
    return world.service[: -len(urlsplit(world.service).path)]


async def test_what_the_api_answers_leads_below_the_path(world):
    started, asked = await world.start(), await login(world)
    own = urlsplit(world.service).path
    assert started.headers["Location"] == f"{own}/v1/verifications/{started['id']}"
    assert asked.headers["Location"] == f"{own}/v1/logins/{asked['id']}"
    for each in (started, asked):
        assert each["page_url"].startswith(f"{world.service}/p/")
        assert each["scan"]["image_url"].startswith(f"{each['page_url']}/qr.")
        read = await world.call("GET", each.headers["Location"], base=origin_of(world))
        assert read["id"] == each["id"]
    state = await world.call("GET", f"/p/{started['page_token']}/state", key=None)
    assert state["scan"]["image_url"].startswith(f"{started['page_url']}/qr.")
    refused = await world.call("GET", "/v1/verifications/none")
    assert refused["type"] == f"{world.service}/problems/not-found"


async def test_a_delivery_of_a_webhook_is_below_the_path(new_world):
    async with receiving() as receiver, below(new_world, sites__shop__webhook=hook(receiver)) as world:
        sent = await world.call("POST", "/v1/webhooks/test", {})
        assert sent.headers["Location"].startswith("/auth/v1/webhooks/deliveries/")


async def test_a_user_with_a_slash_stays_one_segment(world):
    user = quote("team/a b?c+d", safe="")
    raw = URL(f"{world.service}/v1/bindings/{user}?x=%2F", encoded=True)
    async with world.http.get(raw, headers={"Authorization": f"Bearer {KEY}"}) as answer:
        # The address is that of a user, whose id is found unfit; two segments would be no address at all.
        assert (answer.status, (await answer.json())["errors"][0]["pointer"]) == (400, "/user")


async def test_a_login_is_confirmed_in_wechat(world):
    person = await world.person()
    await world.bind("alice", person)
    started = await login(world)
    [link] = links_in(await scan(world, person, started))
    assert link.startswith(f"{world.service}/wechat/main/ask/")
    view = await open_in_wechat(person, link)
    assert view["url"].startswith(f"{world.service}/wechat/main/ask/")
    assert strays(view["body"], world) == []
    view = await press(person, view, "yes")
    assert "登录成功" in view["body"]
    assert view["url"].startswith(world.service)


async def test_a_bind_by_web_authorisation(world):
    person, started = await world.person(), await bind_intent(world, method="oauth")
    assert started["link"].startswith(f"{world.service}/wechat/main/ask/")
    view = await open_in_wechat(person, started["link"])
    assert "绑定成功" in (await press(person, view, "yes"))["body"]


async def test_the_link_of_a_message(new_world):
    async with below(new_world, sites__shop__purposes={"register": {"scan": "open", "reveal": "tap"}}) as world:
        person, started = await world.person(), await world.start()
        await person.scan(await world.scan_url(started))
        link = re.search(r"https?://[^\s\"<]+", await person.last_text())[0]
        assert link.startswith(f"{world.service}/wechat/main/message/")
        view = await open_in_wechat(person, link)
        assert strays(view["body"], world) == []
        code = re.search(r'id="digits">(\d+)<', view["body"])[1]
        assert (await world.check(started, code)).status == 200


@pytest.fixture
async def browser():
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        yield Browser(http)


async def test_a_ticket_in_wechat_and_in_another_browser(world, browser):
    person = await world.person()
    await person.say("绑定账号")
    [link] = links_in(await person.last_text())
    assert link.startswith(f"{world.service}/t/")
    page = await browser.go(link)
    assert_within(world, page.status, page.headers, page.text)
    digits = await browser.show_digits(link)
    await person.say(digits)
    assert (await browser.go(link)).headers["Location"].startswith(f"{SITE}/bind?ticket=")
    await person.say("绑定账号")
    [link] = links_in(await person.last_text())
    view = await open_in_wechat(person, link)
    assert view["url"].startswith(f"{SITE}/bind"), view
    assert query_of(view["url"])["ticket"]


async def test_every_page_of_the_operators_stays_below_the_path(world):
    approved = await world.approved("alice")
    await world.call("PUT", "/v1/bindings/alice", {"proof": approved["proof"]})
    own, form = urlsplit(world.service).path, {"Origin": origin_of(world)}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        lan = Operator(world, http)
        status, headers, text = await lan.get("/admin")
        assert (assert_within(world, status, headers, text), headers["Location"]) == (303, f"{own}/admin/login")
        assert_within(world, *await lan.get("/admin/login"))
        token = await lan.token("/admin/login")
        fields = {"token": token, "name": "lan", "password": "correct horse battery"}
        status, headers, text = await lan.post("/admin/login", fields, **form)
        assert (assert_within(world, status, headers, text), headers["Location"]) == (303, f"{own}/admin")
        person = await lan.find("alice")
        one = await lan.find(approved["id"])
        assert person.startswith(f"{own}/admin/people/")
        paths = ["/admin", "/admin/verifications", "/admin/accounts", "/admin/webhooks", "/admin/audit"]
        paths += ["/admin/verifications/none", person.removeprefix(own), one.removeprefix(own), "/admin/login"]
        for path in paths:
            assert_within(world, *await lan.get(path))
        _, _, text = await lan.get("/admin")
        for asset in {place for place in PLACES.findall(text) if "/assets/" in place}:
            async with http.get(origin_of(world) + asset) as answer:
                assert answer.status == 200
        token = await lan.token("/admin/audit")
        back = {"token": token, "language": "en", "back": f"{own}/admin/audit?act="}
        status, headers, text = await lan.post("/admin/language", back, **form)
        assert (assert_within(world, status, headers, text), headers["Location"]) == (303, f"{own}/admin/audit?act=")
        away = ["/admin/audit", "//other.example/admin", f"{own}/../admin", "https://other.example/"]
        away += [f"{own}/admin/../../x", f"{own}/admin/%2E%2e/x", f"{own}/admin\\..\\x", f"{own}/administration"]
        away += [f"{own}/admin\r\nA: b", f"{own}/admin/x\u0085y"]
        for foreign in away:
            status, headers, _ = await lan.post("/admin/language", {"token": token, "back": foreign}, **form)
            assert (status, headers["Location"]) == (303, f"{own}/admin"), foreign
        for act in ("unbind", "lift"):
            token = await lan.token(person.removeprefix(own))
            fields = {"token": token, "reason": "asked for it"}
            status, headers, text = await lan.post(f"{person.removeprefix(own)}/{act}", fields, **form)
            assert assert_within(world, status, headers, text) == 303
        assert_within(world, *await lan.post("/admin/logout", {"token": token}, **form))


async def test_another_origin_stays_another(world):
    started, other = await world.start(), {"Origin": "https://evil.example"}
    for path in ("/state", "/check"):
        method = "GET" if path == "/state" else "POST"
        answer = await world.call(
            method, f"/p/{started['page_token']}{path}", {"code": "111111"}, key=None, headers=other
        )
        assert answer.problem == "forbidden"
    own = await world.call("GET", f"/p/{started['page_token']}/state", key=None, headers={"Origin": origin_of(world)})
    assert own.status == 200


@pytest.mark.parametrize("prefix", ["/a", "/accounts/verify/wechat", "/v1", "/p"])
async def test_any_path_will_do(new_world, prefix):
    async with below(new_world, prefix) as world:
        started = await world.start()
        assert started.headers["Location"].startswith(f"{prefix}/v1/verifications/")
        page = await world.call("GET", started["page_url"].removeprefix(world.service), key=None, headers=HTML)
        assert assert_within(world, page.status, page.headers, page.text) == 200


async def test_the_python_client_takes_the_whole_address(world):
    for address in (world.service, f"{world.service}/"):
        async with Client(address, KEY) as client:
            started = await client.start(purpose="register", user="u-1", client_ip="192.0.2.1")
            assert (await client.get(started.id)).page_url == started.page_url


async def test_a_setup_check_goes_through_the_proxy(world):
    here, url = world.app[SERVICES], world.service
    found = await callback_probe.check(here.directory.accounts["main"], world.http, url)
    assert [(each.status, url in each.found) for each in found] == [(Status.OK, True), (Status.OK, True)]


async def test_a_proxy_that_forgets_to_remove_the_path_is_told_so(world):
    for path in ("/auth", "/auth/healthz", "/auth/wechat/main"):
        answer = await world.call("GET", path, key=None)
        assert (answer.status, answer.problem) == (404, "not-found")
        assert "/auth" in answer["detail"]
        assert "remove" in answer["detail"]
    assert "remove" not in (await world.call("GET", "/authors", key=None))["detail"]


async def test_the_root_says_what_this_is(world):
    answer = await world.call("GET", "/", key=None)
    assert answer.status == 200
    assert answer["reference"] == "/auth/docs"


async def test_over_https_cookies_are_for_the_path_and_by_tls_only(new_world):
    public = "https://www.example.com/auth"
    async with new_world(service__public_url=public, admin=ADMIN, sites__shop__chat=CHAT, **ORIGINS) as world:
        person = await world.person()
        await person.say("绑定账号")
        [link] = links_in(await person.last_text())
        for path, name in (("/admin/login", "codesvc_admin="), (link.removeprefix(public), "codesvc_visit_")):
            answer = await world.call("GET", path, key=None)
            [cookie] = answer.headers.getall("Set-Cookie")
            assert cookie.startswith(f"__Secure-{name}")
            assert {"Secure", "HttpOnly", "Path=/auth"} <= set(cookie.split("; "))


async def test_no_token_is_in_nginx_log(new_world):
    port, own = free_port(), free_port()
    public = f"http://127.0.0.1:{port}/auth"
    async with new_world(service_port=own, service__public_url=public) as inner, nginx(port, own) as logs:
        world = replace(inner, service=public)
        started = await world.start()
        await world.page("GET", started, "/state")
        await world.get(started)
        written = (logs / "codesvc.log").read_text(encoding="utf-8")
        assert "/auth/p/..." in written
        assert started["page_token"] not in written
        assert started["id"] not in written
