"""One stage for all browser tests: the demo and a Chromium, both started once."""

from __future__ import annotations

import os

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.stage import chromium, staged


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage():
    executable = chromium()
    if executable is None:
        missing = "no Chromium: install it, or set CODESVC_CHROMIUM"
        (pytest.fail if os.environ.get("CODESVC_REQUIRE_BROWSER") == "1" else pytest.skip)(missing)
    async with staged(executable) as stage:
        yield stage


@pytest.fixture
async def visit(stage):
    """Open the page of a new verification, claimed by somebody's scan."""

    async def open_page(context, **more):
        person, started = await stage.person(follows=True), await stage.start(**more)
        page = await context.new_page()
        await page.goto(started["page_url"])
        await person.scan(started["id"])
        await expect(page.locator("h1")).to_have_text("验证码已发到微信")
        return page, person, started

    return open_page
