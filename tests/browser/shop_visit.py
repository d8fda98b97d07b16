"""What a customer does in the shop, step by step, as by hand."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tests.browser.stage import verification_of

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Page

    from tests.browser.stage import Person, Stage

PASSWORD = "a good password"


async def begin_sign_up(stage: Stage, context: BrowserContext, name: str = "") -> Page:
    """From the shop's form to the hosted page."""
    page = await context.new_page()
    await page.goto(f"{stage.addresses.website}/signup")
    await page.fill("#name", name or "guest" + secrets.token_hex(4))
    await page.fill("#password", PASSWORD)
    await page.click(".card button")
    await page.wait_for_url("**/p/**")
    return page


async def sign_up(stage: Stage, context: BrowserContext, person: Person, name: str) -> Page:
    """All of a sign-up; leaves the account page open."""
    page = await begin_sign_up(stage, context, name)
    await person.scan(verification_of(page))
    await person.follow()
    await page.locator("#code").press_sequentially(await person.code())
    await page.wait_for_url("**/account")
    return page


async def begin_reset(stage: Stage, context: BrowserContext, name: str) -> Page:
    """From the shop's form to the hosted page."""
    page = await context.new_page()
    await page.goto(f"{stage.addresses.website}/forgot")
    await page.fill("#name", name)
    await page.click(".card button")
    await page.wait_for_url("**/p/**")
    return page
