"""The hosted page alone: what it says, and how a code is typed into it."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.shop_visit import begin_sign_up
from tests.browser.stage import another_code_than, verification_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_wrong_code(stage, visit):
    async with stage.visitor() as context:
        page, person, _ = await visit(context)
        code = await person.code()
        field = page.locator("#code")
        await field.press_sequentially(another_code_than(code))
        await expect(page.locator("#problem")).to_contain_text("还可以再试 4 次")
        await expect(field).to_have_value("")
        await expect(field).to_be_focused()
        await expect(field).to_have_attribute("aria-invalid", "true")
        await field.press_sequentially(code)
        await expect(page.locator("h1")).to_have_text("验证成功")


async def test_the_last_attempt_is_the_persons_own_to_make(stage, visit):
    async with stage.visitor() as context:
        page, person, _ = await visit(context)
        field, code = page.locator("#code"), another_code_than(await person.code())
        for left in (4, 3, 2, 1):
            await field.press_sequentially(code)
            if left < 4:
                await field.press("Enter")  # the same code is never sent twice by itself
            await expect(page.locator("#problem")).to_contain_text(f"还可以再试 {left} 次")
        await field.press_sequentially("333333")
        await expect(field).to_have_value("333333")
        await expect(page.locator("#problem")).to_have_text("请核对后点“确认”。")
        await expect(page.locator("h1")).to_have_text("验证码已发到微信")
        await page.get_by_role("button", name="确认").click()
        await expect(page.locator("h1")).to_have_text("尝试次数已用完")


async def test_pasted_and_full_width_digits_are_understood(stage, visit):
    async with stage.visitor() as context:
        page, person, _ = await visit(context)
        code = await person.code()
        wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
        await page.locator("#code").fill(f" {wide[:3]} - {wide[3:]} ")
        await expect(page.locator("h1")).to_have_text("验证成功")


async def test_typing_goes_on_while_the_page_changes(stage):
    async with stage.visitor() as context:
        person, started = await stage.person(follows=True), await stage.start()
        page = await context.new_page()
        await page.goto(started["page_url"])
        await page.locator("#code").press_sequentially("12")
        await person.scan(started["id"])
        await expect(page.locator("h1")).to_have_text("验证码已发到微信")
        await page.keyboard.type("3")
        await expect(page.locator("#code")).to_have_value("123")
        await expect(page.locator("#announcer")).to_contain_text("验证码已发到微信")


async def test_expiry(stage):
    async with stage.visitor() as context:
        page = await context.new_page()
        await page.goto((await stage.start())["page_url"])
        await stage.pass_time(301)
        await expect(page.locator("h1")).to_have_text("验证码已过期")
        await page.get_by_role("link", name="返回山月茶铺").click()
        await page.wait_for_url("**/signup/return?verification=vf_*")


async def test_resend(stage, visit):
    async with stage.visitor() as context:
        page, person, started = await visit(context)
        before = len(await person.messages())
        await expect(page.locator("#resend button")).to_be_disabled()
        await stage.pass_time(61)
        await page.reload()
        await page.click("text=重新发送")
        await expect(page.locator(".good")).to_have_text("已重新发送，验证码不变。")
        await expect(page.locator("#resend button")).to_be_disabled()
        first = await person.code()
        assert await person.new_template_code() == first
        assert len(await person.messages()) > before
        await page.locator("#code").press_sequentially(first)
        await expect(page.locator("h1")).to_have_text("验证成功")
        assert (await stage.api("GET", f"/v1/verifications/{started['id']}"))["status"] == "approved"


async def test_two_tabs(stage):
    person = await stage.person(follows=True)
    async with stage.visitor() as context:
        one = await begin_sign_up(stage, context)
        two = await context.new_page()
        await two.goto(one.url)
        await person.scan(verification_of(one))
        await expect(two.locator("h1")).to_have_text("验证码已发到微信")
        await one.locator("#code").press_sequentially(await person.code())
        await expect(two.locator("h1")).to_have_text("验证成功")
        await one.wait_for_url("**/account")
        await two.wait_for_url("**/account")


async def test_reload_in_the_middle(stage, visit):
    async with stage.visitor() as context:
        page, person, _ = await visit(context)
        await page.reload()
        await expect(page.locator("h1")).to_have_text("验证码已发到微信")
        await page.locator("#code").press_sequentially(await person.code())
        await expect(page.locator("h1")).to_have_text("验证成功")
