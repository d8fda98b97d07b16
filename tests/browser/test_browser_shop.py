"""The shop around the account: log in by a scan, bind in the settings, a new password and a binding from the chat."""

from __future__ import annotations

import re
import secrets
from urllib.parse import urlsplit

import pytest
from itsdangerous import URLSafeSerializer
from playwright.async_api import expect

from tests.browser.shop_visit import PASSWORD, sign_up
from tests.browser.stage import wechat_of
from tests.browser.test_browser_access import violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def new_name():
    return "guest" + secrets.token_hex(4)


async def confirm(page, person):
    """On the page of a bind intent or login: scan, and say yes."""
    await page.wait_for_url("**/p/i.**")
    token = urlsplit(page.url).path.removeprefix("/p/i.")
    _, identifier, _ = URLSafeSerializer("").loads_unsafe(token)[1]
    await person.scan(identifier)
    await person.follow()
    await expect(page.locator("h1")).to_have_text("已扫码，请在微信中确认")
    await person.say("确认")


async def log_in(page, stage, name, password=PASSWORD):
    await page.goto(f"{stage.addresses.website}/login")
    await page.fill("#name", name)
    await page.fill("#password", password)
    await page.get_by_role("button", name="登录", exact=True).click()


async def test_a_newcomer_logs_in_by_scan_signs_up_and_comes_back(stage):
    person, name = await stage.person(), new_name()
    async with stage.visitor(dark=True) as context:
        page = await context.new_page()
        await page.goto(f"{stage.addresses.website}/login")
        await page.get_by_role("button", name="微信扫码登录").click()
        await confirm(page, person)
        await page.wait_for_url("**/welcome")
        assert await violations(page) == []
        await page.fill("#name", name)
        await page.fill("#password", PASSWORD)
        await page.get_by_role("button", name="注册").click()
        await page.wait_for_url("**/account")
        await expect(page.locator(".state.on")).to_be_visible()
        assert await violations(page) == []
    async with stage.visitor(phone=True) as context:
        page = await context.new_page()
        await page.goto(f"{stage.addresses.website}/login")
        await page.get_by_role("button", name="微信扫码登录").click()
        await confirm(page, person)
        await page.wait_for_url("**/account")
        await expect(page.locator(".card h1")).to_contain_text(name)


async def test_another_wechat_is_bound_in_the_settings(stage):
    old, new, name = await stage.person(), await stage.person(), new_name()
    async with stage.visitor() as context:
        page = await sign_up(stage, context, old, name)
        await page.click("summary")
        await page.fill("#password", PASSWORD)
        await page.click("button.danger")
        await expect(page.locator(".state.off")).to_be_visible()
        assert await violations(page) == []
        await page.get_by_role("button", name="绑定微信").click()
        await confirm(page, new)
        await page.wait_for_url("**/account")
        await expect(page.locator(".notice")).to_contain_text("微信已绑定")
        await expect(page.locator(".state.on")).to_be_visible()


async def test_a_refused_binding_leaves_the_settings_as_they_were(stage):
    person, name = await stage.person(), new_name()
    async with stage.visitor() as context:
        page = await sign_up(stage, context, person, name)
        await page.click("summary")
        await page.fill("#password", PASSWORD)
        await page.click("button.danger")
        await page.get_by_role("button", name="绑定微信").click()
        await page.wait_for_url("**/p/i.**")
        await person.say(await page.locator("#keyword").text_content())
        await person.say("不是我")
        await expect(page.locator("h1")).to_have_text("已拒绝")
        await page.get_by_role("link", name="返回山月茶铺").click()
        await page.wait_for_url("**/account")
        await expect(page.locator(".state.off")).to_be_visible()
        await expect(page.locator(".notice")).to_contain_text("没有绑定微信")


async def test_a_new_password_from_the_chat(stage):
    person, name = await stage.person(), new_name()
    async with stage.visitor() as context:
        await sign_up(stage, context, person, name)
    await person.say("重置密码")
    async with wechat_of(person) as context:
        page = await context.new_page()
        await page.goto(await person.link())
        await expect(page.locator("h1")).to_have_text("设置新密码")
        assert await violations(page) == []
        await page.fill("#password", "another good password")
        await page.get_by_role("button", name="保存并登录").click()
        await expect(page.locator(".notice")).to_contain_text("密码已更新")
    async with stage.visitor() as context:
        page = await context.new_page()
        await log_in(page, stage, name)
        await expect(page.locator("[role=alert]")).to_contain_text("不正确")
        await log_in(page, stage, name, "another good password")
        await page.wait_for_url("**/account")


async def test_a_link_from_the_chat_binds_whoever_is_logged_in(stage):
    first, second, name = await stage.person(), await stage.person(follows=True), new_name()
    async with stage.visitor() as context:
        page = await sign_up(stage, context, first, name)
        await page.click("summary")
        await page.fill("#password", PASSWORD)
        await page.click("button.danger")
        await expect(page.locator(".state.off")).to_be_visible()
        await second.say("绑定账号")
        await page.goto(await second.link())
        if await page.locator("form button").count():
            await page.locator("form button").click()
        await second.say(await page.locator("#digits").text_content())
        await page.get_by_role("link", name="已发送，继续").click()
        await page.wait_for_url(re.compile("/wechat/bind"))
        assert await violations(page) == []
        await page.get_by_role("button", name="绑定", exact=True).click()
        await expect(page.locator(".notice")).to_contain_text("微信已绑定")
        await expect(page.locator(".state.on")).to_be_visible()


async def test_a_link_from_the_chat_waits_for_the_login(stage):
    """Nobody has to go back into the chat and tap it again."""
    name, person = "guest" + secrets.token_hex(4), await stage.person(follows=True)
    async with stage.visitor() as context:
        await sign_up(stage, context, await stage.person(), name)
    await person.say("绑定账号")
    async with wechat_of(person) as context:
        page = await context.new_page()
        await page.goto(await person.link())
        await page.fill("#name", name)
        await page.fill("#password", PASSWORD)
        await page.click(".card button")
        await expect(page.locator(".card")).to_contain_text(name)
        await page.wait_for_url("**/wechat/bind?redeem=*")


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
@pytest.mark.parametrize("width", [320, 390, 768, 1280])
async def test_the_words_of_the_home_page_stand_beside_its_picture_and_the_header_on_one_line(stage, locale, width):
    async with stage.visitor(locale=locale, viewport={"width": width, "height": 800}) as context:
        page = await context.new_page()
        await page.goto(stage.addresses.website)
        boxes = """() => {
            const box = (selector) => document.querySelector(selector).getBoundingClientRect();
            return [box(".hero > div").bottom, box(".hero > svg").top, box(".top").height, box("html").width];
        }"""
        words, picture, header, _ = await page.evaluate(boxes)
        assert words <= picture + 1
        assert header < 72
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
async def test_a_long_name_does_not_break_the_header(stage, locale):
    name = "山月茶铺的客人" + secrets.token_hex(12)
    person = await stage.person(follows=True)
    async with stage.visitor(locale=locale, phone=True) as context:
        page = await context.new_page()
        await page.goto(f"{stage.addresses.website}/signup")
        await page.fill("#name", name)
        await page.fill("#password", PASSWORD)
        await page.click(".card button")
        await page.wait_for_url("**/p/**")
        await person.say(await page.locator("#keyword").text_content())
        await page.locator("#code").press_sequentially(await person.code())
        await page.wait_for_url("**/account")
        assert (await page.locator(".top").bounding_box())["height"] < 72
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_demonstrations_phone_is_one_tap_away_on_every_page(stage):
    async with stage.visitor() as context:
        page = await context.new_page()
        for path in ("/", "/signup", "/login", "/forgot", "/nowhere"):
            await page.goto(stage.addresses.website + path)
            link = page.locator("a.phone")
            await expect(link).to_be_in_viewport()
            assert await link.get_attribute("href") == stage.addresses.sandbox
