"""The service is restarted while somebody looks at a page: the page waits, and goes on where it was."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.customer import opened

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_hosted_page_goes_on(shop):
    stage, service = shop
    person, started = await stage.person(follows=True), await stage.start(return_url=None)
    async with stage.visitor() as context:
        page = await context.new_page()
        await page.goto(started["page_url"])
        await expect(page.locator("h1")).to_have_text("微信扫码，获取验证码")
        await service.stop()
        await page.locator("#code").press_sequentially("123456")
        await expect(page.locator("#problem")).to_contain_text("暂时连不上验证服务")
        await expect(page.locator("#offline")).to_contain_text("暂时连不上验证服务")
        await expect(page.locator("#code")).to_have_value("123456")
        await service.start()
        await person.scan(started["id"])
        await expect(page.locator("h1")).to_have_text("验证码已发到微信", timeout=15_000)
        await expect(page.locator("#offline")).to_have_text("连接已恢复。")
        await expect(page.locator("#offline")).to_be_hidden()
        await page.locator("#code").fill(await person.code())
        await expect(page.locator("h1")).to_have_text("验证成功")


async def test_the_widget_goes_on(shop):
    stage, service = shop
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor() as context:
        page = await opened(stage, context, started)
        await service.stop()
        await expect(page.locator(".offline")).to_contain_text("暂时连不上验证服务")
        await page.locator("#code").press_sequentially("12")
        await service.start()
        await person.scan(started["id"])
        await expect(page.locator(".headline")).to_have_text("验证码已发到微信", timeout=15_000)
        await expect(page.locator(".offline")).to_be_hidden()
        await expect(page.locator("#code")).to_have_value("12")
        await page.locator("#code").fill(await person.code())
        await expect(page.locator(".headline")).to_have_text("验证成功")
