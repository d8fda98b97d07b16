"""The hosted page in many hands: without a script, without a network, on a phone, in WeChat, by keyboard."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.shop_visit import begin_sign_up
from tests.browser.stage import PHONE, TWO_LOOKS, WECHAT_AGENT, another_code_than, verification_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_without_javascript(stage):
    person = await stage.person(follows=True)
    async with stage.visitor(java_script_enabled=False) as context:
        page = await begin_sign_up(stage, context)
        await expect(page.locator(".qr img")).to_be_visible()
        await person.scan(verification_of(page))
        code = await person.code()
        await page.fill("#code", another_code_than(code))
        await page.click("text=确认")
        await expect(page.locator("#problem")).to_contain_text("还可以再试 4 次")
        await page.click("text=重新发送")
        await expect(page.locator("#problem")).to_contain_text("刚刚发送过")
        await page.fill("#code", code)
        await page.click("text=确认")
        await page.wait_for_url("**/account")


async def test_a_line_that_is_cut_is_replaced_by_looking(stage):
    async with stage.visitor() as context:
        await context.route("**/events", lambda route: route.abort())
        person, started = await stage.person(follows=True), await stage.start()
        page = await context.new_page()
        await page.goto(started["page_url"])
        await person.scan(started["id"])
        await expect(page.locator("h1")).to_have_text("验证码已发到微信", timeout=10_000)


async def test_no_network(stage, visit):
    async with stage.visitor() as context:
        page, person, _ = await visit(context)
        code = await person.code()
        await context.set_offline(True)
        await expect(page.locator("#offline")).to_be_visible()
        await page.locator("#code").press_sequentially(code)
        await expect(page.locator("#problem")).to_contain_text("网络连接中断")
        await context.set_offline(False)
        await expect(page.locator("#code")).to_have_value(code)
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("验证成功")


async def test_on_a_phone_the_word_takes_the_place_of_the_scan(stage):
    person = await stage.person(follows=True)
    async with stage.visitor(phone=True, permissions=["clipboard-read", "clipboard-write"]) as context:
        page = await context.new_page()
        started = await stage.start()
        await page.goto(started["page_url"])
        await expect(page.locator(".qr img")).to_have_count(0)
        await page.locator("summary").click()
        await page.get_by_role("button", name="复制", exact=True).click()
        await expect(page.locator(".keyword .copy")).to_have_text("已复制")
        assert await page.evaluate("navigator.clipboard.readText()") == started["scan"]["keyword"]
        await person.say(started["scan"]["keyword"])
        await expect(page.locator("h1")).to_have_text("验证码已发到微信")
        await page.locator("#code").press_sequentially(await person.code())
        await expect(page.locator("h1")).to_have_text("验证成功")


async def test_the_picture_is_drawn_only_when_asked_for(stage):
    async with stage.visitor(phone=True) as context:
        asked = []
        context.on("request", lambda request: asked.append(request.url) if "/qr." in request.url else None)
        page = await context.new_page()
        await page.goto((await stage.start("reset"))["page_url"])
        await page.click("text=没有收到？用口令获取")
        await page.locator("summary").click()
        await expect(page.locator("#keyword")).to_be_visible()
        assert asked == []
        await page.click("text=改为保存二维码图片")
        await expect(page.locator(".qr img")).to_be_visible()
        assert len(asked) == 1
        assert asked[0].endswith("qr.png")


async def test_inside_wechat_the_picture_is_pressed(stage):
    async with stage.visitor(viewport=PHONE, user_agent=WECHAT_AGENT) as context:
        page = await context.new_page()
        await page.goto((await stage.start())["page_url"])
        await expect(page.locator("figcaption")).to_contain_text("长按图片")
        assert await page.locator(".qr img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


async def test_english_by_the_browsers_language(stage):
    async with stage.visitor(locale="en-US") as context:
        page = await context.new_page()
        await page.goto((await stage.start())["page_url"])
        await expect(page.locator("h1")).to_have_text("Scan to get your code")
        assert await page.locator("html").get_attribute("lang") == "en"


async def test_what_the_site_is_called_is_text_not_markup(stage):
    async with stage.visitor() as context:
        page = await context.new_page()
        await page.goto((await stage.start())["page_url"] + "?scan=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
        await expect(page.locator("h1")).to_be_visible()
        assert "alert(1)" not in await page.content()


async def test_unknown_page_is_a_page_for_people_and_json_for_programs(stage):
    url = f"{stage.addresses.service}/p/none"
    async with stage.visitor() as context:
        page = await context.new_page()
        answer = await page.goto(url)
        assert answer.status == 404
        await expect(page.locator("h1")).to_have_text("找不到这个页面")
    async with stage.http.get(url, headers={"Accept": "application/json"}) as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"


async def test_nobody_frames_the_page_and_nothing_foreign_runs_in_it(stage):
    started = await stage.start()
    async with stage.http.get(started["page_url"]) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert f"frame-ancestors 'self' {stage.addresses.website}" in policy
    assert answer.headers["Referrer-Policy"] == "same-origin"


async def test_by_keyboard_alone(stage, visit):
    async with stage.visitor() as context:
        page, person, _ = await visit(context)
        await expect(page.locator("#code")).to_be_focused()
        await page.keyboard.type(await person.code())
        await expect(page.locator("h1")).to_have_text("验证成功")
        await page.keyboard.press("Tab")
        await expect(page.locator("text=立即返回")).to_be_focused()


@pytest.mark.parametrize(("phone", "dark"), TWO_LOOKS)
async def test_nothing_overflows(stage, phone, dark):
    async with stage.visitor(phone=phone, dark=dark) as context:
        page = await context.new_page()
        for purpose in ("register", "reset"):
            for query in ("", "?scan=open", "?scan=picture"):
                await page.goto((await stage.start(purpose))["page_url"] + query)
                assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
