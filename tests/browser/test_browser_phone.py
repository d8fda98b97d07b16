"""On a phone the way to WeChat is the main thing, above the fold; inside WeChat a page that has ended can be closed."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.stage import WECHAT_AGENT, stop_clock, without_streams
from tests.stores import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
SMALL = {"width": 390, "height": 660}


@pytest.fixture
def stage(shop_stage):
    return shop_stage


@pytest.fixture
def first_looks(way):
    """How often a page whose stream is refused reads the state by itself: the widget to draw, both for the stream."""
    return 2 if way == "widget" else 1


async def test_the_keyword_is_copied_and_wechat_opened_by_one_button(stage, open_either):
    started = await stage.start()
    async with stage.visitor(phone=True, viewport=SMALL, permissions=["clipboard-read", "clipboard-write"]) as context:
        # What a button says after a press, it says for two seconds.
        await stop_clock(context)
        page = await open_either(context, started)
        button = page.get_by_role("button", name="复制口令并打开微信")
        await expect(button).to_be_in_viewport(ratio=1)
        await button.click()
        await expect(page.get_by_role("button", name="已复制")).to_be_visible()
        keyword = (await stage.api("GET", f"/v1/verifications/{started['id']}"))["scan"]["keyword"]
        assert await page.evaluate("navigator.clipboard.readText()") == keyword
        await page.locator("summary").click()
        name = page.locator(".copy.name")
        await name.click()
        await expect(name).to_have_text("已复制")
        assert await page.evaluate("navigator.clipboard.readText()") == "示例服务号"


async def test_a_code_on_its_way_leads_to_wechat_and_its_box_comes_into_view(stage, open_either):
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor(phone=True, viewport=SMALL) as context:
        page = await open_either(context, started)
        await page.locator("summary").click()
        await person.scan(started["id"])
        await expect(page.get_by_role("link", name="打开微信")).to_have_attribute("href", "weixin://")
        await expect(page.locator(".code")).to_be_in_viewport(ratio=1)


async def test_back_from_wechat_the_state_is_read_at_once(stage, open_either, first_looks):
    """The phone has cut the line meanwhile, and no timer fires: only coming back does it."""
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor(phone=True) as context:
        await stop_clock(context)
        answered = await without_streams(context)
        page = await open_either(context, started)
        headline = page.locator("#headline, .headline")
        await expect(headline).to_have_text("发送口令，获取验证码")
        await until(lambda: answered("state") == first_looks)
        await person.say(started["scan"]["keyword"])
        await expect(headline).to_have_text("发送口令，获取验证码")
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await expect(headline).to_have_text("验证码已发到微信")


async def test_a_stream_that_is_refused_for_good_is_not_asked_for_at_each_look(stage, open_either, first_looks):
    """Such as where the service has as many open as it can take: then pages poll (codesvc/web/event_streams)."""
    started = await stage.start()
    async with stage.visitor(phone=True) as context:
        await stop_clock(context)
        answered = await without_streams(context)
        page = await open_either(context, started)
        await until(lambda: answered("state") == first_looks)
        for turn in (1, 2, 3):
            await page.clock.run_for(3_000)
            await until(lambda least=first_looks + turn: answered("state") >= least)
        assert (answered("state"), answered("events")) == (first_looks + 3, 1)
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await until(lambda: answered("events") == 2)


async def test_a_binding_by_web_authorisation_offers_its_link(stage):
    started = await stage.ask("bind-intents", user="u-link", method="oauth")
    async with stage.visitor(phone=True, permissions=["clipboard-read", "clipboard-write"]) as context:
        page = await context.new_page()
        await page.goto(started["page_url"])
        await page.get_by_role("button", name="复制链接并打开微信").click()
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert "/wechat/main/ask/" in copied
        await page.locator("summary").click()
        await expect(page.locator(".qr img")).to_be_visible()


async def test_a_page_that_has_ended_closes_its_window_in_wechat(stage):
    started = await stage.start(return_url=None)
    await stage.api("POST", f"/v1/verifications/{started['id']}/cancel", {})
    asked = await stage.ask("bind-intents", user="u-ended", method="oauth")
    async with stage.visitor(phone=True) as context:
        page = await context.new_page()
        await page.goto(asked["page_url"])
        question = await page.get_by_role("button", name="复制链接并打开微信").get_attribute("data-copy")
    await stage.api("POST", f"/v1/bind-intents/{asked['id']}/cancel", {})
    bridge = "window.calls = []; window.WeixinJSBridge = { call: (what) => window.calls.push(what) };"
    async with stage.visitor(user_agent=WECHAT_AGENT) as context:
        await context.add_init_script(bridge)
        page = await context.new_page()
        for address in (started["page_url"], asked["page_url"], question):
            await page.goto(address)
            await page.get_by_role("button", name="完成").click()
            assert await page.evaluate("calls") == ["closeWindow"]
