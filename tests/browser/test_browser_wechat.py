"""Pages inside WeChat, in a browser that is somebody's own WeChat: confirm, decline, "not me", links of others."""

from __future__ import annotations

import re
import secrets
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import expect

from tests.browser.stage import wechat_of
from tests.browser.test_browser_access import violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SMALL = {"width": 390, "height": 660}


async def readable(page):
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@asynccontextmanager
async def asked(stage, what, **more):
    """Somebody has scanned, and opens the link that the chat answered."""
    person, started = await stage.person(follows=True), await stage.ask(what, **more)
    await person.scan(started["id"])
    async with wechat_of(person, dark=bool(more.get("replace"))) as context:
        page = await context.new_page()
        await page.goto(await person.link())
        yield page, person, started


async def test_binding_is_confirmed_by_a_button(stage):
    user = "u" + secrets.token_hex(6)
    async with asked(stage, "bind-intents", user=user) as (page, person, started):
        await expect(page.locator("h1")).to_contain_text("绑定到此微信？")
        assert user not in await page.content()
        assert "".join(await page.locator(".tiles b").all_text_contents()) == started["reference"]
        await readable(page)
        await page.reload()
        await page.get_by_role("button", name="绑定").click()
        await expect(page.locator("h1")).to_have_text("绑定成功")
        await readable(page)
        assert (await stage.api("GET", f"/v1/bindings/{user}"))["openid"] == person.openid


async def test_in_the_dark_a_login_is_declined(stage):
    async with asked(stage, "bind-intents", user="u" + secrets.token_hex(6), replace=True) as (page, _, started):
        await readable(page)
        await page.get_by_role("button", name="不是我，拒绝").click()
        await expect(page.locator("h1")).to_have_text("已拒绝")
        assert (await stage.api("GET", f"/v1/bind-intents/{started['id']}"))["status"] == "declined"


async def test_a_login_shows_who_it_is_for(stage):
    async with asked(stage, "logins") as (page, _, started):
        await expect(page.locator("h1")).to_have_text("登录山月茶铺？")
        await expect(page.locator(".lines")).to_contain_text("您还没有账号")
        await readable(page)
        await page.get_by_role("button", name="登录").click()
        await expect(page.locator("h1")).to_have_text("还没有账号")
        assert (await stage.api("GET", f"/v1/logins/{started['id']}"))["status"] == "unknown"


async def test_a_link_that_was_passed_on_confirms_nothing(stage):
    stranger = await stage.person(follows=True)
    async with asked(stage, "bind-intents", user="u" + secrets.token_hex(6)) as (page, _, started):
        async with wechat_of(stranger) as context:
            theirs = await context.new_page()
            await theirs.goto(page.url)
            await expect(theirs.locator("h1")).to_have_text("请换一个微信打开")
            await expect(theirs.locator("form")).to_have_count(0)
            await readable(theirs)
        async with stage.visitor() as context:
            elsewhere = await context.new_page()
            await elsewhere.goto(page.url)
            await expect(elsewhere.locator("h1")).to_have_text("请在微信中打开")
        assert (await stage.api("GET", f"/v1/bind-intents/{started['id']}"))["status"] == "scanned"


@pytest.mark.parametrize("what", ["bind-intents", "message"])
@pytest.mark.parametrize(("locale", "label"), [("zh-CN", "复制链接并打开微信"), ("en-US", "Copy link and open WeChat")])
async def test_a_page_that_needs_wechat_gives_its_link_along(stage, what, locale, label):
    person = await stage.person(follows=True)
    if what == "message":
        await stage.start(user=await stage.bound(person))
        await person.new_template_code()
        link = next(each["url"] for each in reversed(await person.messages()) if each["type"] == "template")
    else:
        started = await stage.ask("bind-intents", user="u" + secrets.token_hex(6))
        await person.scan(started["id"])
        link = await person.link()
    clipboard = ["clipboard-read", "clipboard-write"]
    async with stage.visitor(phone=True, locale=locale, viewport=SMALL, permissions=clipboard) as context:
        page = await context.new_page()
        await page.goto(link)
        button = page.locator(".primary:visible")
        await expect(button).to_have_text(label)
        await expect(button).to_be_in_viewport(ratio=1)
        await readable(page)
        await button.click()
        assert await page.evaluate("navigator.clipboard.readText()") == link
    async with stage.visitor(locale=locale, permissions=clipboard) as context:
        page = await context.new_page()
        await page.goto(link)
        await page.get_by_role("button", name=re.compile("^(复制链接|Copy link)$")).click()
        assert await page.evaluate("navigator.clipboard.readText()") == link


async def test_behind_a_message_it_can_be_stopped(stage):
    person = await stage.person(follows=True)
    started = await stage.start(user=await stage.bound(person))
    await person.new_template_code()
    link = next(each["url"] for each in reversed(await person.messages()) if each["type"] == "template")
    async with wechat_of(person) as context:
        page = await context.new_page()
        await page.goto(link)
        await expect(page.locator("h1")).to_have_text("这次验证的详情")
        await readable(page)
        await page.get_by_role("button", name="不是我，停止这次验证").click()
        await expect(page.locator("h1")).to_have_text("已停止")
        await readable(page)
    assert (await stage.api("GET", f"/v1/verifications/{started['id']}"))["status"] == "canceled"


async def test_a_link_from_the_chat_wants_six_digits_elsewhere(stage):
    person = await stage.person(follows=True)
    await person.say("绑定账号")
    for phone, main, other in ((False, "已发送，继续", "复制"), (True, "复制数字并打开微信", "已发送，继续")):
        async with stage.visitor(phone=phone) as context:
            page = await context.new_page()
            await page.goto(await person.link())
            if await page.locator("form button").count():
                await readable(page)
                await page.locator("form button").click()
            await expect(page.locator("#digits")).to_be_visible()
            await readable(page)
            # Who is on a phone finds the account by its name.
            await expect(page.locator(".copy.name:visible")).to_have_count(int(phone))
            # One main button: the next step of a person who holds this device.
            await expect(page.locator(".primary:visible")).to_have_text(main)
            await expect(page.locator(".refuse:visible")).to_have_text(other)
