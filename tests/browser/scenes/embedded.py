"""The widget in customers' pages."""

from __future__ import annotations

from tests.browser.scenes.registry import scene
from tests.browser.scenes.walks import approved_by, expires, refused_code, scanned


def in_a_page(started, lang):
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Shop</title><style>:root{color-scheme:light dark}body{margin:0;padding:2rem 1rem 4rem;"
        "background:light-dark(#faf7f2,#15120e);font:16px/1.6 Georgia,serif;--codesvc-font:Georgia,serif;"
        "--codesvc-accent:light-dark(#8a3b12,#f0b48c);--codesvc-on-accent:light-dark(#fff,#2a1204);--codesvc-surface:light-dark(#fff,#1f1a14);--codesvc-line:light-dark(#e9e2d8,#3a3229);--codesvc-radius:6px}"
        "h1{max-width:50rem;margin:0 auto 1.5rem;font-weight:400}</style>"
        f'<main><h1>Checkout</h1><div data-codesvc-token="{started["page_token"]}"></div></main>'
        '<script src="/widget.js"></script>'
    )


def in_a_plain_page(started, lang):
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Shop</title><style>:root{color-scheme:light dark}body{margin:0;padding:1rem}</style>"
        "<main><h1>Sign up</h1>"
        f'<div data-codesvc-token="{started["page_token"]}"><a href="{started["page_url"]}">Verify</a></div></main>'
        '<script src="/widget.js"></script>'
    )


async def with_widget(stage, look, started, write=in_a_page):
    page = await look("about:blank")
    html = write(started, await page.evaluate("navigator.language"))
    address = f"{stage.addresses.service}/in-a-page"
    await page.route(address, lambda route: route.fulfill(body=html, content_type="text/html"))
    await page.goto(address)
    await page.locator(".headline").wait_for()
    return page


@scene
async def widget_brand(stage, look):
    """The widget in a page that sets no colours of its own: it has the site's looks."""
    return await with_widget(stage, look, await stage.start(), in_a_plain_page)


@scene
async def widget_scan(stage, look):
    return await with_widget(stage, look, await stage.start())


@scene
async def widget_steps(stage, look):
    """Who hesitates on a phone has opened the steps; a desk shows the QR code."""
    page = await with_widget(stage, look, await stage.ask("logins"))
    if steps := await page.locator("summary").all():
        await steps[0].click()
    return page


@scene
async def widget_wrong(stage, look):
    return await refused_code(await with_widget(stage, look, await stage.start("reset")))


@scene
async def widget_several(stage, look):
    page = await with_widget(stage, look, await stage.start())
    await page.locator("#code").fill("第一条 439334，第二条 118820")
    await page.locator(".choice").first.wait_for()
    return page


@scene
async def widget_offline(stage, look):
    page = await with_widget(stage, look, await stage.start())
    await page.context.set_offline(True)
    await page.locator(".offline").wait_for()
    return page


@scene
async def widget_missing(stage, look):
    """The token is of a verification that is gone."""
    return await with_widget(stage, look, {"page_token": "none"})


@scene
async def widget_approved(stage, look):
    person, started = await stage.person(follows=True), await stage.start(return_url=None)
    return await approved_by(await with_widget(stage, look, started), person, started)


@scene
async def widget_renew(stage, look):
    return await expires(stage, await with_widget(stage, look, await stage.start()))


@scene
async def widget_renew_taken(stage, look):
    person, started = await stage.person(follows=True), await stage.ask("logins")
    return await scanned(await with_widget(stage, look, started), person, started, "scanned")


@scene
async def widget_login(stage, look):
    return await with_widget(stage, look, await stage.ask("logins"))
