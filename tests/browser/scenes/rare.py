"""States that the demo's own account reaches seldom or never.

`scanned` and `failed` after a scan belong to accounts in plaintext mode, whose codes leave by a message of their own,
and 503 to a store that is away. The widget draws each from the state, which is answered here; the hosted page is the
real one of a neighbouring state with the words and the badge of this one, because the service draws it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from codesvc.messages.templates import Templates
from codesvc.web.texts import Texts
from tests.browser.scenes.embedded import with_widget
from tests.browser.scenes.registry import scene
from tests.browser.scenes.walks import reaches

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

    from codesvc.web.texts import Speech
    from tests.browser.stage import Stage

CAME_BACK = "document.dispatchEvent(new Event('visibilitychange'))"
RETELL = """(head, [badge, title, hint]) => {
  head.querySelector(".badge").className = `badge ${badge}`;
  head.querySelector("h1").textContent = title;
  head.querySelector("p").textContent = hint;
}"""


async def speech(page: Page) -> Speech:
    """The texts in the language of the page's reader."""
    return Texts(Templates()).speech((await page.evaluate("navigator.language"))[:2])


async def retold(page: Page, stage_name: str) -> Page:
    """The hosted page with the words and the badge of another stage of the delivery."""
    t = await speech(page)
    words = {"account": "示例服务号", "site": "山月茶铺" if t.name == "zh" else "Moonhill Tea"}
    said = [stage_name, t(f"{stage_name}.title", **words), t(f"{stage_name}.hint", **words)]
    await page.locator(".head").evaluate(RETELL, said)
    return page


async def sent_page(stage: Stage, look: Any) -> Page:
    """The hosted page after a push, with the offer of another way and of sending again."""
    page: Page = await look((await stage.start(user=await stage.bound(await stage.person(follows=True))))["page_url"])
    await page.locator(".badge.sent, .badge.delivered").wait_for()
    return page


async def widget_in(stage: Stage, look: Any, status: str) -> Page:
    """The widget of a verification whose delivery stands like this."""
    page: Page = await with_widget(stage, look, await stage.start())

    async def answer(route: Route) -> None:
        state = json.loads(await (await route.fetch()).text())
        state["delivery"] = {"channel": "customer_service", "status": status, "reason": None}
        await route.fulfill(json=state)

    await page.route("**/state", answer)
    await page.evaluate(CAME_BACK)
    return await reaches(page, status)


@scene
async def failed(stage, look):
    return await retold(await sent_page(stage, look), "failed")


@scene
async def scanned_waiting(stage, look):
    return await retold(await sent_page(stage, look), "scanned")


@scene
async def busy(stage, look):
    """The store is away while the page is opened."""
    page = await look("about:blank")
    html = Templates().page("trouble", {"t": await speech(page), "kind": "busy", "nonce": ""})
    address = f"{stage.addresses.service}/p/busy"
    await page.route(address, lambda route: route.fulfill(status=503, body=html, content_type="text/html"))
    await page.goto(address)
    return page


@scene
async def widget_failed(stage, look):
    return await widget_in(stage, look, "failed")


@scene
async def widget_scanned(stage, look):
    return await widget_in(stage, look, "scanned")


@scene
async def widget_unknown(stage, look):
    return await widget_in(stage, look, "unknown")


@scene
async def widget_busy(stage, look):
    """The store went away while the code was typed: nothing was sent, and the box keeps it."""
    page = await with_widget(stage, look, await stage.start())
    problem = {"type": f"{stage.addresses.service}/problems/unavailable", "title": "Unavailable", "status": 503}
    await page.route("**/check", lambda route: route.fulfill(status=503, json=problem))
    await page.route("**/state", lambda route: route.fulfill(status=503, json=problem))
    await page.locator("#code").press_sequentially("111111")
    await page.locator("#problem:not(:empty)").wait_for()
    await page.locator(".offline").wait_for()
    return page
