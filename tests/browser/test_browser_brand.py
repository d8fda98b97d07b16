"""The looks of a site on pages and widget; the place that the widget needs; what is there without its script."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from codesvc.domain.colours import DARK, LIGHT, contrast, palette
from tests.browser.test_browser_access import violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ACCENT, ACCENT_DARK = "#2f5a40", "#9bc7a6"  # of the demo's brand, codesvc/demo/configuration.py
SHIFTS = """
window.shifts = [];
const note = ({ value, sources }) => window.shifts.push([value, ...sources.map((each) => JSON.stringify(each))]);
new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type: "layout-shift", buffered: true });
"""
PAGE = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Shop</title>
<style>
:root {{ color-scheme: light dark; }}
main {{ max-width: {column}; margin: 0 auto; padding: 0 16px; }}
[data-codesvc-token] {{ min-height: min(72rem, 100vh); }}
@media (min-width: 64rem) {{ [data-codesvc-token] {{ min-height: min(48rem, 100vh); }} }}
{style}
</style>
<script src="{service}/widget.js" async></script></head>
<body><main><h1>Shop</h1>
<div id="box" data-codesvc-token="{token}"><p><a href="{page_url}">Verify with WeChat</a></p></div>
<p>Below the widget.</p></main><footer>Imprint</footer></body></html>"""


async def customers_page(stage, context, started, *, style="", lang="zh-CN", column="60rem", script=None):
    """A customer's page with the documented markup. `script` answers the request for the widget's script."""
    page = await context.new_page()
    await page.add_init_script(SHIFTS)
    html = PAGE.format(service=stage.addresses.service, style=style, lang=lang, column=column, **started)
    address = f"{stage.addresses.website}/embedding"
    await page.route(address, lambda route: route.fulfill(body=html, content_type="text/html"))
    if script is not None:
        await page.route("**/widget.js", script)
    await page.goto(address)
    return page


def token(started):
    return {"token": started["page_token"], "page_url": started["page_url"]}


async def colours(page, selector, *properties):
    return await page.locator(selector).first.evaluate(
        "(e, names) => names.map((name) => getComputedStyle(e)[name])", list(properties)
    )


def rgb(colour):
    return "rgb({}, {}, {})".format(*(int(colour[at : at + 2], 16) for at in (1, 3, 5)))


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def dark(request):
    return request.param


async def test_page_and_widget_have_the_same_looks(stage, dark):
    made = palette(ACCENT_DARK if dark else ACCENT, DARK if dark else LIGHT)
    started = await stage.start()
    async with stage.visitor(dark=dark) as context:
        hosted = await context.new_page()
        await hosted.goto(started["page_url"])
        widget = await customers_page(stage, context, token(started))
        for page, logo in ((hosted, ".logo"), (widget, ".brand img")):
            await page.locator(".headline, h1:not(main > h1)").first.wait_for()
            await page.locator("#code").fill("1")
            assert await colours(page, ".copy", "color") == [rgb(made.accent)]
            assert await colours(page, ".card", "borderRadius") == ["24px"]
            assert await colours(page, ".qr", "borderTopWidth") == ["1px"]
            image = page.locator(logo)
            await expect(image).to_be_visible()
            size = "i => i.decode().then(() => [i.naturalWidth, i.getBoundingClientRect().height])"
            assert await image.evaluate(size) == [120, 40]
            assert await violations(page) == []
    assert contrast(made.accent, made.tint) >= 4.5


async def test_the_customers_own_variables_come_first(stage):
    style = "#box { --codesvc-accent: #123456; --codesvc-radius: 2px; --codesvc-logo: none; --codesvc-qr-frame: 0; }"
    async with stage.visitor() as context:
        page = await customers_page(stage, context, token(await stage.start()), style=style)
        await page.locator(".headline").wait_for()
        assert await colours(page, ".copy", "color") == [rgb("#123456")]
        assert await colours(page, ".card", "borderRadius") == ["2px"]
        assert await colours(page, ".qr", "borderTopWidth") == ["0px"]
        await expect(page.locator(".brand")).to_be_hidden()
        everywhere = """() => [...document.querySelector("#box").shadowRoot.querySelectorAll("*")]
            .map((e) => [e.outerHTML.slice(0, 60), getComputedStyle(e).borderRadius])
            .filter(([, radius]) => !["0px", "50%"].includes(radius) && parseFloat(radius) > 2)"""
        assert await page.evaluate(everywhere) == []


@pytest.mark.parametrize("kind", ["register", "reset", "logins"], ids=["scan", "pushed", "login"])
@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize(
    ("look", "column"), [({"phone": True}, "60rem"), ({}, "60rem"), ({}, "26rem")], ids=["phone", "desktop", "column"]
)
async def test_nothing_moves_when_the_widget_loads(stage, kind, lang, look, column):
    started = await (stage.ask(kind) if kind == "logins" else stage.start(kind))
    async with stage.visitor(**look) as context:

        async def late(route):
            # The page has been painted without the widget before its script comes.
            await page_painted(context.pages[-1])
            await route.continue_()

        page = await customers_page(stage, context, token(started), lang=lang, column=column, script=late)
        await page.locator(".headline").wait_for()
        await page.evaluate(
            "Promise.all([...document.querySelector('#box').shadowRoot.querySelectorAll('img')].map(i => i.decode()))"
        )
        await page_painted(page)
        assert await page.evaluate("window.shifts") == []


async def page_painted(page):
    """Wait for two frames, so that the next change is one of a page that can be seen."""
    await page.evaluate("new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")


async def test_without_the_script_the_link_stays(stage):
    started = await stage.start()
    async with stage.visitor() as context:
        page = await customers_page(stage, context, token(started), script=lambda route: route.abort())
        link = page.get_by_role("link", name="Verify with WeChat")
        await expect(link).to_be_visible()
        assert await link.get_attribute("href") == started["page_url"]
    async with stage.visitor(java_script_enabled=False) as context:
        page = await customers_page(stage, context, token(started))
        await expect(page.get_by_role("link", name="Verify with WeChat")).to_be_visible()


async def test_the_link_stays_until_the_widget_draws(stage):
    held = []

    async def hold(route):
        if held:
            await route.continue_()
        held.append(route)

    async with stage.visitor() as context:
        await context.route("**/state", hold)
        page = await customers_page(stage, context, token(await stage.start()))
        await page.wait_for_function("document.querySelector('#box').shadowRoot")
        await expect(page.get_by_role("link", name="Verify with WeChat")).to_be_visible()
        await held[0].continue_()
        await expect(page.locator(".headline")).to_have_text("微信扫码，获取验证码")
        await expect(page.get_by_role("link", name="Verify with WeChat")).to_be_hidden()


async def test_where_the_widget_is_refused_the_link_still_leads_on(stage):
    started, stranger = await stage.start(), "http://127.0.0.1:9/embedding"
    context = await stage.browser.new_context(locale="zh-CN")
    page = await context.new_page()
    html = PAGE.format(service=stage.addresses.service, style="", lang="zh-CN", column="60rem", **token(started))
    await page.route(stranger, lambda route: route.fulfill(body=html, content_type="text/html"))
    await page.goto(stranger)
    await expect(page.locator(".badge.failed")).to_be_visible()
    await expect(page.get_by_role("link", name="Verify with WeChat")).to_be_visible()
    await context.close()
