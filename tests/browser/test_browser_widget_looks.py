"""The drop-in widget in many hands: on a phone, in WeChat, in two languages, light and dark, read by machines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from codesvc.client.schema import Delivery
from codesvc.domain.channels import IN_CHAT, Channel
from codesvc.domain.verification import DeliveryStatus, Status
from codesvc.messages.templates import Templates
from codesvc.web.pages import verification_view, widget
from codesvc.web.pages.widget_files import Widget
from codesvc.web.texts import Texts
from tests.browser.customer import opened
from tests.browser.stage import PHONE, PHONE_AGENT, TWO_LOOKS, WECHAT_AGENT
from tests.browser.test_browser_access import violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def stage(shop_stage):
    return shop_stage


async def test_on_a_phone_the_word_takes_the_place_of_the_scan(stage):
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor(phone=True, permissions=["clipboard-read", "clipboard-write"]) as context:
        page = await opened(stage, context, started)
        await expect(page.locator(".qr img")).to_have_count(0)
        await page.locator("summary").click()
        await page.get_by_role("button", name="复制", exact=True).click()
        await expect(page.locator(".keyword .copy")).to_have_text("已复制")
        assert await page.evaluate("navigator.clipboard.readText()") == started["scan"]["keyword"]
        await page.get_by_role("button", name="改为保存二维码图片").click()
        assert (await page.locator(".qr img").get_attribute("src")).endswith("/qr.png")
        await person.say(started["scan"]["keyword"])
        await page.locator("#code").press_sequentially(await person.code())
        await expect(page.locator(".headline")).to_have_text("验证成功")


async def test_nothing_sticks_out_of_the_narrowest_phone(stage):
    async with stage.visitor(viewport={"width": 320, "height": 640}, user_agent=PHONE_AGENT) as context:
        for purpose in ("register", "reset"):
            page = await opened(stage, context, await stage.start(purpose), more="&lang=en")
            sticking_out = await page.locator(".card").evaluate(
                """card => {
                    const edge = card.getBoundingClientRect().right - parseFloat(getComputedStyle(card).paddingRight);
                    const seen = [...card.querySelectorAll("*:not(input, .sr)")];
                    const out = seen.filter((each) => each.getBoundingClientRect().right > edge + 1);
                    return out.map((each) => each.outerHTML);
                }"""
            )
            assert sticking_out == []


async def test_inside_wechat_the_picture_is_pressed(stage):
    async with stage.visitor(viewport=PHONE, user_agent=WECHAT_AGENT) as context:
        page = await opened(stage, context, await stage.start())
        await expect(page.locator("figcaption")).to_contain_text("长按图片")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("&lang=en-GB", "Scan to get your code"),
        ("&lang=en&locale=zh", "微信扫码，获取验证码"),
        ("&lang=fr", "微信扫码，获取验证码"),
    ],
)
async def test_it_speaks_the_pages_language(stage, more, says):
    async with stage.visitor() as context:
        page = await opened(stage, context, await stage.start(), how="token", more=more)
        await expect(page.locator(".headline")).to_have_text(says)


@pytest.mark.parametrize(("phone", "dark"), TWO_LOOKS)
@pytest.mark.parametrize("purpose", ["register", "reset"])
async def test_it_can_be_read_by_everybody(stage, dark, phone, purpose):
    async with stage.visitor(dark=dark, phone=phone, bypass_csp=True) as context:
        page = await opened(stage, context, await stage.start(purpose), await stage.start())
        await page.locator("#box0 #code").press_sequentially("111111")
        await expect(page.locator("#box0 #problem")).to_contain_text("还可以再试")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await violations(page) == []


async def test_it_follows_the_pages_colour_scheme_and_variables(stage):
    async with stage.visitor(dark=True) as context:
        page = await opened(stage, context, await stage.start())
        card = page.locator(".card")
        colour = "card => getComputedStyle(card).backgroundColor"
        assert await card.evaluate(colour) == "rgb(21, 29, 25)"
        await page.evaluate("document.documentElement.style.colorScheme = 'light'")
        assert await card.evaluate(colour) == "rgb(255, 255, 255)"
        await page.evaluate("document.getElementById('box0').style.setProperty('--codesvc-surface', 'rgb(1, 2, 3)')")
        assert await card.evaluate(colour) == "rgb(1, 2, 3)"


async def test_it_is_small_kept_and_open_to_every_page(stage):
    url = f"{stage.addresses.service}/widget.js"
    async with stage.http.get(url, headers={"Accept-Encoding": "gzip"}) as answer:
        made = Widget(Templates(), Texts(Templates()))
        packed, headers = made.script.zipped, answer.headers
        assert await answer.read() == gzip.decompress(packed)
        assert headers["Content-Encoding"] == "gzip"
        assert len(packed) + max(len(made.said_in(name).zipped) for name in made.languages) < 15_300
        assert headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "max-age=300" in headers["Cache-Control"]
        assert b"eval(" not in packed
    for encoding in ("gzip", "identity"):
        async with stage.http.get(url, headers={"Accept-Encoding": encoding}) as first:
            asked = {"Accept-Encoding": encoding, "If-None-Match": first.headers["ETag"]}
        async with stage.http.get(url, headers=asked) as again:
            assert (again.status, await again.read()) == (304, b"")
    async with stage.http.get(f"{stage.addresses.service}/widget.d.ts") as types:
        assert "verify(element: Element" in await types.text()


async def test_it_tells_states_apart_as_the_hosted_page_does(stage):
    states = [
        {"status": status, "test": test, "delivery": {"channel": channel, "status": delivery, "reason": reason}}
        for status in Status
        for test in (False, True)
        for channel in (*Channel, "auto")
        for delivery in (*DeliveryStatus, "pending")
        for reason in (None, "no-binding", "no-channel", "unreachable", "muted", "limited")
    ]
    code = Templates().source("code_box.js") + (Path(widget.__file__).parents[1] / "static" / "elements.js").read_text(
        encoding="utf-8"
    )
    async with stage.visitor() as context:
        page = await context.new_page()
        given = f"const given = {{ tags: {{}}, style: '', phone: '', chat: {json.dumps(sorted(IN_CHAT))} }};"
        told = await page.evaluate(f"(states) => {{ {given}\n{code}\nreturn states.map(stageOf); }}", states)
    assert told == [
        verification_view.stage(state["status"], Delivery(**state["delivery"]), test=state["test"]) for state in states
    ]
