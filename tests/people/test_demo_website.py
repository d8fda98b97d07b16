"""The demo website: bind in the settings, log in by a scan, reset from the chat; as a customer's site would."""

import re
from contextlib import asynccontextmanager
from urllib.parse import urljoin, urlsplit

import aiohttp
import pytest
from aiohttp import web

from codesvc.demo.website import create_app
from tests.browser_cookies import plant
from tests.http_servers import shut_down
from tests.people.asks import binding, reply, wait_for_text
from tests.people.browsers import Browser, links_in, open_in_wechat
from tests.webhooks.receiver import SECRET, quiet, until
from tests.world import KEY

PASSWORD = "a good password"


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Customer(Browser):
    """A browser on the website; forms carry what their page gave them."""

    def __init__(self, http, website):
        super().__init__(http)
        self.website = website

    async def see(self, path):
        return await self.go(path if "://" in path else self.website + path)

    async def send(self, path, source=None, **fields):
        page = await self.see(source or path)
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
        return await self.go(self.website + path, {"csrf": csrf, **fields})


@pytest.fixture
async def shop(new_world):
    website = f"http://127.0.0.1:{free_port()}"
    chat = {"bind_url": f"{website}/wechat/bind", "reset_url": f"{website}/wechat/reset"}
    webhook = {"url": f"{website}/hooks/codesvc", "secrets": [SECRET], "allow_private": True}
    changes = {"sites__shop__origins": [website], "sites__shop__chat": chat, "sites__shop__webhook": webhook}
    async with new_world(**changes) as world:
        app = create_app(service_url=world.service, api_key=KEY, public_url=website, webhook_secret=SECRET)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", urlsplit(website).port).start()
        try:
            yield world, website
        finally:
            await shut_down(runner)


@asynccontextmanager
async def customer(website):
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        yield Customer(http, website)


async def scan_page(world, person, page_url):
    """Scan what the hosted page shows, by its word, and say yes; where the page leads then."""
    state = await world.call("GET", urlsplit(page_url).path + "/state", key=None)
    await reply(person, state["scan"]["keyword"])
    await reply(person, "确认")
    return (await world.call("GET", urlsplit(page_url).path + "/state", key=None))["return_to"]


async def join(world, website, person, name="guest"):
    """A newcomer logs in by a scan and signs up with what that gave; the browser, logged in."""
    async with customer(website) as visitor:
        started = await visitor.send("/login/wechat", "/login")
        back = await scan_page(world, person, started.headers["Location"])
        assert (await visitor.see(back)).headers["Location"] == "/welcome"
        joined = await visitor.send("/welcome", name=name, password=PASSWORD)
        assert joined.headers["Location"] == "/account"
        assert "已绑定" in (await visitor.see("/account")).text


async def test_a_newcomer_signs_up_and_logs_in_by_scan(shop):
    world, website = shop
    person = await world.person()
    await join(world, website, person)
    async with customer(website) as again:
        started = await again.send("/login/wechat", "/login")
        back = await scan_page(world, person, started.headers["Location"])
        async with customer(website) as thief:
            assert (await thief.see(back)).status == 403
        assert (await again.see(back)).headers["Location"] == "/account"
        assert "guest" in (await again.see("/account")).text


async def test_binding_in_the_settings(shop):
    world, website = shop
    old, new = await world.person(), await world.person()
    await join(world, website, old)
    async with customer(website) as visitor:
        await visitor.send("/login", name="guest", password=PASSWORD)
        assert (await visitor.send("/account/unbind", "/account", password=PASSWORD)).status == 303
        await wait_for_text(old, "解除绑定")
        started = await visitor.send("/account/bind", "/account")
        back = await scan_page(world, new, started.headers["Location"])
        await visitor.see(back)
        page = (await visitor.see("/account")).text
        assert "微信已绑定" in page
        user = (await world.call("GET", f"/v1/bindings?openid={new.openid}"))["bindings"][0]["user"]
        assert (await binding(world, user))["made_by"] == "intent"


async def test_a_new_password_from_the_chat(shop):
    world, website = shop
    person = await world.person()
    await join(world, website, person)
    [link] = links_in(await reply(person, "重置密码"))
    view = await open_in_wechat(person, link)
    assert "设置新密码" in view["body"], view
    csrf = re.search(r'name="csrf" value="([^"]+)"', view["body"])[1]
    form = {"csrf": csrf, "password": "another good password"}
    view = await open_in_wechat(person, view["url"], form=form)
    assert view["url"].endswith("/account")
    assert "密码已更新" in view["body"]
    async with customer(website) as visitor:
        assert (await visitor.send("/login", name="guest", password=PASSWORD)).status == 422
        assert (await visitor.send("/login", name="guest", password="another good password")).status == 303


async def test_a_link_from_the_chat_binds_whoever_is_logged_in_here(shop):
    world, website = shop
    first, second = await world.person(), await world.person()
    await join(world, website, first)
    async with customer(website) as visitor:
        await visitor.send("/login", name="guest", password=PASSWORD)
        await visitor.send("/account/unbind", "/account", password=PASSWORD)
        [link] = links_in(await reply(second, "绑定账号"))
        digits = await visitor.show_digits(link)
        await reply(second, digits)
        step = await visitor.go(link)
        for _ in range(2):
            step = await visitor.go(step.headers["Location"])
        offered = step.headers["Location"]
        page = await visitor.go(offered)
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
        assert (await visitor.go(offered, {"csrf": csrf})).headers["Location"] == "/account"
        assert "微信已绑定" in (await visitor.see("/account")).text
        # The attack: a victim who is logged in is made to send the attacker's redeem code.
        async with customer(website) as victim:
            await victim.send("/login", name="guest", password=PASSWORD)
            await victim.send("/account/unbind", "/account", password=PASSWORD)
            page = await victim.go(offered)
            csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
            await victim.go(offered, {"csrf": csrf})
            assert "不属于此浏览器" in (await victim.see("/account")).text


@asynccontextmanager
async def with_one_session(website):
    """A planter's browser and a visitor's, into which the planter has put the cookie of a session of its own."""
    async with customer(website) as planter, customer(website) as planted:
        await planter.see("/login")
        plant(planter.http, planted.http, website)
        yield planter, planted


async def approve(world, person, page_url):
    """The person answers a verification's page in another browser; where the page leads then."""
    path = urlsplit(page_url).path
    state = await world.call("GET", f"{path}/state", key=None)
    await reply(person, state["scan"]["keyword"])
    async with customer(world.service) as hosted:
        return (await hosted.go(page_url + "/check", {"code": await person.code_in_chat()})).headers["Location"]


async def test_a_planted_session_does_not_share_a_password_reset(shop):
    world, website = shop
    person = await world.person()
    await join(world, website, person)
    async with with_one_session(website) as (planter, planted):
        started = await planted.send("/forgot", name="guest")
        back = await approve(world, person, started.headers["Location"])
        assert (await planter.see(back)).status == 403
        assert (await planter.send("/reset", "/login", password="the planter's")).headers["Location"] == "/forgot"
        assert (await planted.see(back)).headers["Location"] == "/reset"
        assert (await planted.send("/reset", password="another good password")).headers["Location"] == "/account"
        assert "guest" in (await planted.see("/account")).text
        assert (await planter.see("/account")).headers["Location"] == "/login"


async def test_a_planted_session_does_not_share_a_sign_up_or_a_login(shop):
    world, website = shop
    person = await world.person()
    async with with_one_session(website) as (planter, planted):
        started = await planted.send("/signup", name="guest", password=PASSWORD)
        back = await approve(world, person, started.headers["Location"])
        await planter.see(back)
        assert not await logged_in(planter)
        assert (await planted.see(back)).headers["Location"] == "/account"
        assert (await logged_in(planted), await logged_in(planter)) == (True, False)
    async with with_one_session(website) as (planter, planted):
        started = await planted.send("/login/wechat", "/login")
        back = await scan_page(world, person, started.headers["Location"])
        assert (await planter.see(back)).status == 403
        assert (await planted.see(back)).headers["Location"] == "/account"
        assert (await logged_in(planted), await logged_in(planter)) == (True, False)
    async with with_one_session(website) as (planter, planted):
        assert (await planted.send("/login", name="guest", password=PASSWORD)).headers["Location"] == "/account"
        assert (await logged_in(planted), await logged_in(planter)) == (True, False)


async def logged_in(browser):
    return (await browser.see("/account")).status == 200


async def test_a_planted_session_does_not_share_a_newcomers_wechat(shop):
    """The handle of a login by a scan would bind the newcomer's WeChat account to a customer of the planter's."""
    world, website = shop
    person = await world.person()
    async with with_one_session(website) as (planter, planted):
        started = await planted.send("/login/wechat", "/login")
        back = await scan_page(world, person, started.headers["Location"])
        assert (await planted.see(back)).headers["Location"] == "/welcome"
        taken = await planter.send("/welcome", "/login", name="mallory", password=PASSWORD)
        assert (taken.headers["Location"], await logged_in(planter)) == ("/account", False)
        assert (await world.call("GET", f"/v1/bindings?openid={person.openid}"))["bindings"] == []
        assert (await planted.send("/welcome", name="guest", password=PASSWORD)).headers["Location"] == "/account"


async def test_a_planted_session_does_not_share_a_link_from_the_chat(shop):
    """Whoever is not logged in keeps the link's ticket until they are."""
    world, website = shop
    await join(world, website, await world.person(), "mallory")
    async with with_one_session(website) as (planter, planted):
        assert (await planted.see("/wechat/bind?ticket=a-ticket")).headers["Location"] == "/login"
        taken = await planter.send("/login", name="mallory", password=PASSWORD)
        assert taken.headers["Location"] == "/account"
        led = await planted.send("/login", name="mallory", password=PASSWORD)
        assert led.headers["Location"] == "/wechat/bind?ticket=a-ticket"
    async with with_one_session(website) as (planter, planted):
        await planted.see("/wechat/reset?ticket=a-ticket")
        assert cookie_of(planted) != cookie_of(planter)


async def test_a_ticket_of_the_address_bar_leads_to_no_other_page_of_the_service(shop):
    """With a ticket as it was typed, browsers would follow its dot segments, and take the session's state along."""
    world, website = shop
    async with customer(website) as visitor:
        led = await visitor.see("/wechat/reset?ticket=x%2F..%2F..%2Foidc%2Fshop%2Flogout%23")
    there = urlsplit(urljoin(world.service, led.headers["Location"]))
    assert (there.path, there.fragment) == ("/t/x%2F..%2F..%2Foidc%2Fshop%2Flogout%23/go", "")


def cookie_of(browser):
    [cookie] = browser.http.cookie_jar
    return cookie.value


async def test_over_https_no_other_host_can_set_the_sessions_cookie(shop):
    """Browsers take a cookie of this name over https, for this host and for all its paths only."""
    world, _ = shop
    website = f"http://127.0.0.1:{free_port()}"
    app = create_app(service_url=world.service, api_key=KEY, public_url="https://shop.example.com")
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", urlsplit(website).port).start()
    try:
        async with customer(website) as visitor:
            cookie = (await visitor.see("/")).headers["Set-Cookie"]
    finally:
        await shut_down(runner)
    assert cookie.startswith("__Host-"), cookie
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {each.strip() for each in cookie.split(";")}
    assert "domain" not in cookie.lower()


async def test_a_customer_sees_what_happened_to_the_account(shop):
    """Told by the webhook: what passes through WeChat alone stands there too, once and latest first."""
    world, website = shop
    person = await world.person()
    await join(world, website, person)
    async with customer(website) as visitor:
        await visitor.send("/login", name="guest", password=PASSWORD)

        async def shown():
            lines = re.findall(r"<li><time>[-0-9: ]+</time> ([^<]+)</li>", (await visitor.see("/account")).text)
            return lines if "微信取消了关注公众号" in lines else None

        await person.unfollow()
        assert await until(shown) == ["微信取消了关注公众号", "绑定了微信"]
        events = (await world.call("GET", "/v1/webhooks/deliveries"))["deliveries"]
        for event in events:
            await world.call("POST", f"/v1/webhooks/deliveries/{event['id']}/resend", {})
        await quiet(world, None)
        assert await shown() == ["微信取消了关注公众号", "绑定了微信"]
        forged = {"type": "binding.removed", "timestamp": "2026-11-22T09:30:16Z", "data": {}}
        async with world.http.post(f"{website}/hooks/codesvc", json=forged) as refused:
            assert refused.status == 400
