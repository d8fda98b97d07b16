"""WCAG 2.2 AA as far as a machine can tell: axe-core on every kind of page, light and dark."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.stage import WHOLE
from tests.doctor.test_writing import style_faults

axe = pytest.importorskip("axe_playwright_python.async_playwright", reason="axe-playwright-python is not installed")

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],
}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
"""What can differ between light and dark: nothing but colours depends on the scheme."""


TEXT = """() => {
  const roots = [document, ...[...document.querySelectorAll("*")].flatMap((each) => each.shadowRoot ?? [])];
  return roots.flatMap((root) => [...root.children].map((each) => each.innerText ?? "")).join("\\n");
}"""
DATE = re.compile(r"\d+年(\d+月)?|\d+月\d+日")
"""Browsers write dates without blanks."""


async def chinese_faults(page):
    """What is wrong with a page's Chinese as it is put together: what each text alone does not show."""
    lines = DATE.sub("", await page.evaluate(TEXT)).splitlines()
    return sorted({fault for line in lines for fault in style_faults(line)})


async def violations(page, rules=RULES):
    # Its half megabyte is given to each document once.
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(axe.Axe().axe_script)
    violations = await page.evaluate("async rules => (await axe.run(rules)).violations", rules)
    return [(found["id"], [node["html"] for node in found["nodes"]]) for found in violations]


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def dark(request):
    return request.param


def waiting():
    """Both purposes with each way to show the scan, each in one of the four looks by turns: every pair occurs."""
    ways = [(purpose, query) for query in ("", "?scan=open", "?scan=picture") for purpose in ("register", "reset")]
    looks = [(dark, phone) for dark in (False, True) for phone in (False, True)]
    for number, way in enumerate(ways):
        for each, look in enumerate(looks):
            if WHOLE or each == TURNS[number]:
                yield *way, *look


TURNS = (0, 3, 3, 0, 1, 2)


@pytest.mark.parametrize(("purpose", "query", "dark", "phone"), list(waiting()))
async def test_waiting(stage, dark, phone, purpose, query):
    async with stage.visitor(dark=dark, phone=phone) as context:
        page = await context.new_page()
        await page.goto((await stage.start(purpose))["page_url"] + query)
        assert await violations(page) == []


async def test_refused_and_then_ended(stage, dark):
    async with stage.visitor(dark=dark) as context:
        page = await context.new_page()
        await page.goto((await stage.start())["page_url"])
        await page.locator("#code").press_sequentially("111111")
        await expect(page.locator("#problem")).to_contain_text("还可以再试")
        assert await violations(page) == []
        await stage.pass_time(301)
        await expect(page.locator("h1")).to_have_text("验证码已过期")
        assert await violations(page) == []


@pytest.mark.parametrize("path", ["/p/none", "/problems/guess-budget"])
async def test_pages_of_the_service(stage, dark, path):
    async with stage.visitor(dark=dark) as context:
        page = await context.new_page()
        await page.goto(stage.addresses.service + path)
        assert await violations(page) == []


@pytest.mark.parametrize("path", ["/", "/signup", "/login", "/forgot", "/nowhere"])
async def test_pages_of_the_shop(stage, dark, path):
    async with stage.visitor(dark=dark) as context:
        page = await context.new_page()
        await page.goto(stage.addresses.website + path)
        assert await violations(page) == []
