"""A person's phone as the sandbox shows it, in a page of its own: what a hand would do on it."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playwright.async_api import expect

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Locator, Page

    from tests.browser.stage import Stage

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


@dataclass(frozen=True)
class Handset:
    """One phone."""

    page: Page
    phone: Locator

    async def scan(self, page: Page) -> None:
        """Point the camera at what `page` shows: the pixels of its QR code."""
        picture = page.locator(".qr img")
        await picture.evaluate("image => image.decode()")
        photograph = {"name": "screen.png", "mimeType": "image/png", "buffer": await picture.screenshot()}
        await self.phone.get_by_role("button", name="扫一扫").click()
        await self.phone.locator(".view--scanner input[type=file]").set_input_files(photograph)

    async def follow(self) -> None:
        await self.phone.get_by_role("button", name="关注公众号").click()

    async def say(self, text: str) -> None:
        field = self.phone.get_by_role("textbox", name="输入消息")
        await field.fill(text)
        await field.press("Enter")

    async def hears(self, text: str) -> None:
        """Wait until the newest message says this."""
        await expect(self.phone.locator(".said--theirs").last).to_contain_text(text)

    async def code(self) -> str:
        """Read the code in the newest message of the chat."""
        newest = self.phone.locator(".said--theirs").last
        await expect(newest).to_contain_text(_CODE)
        return _CODE.search(await newest.inner_text())[0]

    async def code_on_card(self) -> str:
        """Read the code on the newest template message."""
        line = self.phone.locator(".card").last.locator("dd").first
        await expect(line).to_have_text(_CODE)
        return (await line.inner_text()).strip()


async def take_phone(stage: Stage, context: BrowserContext) -> Handset:
    """Somebody new, whose phone lies beside the browser."""
    name = "人" + secrets.token_hex(3)
    page = await context.new_page()
    await page.goto(stage.addresses.sandbox)
    await page.get_by_role("button", name="添加人物").first.click()
    await page.get_by_label("名字").fill(name)
    await page.keyboard.press("Enter")
    phone = page.locator(f'.phone[data-person="{name}"]')
    await expect(phone).to_be_visible()
    return Handset(page, phone)
