"""The hosted page of a bind intent and of a login: waiting, scanned, answered; by phone, in WeChat, without script."""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.async_api import expect

from tests.browser.stage import PHONE, TWO_LOOKS, WECHAT_AGENT
from tests.browser.test_browser_access import violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def somebody():
    return "u" + secrets.token_hex(6)


async def opened(context, started, query=""):
    page = await context.new_page()
    await page.goto(started["page_url"] + query)
    return page


async def test_a_login_from_the_scan_to_the_way_back(stage):
    person = await stage.person(follows=True)
    started = await stage.ask("logins", return_url=f"{stage.addresses.website}/login/wechat")
    async with stage.visitor(permissions=["clipboard-read", "clipboard-write"]) as context:
        page = await opened(context, started)
        await expect(page.locator("h1")).to_have_text("微信扫码登录")
        assert await page.locator(".qr img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        await page.get_by_role("button", name="复制", exact=True).click()
        assert await page.evaluate("navigator.clipboard.readText()") == started["scan"]["keyword"]
        await expect(page.locator("time")).to_have_text(re.compile(r"^[45]:\d\d$"))
        await person.scan(started["id"])
        await expect(page.locator("h1")).to_have_text("已扫码，请在微信中确认")
        await expect(page.locator(".qr")).to_have_count(0)
        await expect(page.locator("#announcer")).to_contain_text("已扫码")
        reference = "".join(await page.locator(".tiles b").all_text_contents())
        assert reference in (await person.messages())[-1]["content"]
        await person.say("确认")
        await expect(page.locator("h1")).to_have_text("还没有账号")
        await page.wait_for_url(f"**/login/wechat?login={started['id']}")


async def test_on_a_phone_the_word_binds(stage):
    person, user = await stage.person(follows=True), somebody()
    started = await stage.ask("bind-intents", user=user)
    async with stage.visitor(phone=True, permissions=["clipboard-read", "clipboard-write"]) as context:
        page = await opened(context, started)
        await expect(page.locator(".qr img")).to_have_count(0)
        await page.locator("summary").click()
        await page.get_by_role("button", name="复制", exact=True).click()
        await expect(page.locator(".keyword .copy")).to_have_text("已复制")
        await page.get_by_role("link", name="改为保存二维码图片").click()
        assert (await page.locator(".qr img").get_attribute("src")).endswith("/qr.png")
        await expect(page.locator("figcaption")).to_contain_text("长按保存图片")
        await person.say(await page.evaluate("navigator.clipboard.readText()"))
        await expect(page.locator("h1")).to_have_text("已收到口令，请在微信中确认")
        await person.say("确认")
        await expect(page.locator("h1")).to_have_text("绑定成功")
    assert (await stage.api("GET", f"/v1/bindings/{user}"))["openid"] == person.openid


async def test_what_was_declined_changes_nothing_and_says_so(stage):
    person, user = await stage.person(follows=True), somebody()
    started = await stage.ask("bind-intents", user=user, return_url=f"{stage.addresses.website}/account")
    async with stage.visitor() as context:
        page = await opened(context, started)
        await person.scan(started["id"])
        await person.say("不是我")
        await expect(page.locator("h1")).to_have_text("已拒绝")
        await page.get_by_role("link", name="返回山月茶铺").click()
        await page.wait_for_url("**/login")


async def test_without_a_way_back_an_end_still_says_what_is_next(stage):
    person, started = await stage.person(follows=True), await stage.ask("logins")
    async with stage.visitor() as context:
        page = await opened(context, started)
        await person.scan(started["id"])
        await person.say("拒绝")
        await expect(page.locator("h1")).to_have_text("已拒绝")
        await expect(page.locator(".end")).to_have_text("可以关闭此页面，回到山月茶铺继续。")


async def test_it_ends_by_itself_when_its_time_is_over(stage):
    async with stage.visitor() as context:
        page = await opened(context, await stage.ask("logins"))
        await stage.pass_time(301)
        await expect(page.locator("h1")).to_have_text("已过期")


async def test_a_line_that_is_cut_is_replaced_by_looking(stage):
    person, started = await stage.person(follows=True), await stage.ask("logins")
    async with stage.visitor() as context:
        await context.route("**/events", lambda route: route.abort())
        page = await opened(context, started)
        await person.scan(started["id"])
        await expect(page.locator("h1")).to_have_text("已扫码，请在微信中确认", timeout=10_000)


async def test_without_javascript(stage):
    person = await stage.person(follows=True)
    started = await stage.ask("bind-intents", user=somebody(), return_url=f"{stage.addresses.website}/account/bound")
    async with stage.visitor(java_script_enabled=False) as context:
        page = await opened(context, started)
        await expect(page.locator(".qr img")).to_be_visible()
        await expect(page.locator("#keyword")).to_have_text(started["scan"]["keyword"])
        await person.scan(started["id"])
        await page.get_by_role("link", name="刷新状态").click()
        await expect(page.locator("h1")).to_have_text("已扫码，请在微信中确认")
        await person.say("确认")
        await page.get_by_role("link", name="刷新状态").click()
        await page.get_by_role("link", name="立即返回").click()
        await page.wait_for_url("**/login")


async def test_inside_wechat_the_picture_is_pressed_and_a_link_is_followed(stage):
    async with stage.visitor(viewport=PHONE, user_agent=WECHAT_AGENT) as context:
        page = await opened(context, await stage.ask("bind-intents", user=somebody()))
        await expect(page.locator("figcaption")).to_contain_text("长按图片")
        page = await opened(context, await stage.ask("bind-intents", user=somebody(), method="oauth"))
        await expect(page.locator(".qr")).to_have_count(0)
        await expect(page.get_by_role("link", name="在微信中继续")).to_have_attribute(
            "href", re.compile("/wechat/main/ask/")
        )


@pytest.mark.parametrize(("phone", "dark"), TWO_LOOKS)
async def test_it_can_be_read_by_everybody(stage, dark, phone):
    person, started = await stage.person(follows=True), await stage.ask("logins")
    async with stage.visitor(dark=dark, phone=phone) as context:
        page = await opened(context, started)
        for step in (lambda: person.scan(started["id"]), lambda: person.say("确认"), None):
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert await violations(page) == []
            if step:
                headline = await page.locator("h1").text_content()
                await step()
                await expect(page.locator("h1")).not_to_have_text(headline)
