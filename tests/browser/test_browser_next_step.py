"""Moments in which a person was left without a next step, or with a wrong one. On the page and in the widget alike."""

from __future__ import annotations

import contextlib
import re
import secrets
from functools import partial

import pytest
from playwright.async_api import Error, expect

from tests.browser.customer import opened
from tests.browser.stage import WECHAT_AGENT

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
TYPED = """() => {
  const root = document.querySelector("#box0")?.shadowRoot ?? document;
  const box = root.querySelector("#code");
  if (!box) return;
  box.value = "123456";
  box.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));
}"""
CAME_BACK = "document.dispatchEvent(new Event('visibilitychange'))"
SMALL = {"width": 390, "height": 660}
COPYING = ["clipboard-read", "clipboard-write"]


@pytest.fixture
def stage(shop_stage):
    return shop_stage


def headline(page):
    return page.locator("#headline, .headline")


def inside(kind, stage):
    """The phone's browser, or WeChat's own."""
    agent = {"user_agent": WECHAT_AGENT} if kind == "wechat" else {}
    return stage.visitor(phone=True, viewport=SMALL, permissions=COPYING, **agent)


async def test_what_was_not_sent_waits_for_the_button_and_says_so(shop, open_either):
    stage, service = shop
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor(phone=True, viewport=SMALL) as context:
        page = await open_either(context, started)
        await person.say(started["scan"]["keyword"])
        await expect(headline(page)).to_have_text("验证码已发到微信")
        code, box = await person.code(), page.locator("#code")
        await service.stop()
        try:
            await box.fill(code)
            await expect(page.locator("#problem")).to_contain_text("暂时连不上验证服务")
            # What is the matter is in sight of who looks at the box.
            await page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
            await expect(page.locator(".offline")).to_be_in_viewport(ratio=1)
        finally:
            await service.start()
        await expect(page.locator(".offline")).to_have_text("连接已恢复。", timeout=15_000)
        await expect(page.locator("#problem")).to_have_text("请核对后点“确认”。")
        await expect(box).to_have_value(code)
        await page.get_by_role("button", name="确认").click()
        await expect(headline(page)).to_have_text("验证成功")


@pytest.mark.parametrize("what", ["verifications", "logins"])
@pytest.mark.parametrize("moved", ["came back", "typed"])
async def test_who_comes_back_when_all_is_gone_reads_where_to_start_again(stage, open_either, what, moved):
    started = await stage.start() if what == "verifications" else await stage.ask(what)
    async with stage.visitor() as context:
        page = await open_either(context, started)
        await expect(page.locator("#keyword")).to_be_visible()
        await stage.pass_time(7200)
        # By then the page may have heard of the end by its stream, and be on its way.
        with contextlib.suppress(Error):
            await page.evaluate(TYPED if moved == "typed" and what == "verifications" else CAME_BACK)
        gone = re.compile("^(这次验证已结束|已过期|找不到这次验证)$")
        await expect(page.locator("h1, .headline").filter(has_text=gone)).to_be_visible()
        await expect(page.locator(".head p").first).to_contain_text(re.compile("重新开始|重新获取"))
        await expect(page.locator("#offline:visible, .offline:visible")).to_have_count(0)


async def test_the_page_of_what_is_gone_may_stand_in_the_sites_own(stage):
    """As the page itself may: it holds nothing to press."""
    started = await stage.start()
    await stage.pass_time(7200)
    async with stage.http.get(started["page_url"]) as answer:
        assert answer.status == 404
        assert f"frame-ancestors 'self' {stage.addresses.website}" in answer.headers["Content-Security-Policy"]
        assert "山月茶铺" in await answer.text()


async def test_confirm_is_quiet_while_the_box_holds_no_code(stage, open_either):
    async with stage.visitor() as context:
        page = await open_either(context, await stage.start())
        confirm, quiet = page.get_by_role("button", name="确认"), re.compile(r"\bunready\b")
        for typed in ("", "123", "abcdef", "1234567"):
            await page.locator("#code").fill(typed)
            await expect(confirm).to_have_class(quiet)


@pytest.mark.parametrize("kind", ["phone", "wechat"])
async def test_a_renewal_is_called_by_what_the_person_uses_then(stage, open_either, kind):
    wanted = {"phone": "重新获取口令", "wechat": "刷新二维码"}[kind]
    for start in (stage.start, partial(stage.ask, "logins")):
        started = await start()
        async with inside(kind, stage) as context:
            page = await open_either(context, started)
            await expect(page.locator("#keyword")).to_be_attached()
            await stage.pass_time(601)
            again = page.get_by_role("button", name=wanted)
            await again.click()
            await expect(page.locator(".steps" if kind == "phone" else ".qr img")).to_be_visible()
            # And so it is while another WeChat holds the only scan; what to do next is at the top.
            await expect(headline(page)).to_be_in_viewport(ratio=1)
            keyword = await page.locator("#keyword").text_content()
            await (await stage.person(follows=True)).say(keyword)
            await expect(page.locator(".badge.replied, .badge.scanned")).to_be_attached()
            await expect(page.get_by_role("button", name=re.compile("刷新|重新获取"))).to_have_count(0)


@pytest.mark.parametrize("kind", ["phone", "wechat"])
async def test_while_another_wechat_holds_it_a_renewal_is_called_the_same(stage, open_either, kind):
    wanted = {"phone": "重新获取口令", "wechat": "不是您？刷新二维码"}[kind]
    for start in (stage.start, partial(stage.ask, "logins")):
        started = await start()
        async with inside(kind, stage) as context:
            page = await open_either(context, started)
            await (await stage.person(follows=True)).say(started["scan"]["keyword"])
            await expect(page.get_by_role("button", name=wanted, exact=True)).to_be_visible()


@pytest.mark.parametrize("kind", ["phone", "wechat"])
async def test_a_binding_by_web_authorisation_has_its_way_on_the_phone(stage, open_either, kind):
    started = await stage.ask("bind-intents", user="u" + secrets.token_hex(6), method="oauth")
    async with inside(kind, stage) as context:
        page = await open_either(context, started)
        if kind == "wechat":
            way = page.locator("a.primary")
            await expect(way).to_have_attribute("href", re.compile(r"/wechat/main/ask/"))
            await expect(page.locator(".qr img")).to_have_count(0)
            return
        button = page.locator(".head .primary")
        await expect(button).to_have_text("复制链接并打开微信")
        await expect(button).to_be_in_viewport(ratio=1)
        await expect(headline(page)).to_have_text("用微信绑定账号")
        await stage.pass_time(601)
        await page.get_by_role("button", name="重新获取链接").click()
        await expect(button).to_have_text("复制链接并打开微信")
        await button.click()
        await expect(button).to_have_text("已复制")
        assert "/wechat/main/ask/" in await page.evaluate("navigator.clipboard.readText()")


async def test_to_come_too_early_to_a_ticket_is_said_and_to_come_back_is_enough(stage):
    person = await stage.person(follows=True)
    await person.say("绑定账号")
    async with stage.visitor(phone=True, permissions=COPYING) as context:
        page = await context.new_page()
        await page.goto(await person.link())
        await page.locator("form button").click()
        digits = await page.locator("#digits").text_content()
        await page.get_by_role("link", name="已发送，继续").click()
        await expect(page.locator(".head p")).to_contain_text("还没有收到这六位数字")
        await person.say(digits)
        await page.evaluate(CAME_BACK)
        await page.wait_for_url("**/wechat/bind?ticket=*")


async def test_a_browser_before_light_dark_shows_the_light_colours(stage):
    async with stage.visitor(dark=True) as context:
        await context.add_init_script("CSS.supports = () => false")
        page = await opened(stage, context, await stage.start())
        shown = "card => ['backgroundColor', 'color'].map((name) => getComputedStyle(card)[name])"
        assert await page.locator(".card").evaluate(shown) == ["rgb(255, 255, 255)", "rgb(19, 32, 26)"]
        button = page.locator("#check .primary")
        await page.locator("#code").fill("11111")
        await page.locator("#code").press_sequentially("1")
        assert await button.evaluate("b => getComputedStyle(b).color") != ""
