"""By hand alone: the shop in one page, the sandbox's phone in a second one, and nothing beside them.

The picture is scanned off the screen, the code is read from the chat and typed.
"""

from __future__ import annotations

import secrets

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.handset import take_phone
from tests.browser.shop_visit import PASSWORD, begin_reset, begin_sign_up
from tests.browser.stage import staged

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(chromium):
    """A stage of its own: its desk has only the phones of these tests."""
    async with staged(chromium) as stage:
        yield stage


async def sign_up(stage, context, phone, name):
    page = await begin_sign_up(stage, context, name)
    await phone.scan(page)
    await phone.follow()
    await expect(page.locator("h1")).to_have_text("验证码已发到微信")
    await page.locator("#code").press_sequentially(await phone.code())
    await page.wait_for_url("**/account")
    return page


async def test_sign_up_reset_and_log_in_again(stage):
    name = "guest" + secrets.token_hex(4)
    async with stage.visitor() as desk, stage.visitor() as context:
        phone = await take_phone(stage, desk)
        page = await sign_up(stage, context, phone, name)
        await expect(page.locator(".state.on")).to_be_visible()
        await page.get_by_role("button", name="退出").click()

        # Forgotten: the code comes as a template message.
        page = await begin_reset(stage, context, name)
        await page.locator("#code").press_sequentially(await phone.code_on_card())
        await page.wait_for_url("**/reset")
        await page.fill("#password", "another good password")
        await page.click(".card button")
        await expect(page.locator(".notice")).to_contain_text("密码已更新")
        await page.get_by_role("button", name="退出").click()

        # Logged in by a scan and a yes.
        await page.goto(f"{stage.addresses.website}/login")
        await page.get_by_role("button", name="微信扫码登录").click()
        await page.wait_for_url("**/p/**")
        await phone.scan(page)
        await expect(page.locator("h1")).to_have_text("已扫码，请在微信中确认")
        await phone.hears("".join(await page.locator(".tiles b").all_text_contents()))
        await phone.say("确认")
        await page.wait_for_url("**/account")
        await expect(page.locator(".card h1")).to_contain_text(name)


async def test_on_the_phones_own_screen_the_word_is_copied_into_the_chat(stage):
    clipboard = ["clipboard-read", "clipboard-write"]
    async with stage.visitor() as desk, stage.visitor(phone=True, permissions=clipboard) as context:
        phone = await take_phone(stage, desk)
        await phone.phone.get_by_role("button", name="扫一扫").wait_for()
        page = await begin_sign_up(stage, context)
        await page.locator("summary").click()
        await page.get_by_role("button", name="复制", exact=True).click()
        word = await page.evaluate("navigator.clipboard.readText()")
        await phone.follow()
        await phone.say(word)
        code = await phone.code()
        await page.locator("#code").evaluate(
            "(field, code) => navigator.clipboard.writeText(code).then(() => field.focus())", code
        )
        await page.keyboard.press("Control+V")
        await page.wait_for_url("**/account")
        await expect(page.locator(".notice")).to_contain_text("注册成功")
        assert PASSWORD not in await page.content()
