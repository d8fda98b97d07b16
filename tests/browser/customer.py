"""A customer's own pages with the widget in them, on an origin of the site's and under a policy as strict as any."""

from __future__ import annotations

import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web
from playwright.async_api import expect

from codesvc.app import create_app as create_service
from codesvc.demo.configuration import LOOPBACK, Addresses, sandbox_account, service_settings
from codesvc.runtime.http_server import listening
from codesvc.sandbox import Platform
from codesvc.sandbox import create_app as create_sandbox
from codesvc.store.connection import store_url
from tests.browser.stage import KEY, Stage, four_free_ports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, BrowserContext, Page

    from codesvc.config import Settings

STYLE = """
:root { color-scheme: light dark; }
html { font-size: 62.5%; }
body { margin: 0; background: light-dark(#f4f2ee, #17140f); text-align: center; }
body { color: light-dark(#222, #eee); font: 1.6rem/1.5 serif; }
main { max-width: 96rem; margin: auto; padding: 2.4rem 1.6rem; display: grid; gap: 2.4rem; }
[data-box] { --codesvc-rem: 1.6rem; }
button { text-transform: uppercase; color: red; }
"""
SCRIPT = """
window.heard = [];
window.results = [];
for (const kind of ["change", "approved", "ended", "error"]) {
  document.addEventListener(`codesvc:${kind}`, (event) => window.heard.push([kind, event.target.id, event.detail]));
}
addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll("[data-call]")) {
    codesvc.verify(box, { token: box.dataset.call })
      .catch((error) => [error.name, error.problem, error.message])
      .then((result) => window.results.push(result));
  }
});
"""


def create_app(service: str) -> web.Application:
    """The customer's website: `/?token=…` has it by attribute, `/?call=…` by a call; each may come twice."""
    policy = (
        f"default-src 'none'; script-src 'self' {service}/; connect-src {service}/; img-src {service}/; "
        "style-src 'self'; "
        "base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )

    async def show(request: web.Request) -> web.Response:
        query, boxes = request.query, []
        asked = [(way, token) for way in ("token", "call") for token in query.getall(way, [])]
        for number, (how, token) in enumerate(asked):
            name = "data-codesvc-token" if how == "token" else "data-call"
            locale = f'data-codesvc-locale="{escape(query["locale"])}"' if "locale" in query else ""
            boxes.append(f'<div id="box{number}" data-box {name}="{escape(token)}" {locale}></div>')
        html = (
            f'<!doctype html><html lang="{escape(query.get("lang", "zh-CN"))}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Shop</title>'
            '<link rel="stylesheet" href="/shop.css"><script src="/shop.js"></script>'
            f'<link rel="icon" href="{service}/favicon.svg"><script src="{service}/widget.js" defer></script></head>'
            f"<body><main><h1>Shop</h1>{''.join(boxes)}</main></body></html>"
        )
        return web.Response(text=html, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def style(_: web.Request) -> web.Response:
        return web.Response(text=STYLE, content_type="text/css")

    async def script(_: web.Request) -> web.Response:
        return web.Response(text=SCRIPT, content_type="text/javascript")

    app = web.Application()
    app.add_routes(
        [web.get("/", show), web.get("/back", show), web.get("/shop.css", style), web.get("/shop.js", script)]
    )
    return app


@dataclass(frozen=True)
class Service:
    """The service, which can be stopped and started again over the same store."""

    settings: Settings
    store: str
    open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> None:
        service = create_service(self.settings, self.store)
        await self.open.enter_async_context(listening(service, LOOPBACK, self.settings.service.port))

    async def stop(self) -> None:
        await self.open.aclose()


@asynccontextmanager
async def staged(browser: Browser, **options: Any) -> AsyncIterator[tuple[Stage, Service]]:
    """The service and the sandbox, and the customer's website where the demo has its own; `options` of the account."""
    addresses = Addresses(four_free_ports())
    account = sandbox_account(addresses)
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cw-")))
        settings = service_settings(addresses, api_key=KEY, data_dir=directory / "data", account=account)
        settings = replace(settings, accounts={"main": replace(settings.accounts["main"], **options)})
        sandbox, website = create_sandbox(Platform(account)), create_app(addresses.service)
        await stack.enter_async_context(listening(sandbox, LOOPBACK, addresses.port_base + 1))
        await stack.enter_async_context(listening(website, LOOPBACK, addresses.port_base + 2))
        service = Service(settings, await stack.enter_async_context(store_url(settings.store)))
        await service.start()
        stack.push_async_callback(service.stop)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Stage(addresses, http, browser), service


async def opened_as(way: str, stage: Stage, context: BrowserContext, started: dict[str, Any], more: str = "") -> Page:
    """The page of this in one of both ways: the hosted page, or the `widget` in a customer's page."""
    if way == "widget":
        return await opened(stage, context, started, more=more)
    page = await context.new_page()
    await page.goto(started["page_url"])
    return page


async def opened(
    stage: Stage, context: BrowserContext, *started: dict[str, Any], how: str = "call", more: str = ""
) -> Page:
    """The customer's page with a widget for each of these, drawn."""
    page = await context.new_page()
    tokens = "&".join(f"{how}={each['page_token']}" for each in started)
    await page.goto(f"{stage.addresses.website}/?{tokens}{more}")
    await expect(page.locator(".headline")).to_have_count(len(started))
    return page
