"""Pages and widget of an account without QR codes with parameters: its own is for following, the keyword does it."""

from __future__ import annotations

import os
from functools import partial

import pytest
import pytest_asyncio
from playwright.async_api import expect

from codesvc.web.pictures import draw_code
from tests.browser import customer
from tests.browser.stage import TWO_LOOKS
from tests.pictures import data_url

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
CLIPBOARD = ["clipboard-read", "clipboard-write"]


def own_code():
    """A picture as WeChat's console gives it."""
    return data_url(draw_code("http://weixin.qq.com/r/demo", "png").body)


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["follow", "none"])
async def shown(request, chromium):
    picture = {"qr_picture": own_code()} if request.param == "follow" else {}
    async with customer.staged(chromium, kind="unverified_subscription", messages={}, **picture) as (stage, _):
        yield stage, request.param


@pytest.fixture
def opening(way, shown):
    return partial(customer.opened_as, way, shown[0])


async def look(page, name):
    """Keep a picture if CODESVC_LOOKS names a directory."""
    if directory := os.environ.get("CODESVC_LOOKS"):
        await page.screenshot(path=f"{directory}/{name}.png", full_page=True)


@pytest.mark.parametrize(("phone", "dark"), TWO_LOOKS)
async def test_a_sign_up(shown, opening, way, phone, dark):
    stage, picture = shown
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor(phone=phone, dark=dark, permissions=CLIPBOARD) as context:
        page = await opening(context, started)
        await expect(page.locator(".headline, #headline")).to_have_text("发送口令，获取验证码")
        keyword = started["scan"]["keyword"]
        await expect(page.locator("#keyword")).to_have_text(keyword)
        await expect(page.locator(".qr img")).to_have_count(1 if picture == "follow" else 0)
        if picture == "follow":
            image = page.locator(".qr img")
            assert await image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        await expect(page.get_by_text("扫描二维码")).to_have_count(0)
        await look(page, f"{way}-{picture}-{'phone' if phone else 'desk'}-{'dark' if dark else 'light'}")
        if phone:
            await page.locator("summary").click()
        await page.locator(".steps .copy").first.click()
        assert await page.evaluate("navigator.clipboard.readText()") == keyword
        await person.say(keyword)
        await expect(page.locator(".headline, #headline")).to_have_text("验证码已发到微信")
        code = await person.code()
        await page.locator("#code").fill(code)
        await expect(page.locator(".headline, #headline")).to_have_text("验证成功")


async def test_a_bind_intent(shown, opening, way):
    stage, picture = shown
    person = await stage.person(follows=True)
    started = await stage.ask("bind-intents", user=f"u-{way}-{picture}")
    async with stage.visitor() as context:
        page = await opening(context, started)
        await expect(page.locator(".headline, #headline")).to_have_text("用微信绑定账号")
        await expect(page.locator(".steps li")).to_have_count(3)
        await expect(page.locator(".how")).to_have_count(0)
        await look(page, f"{way}-{picture}-bind")
        await person.say(started["scan"]["keyword"])
        await person.say("确认")
        await expect(page.locator(".headline, #headline")).to_have_text("绑定成功")


async def test_inside_wechat_and_in_english(shown, opening, way):
    stage, picture = shown
    started = await stage.ask("logins")
    async with stage.visitor(phone=True, locale="en-GB") as context:
        page = await opening(context, started, "&lang=en")
        await expect(page.locator(".headline, #headline")).to_have_text("Log in with WeChat")
        await look(page, f"{way}-{picture}-login-en")


@pytest.mark.parametrize("seen", [("phone", "light", "zh-CN"), ("desk", "dark", "en-GB")], ids="-".join)
async def test_a_reset_names_the_bound_wechat(shown, opening, way, seen):
    stage, picture = shown
    device, light, locale = seen
    started, chinese = await stage.start("reset"), locale == "zh-CN"
    async with stage.visitor(phone=device == "phone", dark=light == "dark", locale=locale) as context:
        page = await opening(context, started, f"&lang={locale[:2]}")
        title = "发送口令，获取验证码" if chinese else "Send the keyword to get your code"
        await expect(page.locator(".headline, #headline")).to_have_text(title)
        hint = "请用已绑定的微信操作" if chinese else "Use the linked WeChat account. We’ll send the code"
        await expect(page.locator(".head p").first).to_contain_text(hint)
        await expect(page.locator("#keyword")).to_have_text(started["scan"]["keyword"])
        await expect(page.locator(".qr img")).to_have_count(1 if picture == "follow" else 0)
        await expect(page.get_by_role("button", name="重新发送" if chinese else "Send again")).to_have_count(0)
        await look(page, f"{way}-{picture}-reset-{'-'.join(seen)}")
