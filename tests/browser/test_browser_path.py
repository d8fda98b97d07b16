"""The whole story below a path: a real nginx removes `/auth`, and Chromium finds everything behind it."""

from __future__ import annotations

import secrets
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import expect

from codesvc.app import create_app as create_service
from codesvc.config.settings import Admin, Operator
from codesvc.demo.configuration import LOOPBACK, Addresses, sandbox_account, service_settings
from codesvc.demo.website import create_app as create_shop
from codesvc.domain.passwords import password_line
from codesvc.runtime.http_server import listening
from codesvc.sandbox import Platform
from codesvc.sandbox import create_app as create_sandbox
from codesvc.store.connection import store_url
from tests.browser import customer
from tests.browser.customer import opened
from tests.browser.shop_visit import begin_sign_up
from tests.browser.stage import KEY, Stage, four_free_ports, verification_of, wechat_of
from tests.front import nginx
from tests.ops.nginx import free_port

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "correct horse battery"
PREFIX = "/accounts/auth"
OPERATORS = {"lan": Operator(password=password_line(PASSWORD, bytes(range(16))))}


@dataclass(frozen=True)
class Below(Addresses):
    """The service is reached through nginx, below a path."""

    front: int = 0

    @property
    def service(self):
        return f"http://{LOOPBACK}:{self.front}{PREFIX}"


@dataclass(frozen=True)
class Elsewhere(Below):
    """The same service, seen by a customer whose website is another one than the shop."""

    other: int = 0

    @property
    def website(self):
        return f"http://{LOOPBACK}:{self.other}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stages(chromium):
    """The shop's stage, and that of a customer with the widget; the addresses that Chromium has asked nginx for."""
    base, front, other = four_free_ports(), free_port(), free_port()
    shop, site = Below(base, front=front), Elsewhere(base, front=front, other=other)
    account = sandbox_account(shop)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cp-")))
        settings = service_settings(shop, api_key=KEY, data_dir=directory / "data", account=account)
        origins = (*settings.sites["shop"].origins, site.website)
        sites = {"shop": replace(settings.sites["shop"], origins=origins, webhook=None)}
        settings = replace(settings, sites=sites, admin=Admin(operators=OPERATORS))
        website = create_shop(service_url=shop.service, api_key=KEY, public_url=shop.website)
        await stack.enter_async_context(listening(create_sandbox(Platform(account)), LOOPBACK, base + 1))
        await stack.enter_async_context(listening(website, LOOPBACK, base + 2))
        await stack.enter_async_context(listening(customer.create_app(site.service), LOOPBACK, other))
        service = create_service(settings, await stack.enter_async_context(store_url(settings.store)))
        await stack.enter_async_context(listening(service, LOOPBACK, base))
        await stack.enter_async_context(nginx(front, base, PREFIX))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Stage(shop, http, chromium), Stage(site, http, chromium)


@pytest.fixture
def stage(stages):
    return stages[0]


@asynccontextmanager
async def inside(stage, context):
    """Whatever this browser asks of nginx meanwhile lies below the path, and is answered."""
    asked, origin = [], stage.addresses.service.removesuffix(PREFIX)
    context.on("response", lambda answer: asked.append((answer.url, answer.status)))
    yield
    seen = [(urlsplit(url).path, status) for url, status in asked if url.startswith(f"{origin}/")]
    assert seen
    assert [(path, status) for path, status in seen if not path.startswith(f"{PREFIX}/") or status == 404] == []
    cookies = [each for each in await context.cookies() if each["name"].startswith("codesvc")]
    assert [each for each in cookies if each["path"] != PREFIX] == []


async def test_a_sign_up_on_the_hosted_page(stage):
    person = await stage.person()
    async with stage.visitor() as context, inside(stage, context):
        page = await begin_sign_up(stage, context)
        assert await page.locator(".qr img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        await person.scan(verification_of(page))
        await person.follow()
        await expect(page.locator("h1")).to_have_text("验证码已发到微信")
        await page.locator("#code").press_sequentially(await person.code())
        await expect(page.locator("h1")).to_have_text("验证成功")
        await page.wait_for_url("**/account")


async def test_the_hosted_page_without_a_script(stage):
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor(java_script_enabled=False) as context, inside(stage, context):
        page = await context.new_page()
        await page.goto(started["page_url"])
        await person.scan(started["id"])
        code = await person.code()
        for typed in (f"{(int(code) + 1) % 10**6:06}", code):
            await page.fill("#code", typed)
            await page.click("#check .primary")
        await page.wait_for_url("**/signup/return?verification=**")


async def test_a_login_on_the_hosted_page_is_confirmed_in_wechat(stage):
    person = await stage.person(follows=True)
    await stage.bound(person)
    started = await stage.ask("logins")
    async with stage.visitor() as context, inside(stage, context), wechat_of(person) as phone, inside(stage, phone):
        page = await context.new_page()
        await page.goto(started["page_url"])
        await person.scan(started["id"])
        await expect(page.locator("h1")).to_have_text("已扫码，请在微信中确认")
        asked = await phone.new_page()
        await asked.goto(await person.link())
        await asked.get_by_role("button", name="登录").click()
        await expect(asked.locator("h1")).to_have_text("登录成功")
        await expect(page.locator("h1")).to_have_text("登录成功")


async def test_a_bind_by_web_authorisation(stage):
    person = await stage.person(follows=True)
    started = await stage.ask("bind-intents", user="u" + secrets.token_hex(6), method="oauth")
    async with wechat_of(person) as phone, inside(stage, phone):
        page = await phone.new_page()
        await page.goto(started["page_url"])
        await page.click(".primary")
        await page.get_by_role("button", name="绑定").click()
        await expect(page.locator("h1")).to_have_text("绑定成功")


async def test_a_ticket_leads_through_its_page_to_the_site(stage):
    person = await stage.person(follows=True)
    await person.say("绑定账号")
    async with stage.visitor() as context, inside(stage, context):
        page = await context.new_page()
        await page.goto(await person.link())
        await page.click("button")
        await person.say((await page.locator("#digits").text_content()).strip())
        await page.click(".end .primary")
        await page.wait_for_url(f"{stage.addresses.website}/**")


@pytest.mark.parametrize("how", ["call", "token"])
async def test_the_widget_on_a_customers_page(stages, how):
    _, stage = stages
    person, started = await stage.person(), await stage.start(return_url=f"{stage.addresses.website}/back")
    async with stage.visitor() as context, inside(stage, context):
        page = await opened(stage, context, started, how=how)
        assert await page.locator(".qr img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        await person.scan(started["id"])
        await person.follow()
        await expect(page.locator(".headline")).to_have_text("验证码已发到微信")
        await page.locator("#code").press_sequentially(await person.code())
        if how == "token":
            await page.wait_for_url("**/back?verification=**")
        else:
            await expect(page.locator(".headline")).to_have_text("验证成功")


async def test_an_operator_signs_in_and_looks_around(stage):
    name = "u" + secrets.token_hex(6)
    await stage.start(user=name)
    async with stage.visitor() as context, inside(stage, context):
        page, service = await context.new_page(), stage.addresses.service
        await page.goto(f"{service}/admin")
        await page.fill("#name", "lan")
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{service}/admin")
        for link in await page.locator("nav a").all():
            address = await link.evaluate("link => link.href")
            other = await context.new_page()
            await other.goto(address)
            await expect(other.locator("h1")).to_be_visible()
            await other.close()
        await page.goto(f"{service}/admin/verifications")
        await page.locator("input[name=query]").fill(name)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{service}/admin/people/**")
        await page.click("tbody a >> nth=0")
        await page.wait_for_url(f"{service}/admin/verifications/vf_**")
        await page.locator("form[action$='/admin/language'] button").first.click()
        await page.wait_for_url(f"{service}/admin/verifications/vf_**")
        await page.locator("form[action$='/admin/logout'] button").click()
        await page.wait_for_url(f"{service}/admin/login")


async def test_the_reference_and_its_links(stage):
    async with stage.visitor() as context, inside(stage, context):
        page = await context.new_page()
        await page.goto(f"{stage.addresses.service}/docs")
        await page.click("text=openapi.json")
        await page.wait_for_url(f"{stage.addresses.service}/openapi.json")
        await page.goto(f"{stage.addresses.service}/docs/problems")
        await page.locator("main a[href*='/problems/']").first.click()
        await page.wait_for_url(f"{stage.addresses.service}/problems/**")
