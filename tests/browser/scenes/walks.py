"""What scenes have in common on the way to their states."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.stage import Person, Stage


async def bind_intent(stage: Stage, **more: Any) -> dict[str, Any]:
    """Start one for a new user."""
    return await stage.ask("bind-intents", user="u" + secrets.token_hex(6), **more)


async def reaches(page: Page, badge: str) -> Page:
    """The page, once it is at this stage. A short screen has no room for the badge, so it need not be visible."""
    await page.locator(f".badge.{badge}").wait_for(state="attached")
    return page


async def scanned(page: Page, person: Person, started: dict[str, Any], badge: str, *said: str) -> Page:
    """The page at this stage, after the person has scanned its QR code and said this in the chat."""
    await person.scan(started["id"])
    for words in said:
        await person.say(words)
    return await reaches(page, badge)


async def approved_by(page: Page, person: Person, started: dict[str, Any]) -> Page:
    """The page of a verification, after the person has scanned its QR code and typed the code."""
    await person.scan(started["id"])
    await page.locator("#code").press_sequentially(await person.code())
    return await reaches(page, "approved")


async def expires(stage: Stage, page: Page) -> Page:
    """The page after five minutes in which nothing was done."""
    await stage.pass_time(301)
    return await reaches(page, "expired")


async def pressed(page: Page, button: str, badge: str) -> Page:
    """The page at this stage, after a button was pressed."""
    await page.locator(button).click()
    return await reaches(page, badge)


async def refused_code(page: Page) -> Page:
    """The page after a wrong code was typed."""
    await page.locator("#code").press_sequentially("111111")
    await page.locator("#problem:not(:empty)").wait_for()
    return page
