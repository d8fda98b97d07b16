"""One stage for all browser tests: the demo in front of the one Chromium, both started once."""

from __future__ import annotations

from functools import partial

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser import customer
from tests.browser.stage import staged


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(chromium):
    async with staged(chromium) as stage:
        yield stage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop(chromium):
    """A stage with a customer's own pages in place of the demo's, and its service, to be stopped and started."""
    async with customer.staged(chromium) as shop:
        yield shop


@pytest.fixture
def shop_stage(shop):
    return shop[0]


@pytest.fixture(params=["hosted", "widget"])
def way(request):
    """Both ways in which a person meets a verification: the hosted page, and the widget in a customer's page."""
    return request.param


@pytest.fixture
def open_either(way, shop_stage):
    """Open the page of a verification in one of both ways."""
    return partial(customer.opened_as, way, shop_stage)


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
