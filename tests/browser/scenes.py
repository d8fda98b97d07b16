"""Every state that a person can see, as a walk to it: what `tests.browser.screens` photographs."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from tests.browser.stage import be

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Page

    from tests.browser.stage import Stage

    Scene = Callable[[Stage, Callable[[str], Awaitable[Page]]], Awaitable[Page]]

SCENES: dict[str, Scene] = {}
INSIDE_WECHAT: set[str] = set()
"""Scenes that exist in WeChat's own browser only."""


def scene(function: Scene) -> Scene:
    SCENES[function.__name__] = function
    return function


def inside_wechat(function: Scene) -> Scene:
    INSIDE_WECHAT.add(function.__name__)
    return scene(function)


async def tapped(person, look, link=""):
    """A link that this person tapped in the chat."""
    page = await look("about:blank")
    await be(person, page.context)
    await page.goto(link or await person.link())
    return page


@scene
async def awaiting_scan(stage, look):
    return await look((await stage.start())["page_url"])


@scene
async def picture(stage, look):
    return await look((await stage.start())["page_url"] + "?scan=picture")


@scene
async def code_several(stage, look):
    page = await look((await stage.start())["page_url"])
    await page.locator("#code").fill("第一条 439334，第二条 118820")
    return page


@scene
async def code_of_another(stage, look):
    page = await look((await stage.start())["page_url"])
    await page.locator("#code").fill("【山月茶铺】注册验证码（QX）：439334，5 分钟内有效")
    return page


@scene
async def budget_spent(stage, look):
    user = await stage.bound(await stage.person(follows=True))
    for _ in range(2):
        started = await stage.start("reset", user)
        for _ in range(5):
            await stage.api("POST", f"/v1/verifications/{started['id']}/check", {"code": "000000"})
    page = await look((await stage.start("reset", user))["page_url"])
    await page.locator("#code").fill("111111")
    await page.locator(".blocked").wait_for()
    return page


@scene
async def auto(stage, look):
    return await look((await stage.start("reset"))["page_url"])


@scene
async def auto_open(stage, look):
    return await look((await stage.start("reset"))["page_url"] + "?scan=open")


@scene
async def sent(stage, look):
    person = await stage.person(follows=True)
    page = await look((await stage.start(user=await stage.bound(person)))["page_url"])
    await page.locator(".badge.sent, .badge.delivered").wait_for()
    return page


@scene
async def fallback(stage, look):
    person = await stage.person(follows=True)
    user = await stage.bound(person)
    await person.unfollow()
    return await look((await stage.start(user=user))["page_url"])


@scene
async def replied(stage, look):
    person, started = await stage.person(follows=True), await stage.start()
    page = await look(started["page_url"])
    await person.scan(started["id"])
    await page.locator(".badge.replied").wait_for()
    return page


@scene
async def wrong_code(stage, look):
    page = await replied(stage, look)
    await page.locator("#code").press_sequentially("111111")
    await page.locator("#problem:not(:empty)").wait_for()
    return page


@scene
async def typing(stage, look):
    page = await replied(stage, look)
    await page.locator("#code").press_sequentially("123")
    return page


@scene
async def approved(stage, look):
    person, started = await stage.person(follows=True), await stage.start(return_url=None)
    page = await look(started["page_url"])
    await person.scan(started["id"])
    await page.locator("#code").press_sequentially(await person.code())
    await page.locator(".badge.approved").wait_for()
    return page


@scene
async def exhausted(stage, look):
    started = await stage.start()
    for _ in range(5):
        await stage.api("POST", f"/v1/verifications/{started['id']}/check", {"code": "1"})
    return await look(started["page_url"])


@scene
async def guess_budget(stage, look):
    user = "u" + secrets.token_hex(6)
    for _ in range(2):
        spent = await stage.start(user=user)
        for _ in range(5):
            await stage.api("POST", f"/v1/verifications/{spent['id']}/check", {"code": "1"})
    page = await look((await stage.start(user=user))["page_url"])
    await page.locator("#code").press_sequentially("111111")
    await page.locator("#problem:not(:empty)").wait_for()
    return page


@scene
async def canceled(stage, look):
    started = await stage.start()
    await stage.api("POST", f"/v1/verifications/{started['id']}/cancel", {})
    return await look(started["page_url"])


@scene
async def superseded(stage, look):
    user = "u" + secrets.token_hex(6)
    first, *_ = [await stage.start(user=user) for _ in range(4)]
    return await look(first["page_url"])


@scene
async def expired(stage, look):
    page = await look((await stage.start())["page_url"])
    await stage.pass_time(301)
    await page.locator(".badge.expired").wait_for()
    return page


@scene
async def renew_code_taken(stage, look):
    """Another WeChat has used the QR code."""
    started = await stage.start()
    page = await look(started["page_url"])
    await (await stage.person(follows=True)).scan(started["id"])
    await page.locator("#anew").wait_for()
    return page


@scene
async def renew_over(stage, look):
    """What was renewed has expired too."""
    page = await expired(stage, look)
    await page.locator("#anew").click()
    await page.locator("#code").wait_for()
    await stage.pass_time(301)
    await page.locator(".badge.expired").wait_for()
    return page


@scene
async def renew_refused(stage, look):
    page = await expired(stage, look)
    address = page.url.partition("?")[0] + "/renew"
    panel = await page.locator("#panel").inner_html()
    panel = panel.replace('role="alert"></p>', 'role="alert">操作太频繁，请 25 分钟后再试。</p>')
    await page.route(address, lambda route: route.fulfill(status=429, body=panel, content_type="text/html"))
    await page.locator("#anew").click()
    await page.locator("#problem:not(:empty)").wait_for()
    return page


@scene
async def missing(stage, look):
    return await look(f"{stage.addresses.service}/p/none")


@scene
async def problem(stage, look):
    return await look(f"{stage.addresses.service}/problems/guess-budget")


@scene
async def login(stage, look):
    return await look((await stage.ask("logins"))["page_url"])


@scene
async def login_picture(stage, look):
    return await look((await stage.ask("logins"))["page_url"] + "?scan=picture")


@scene
async def login_scanned(stage, look):
    person, started = await stage.person(follows=True), await stage.ask("logins")
    page = await look(started["page_url"])
    await person.scan(started["id"])
    await page.locator(".badge.scanned").wait_for()
    return page


@scene
async def bind(stage, look):
    return await look((await stage.ask("bind-intents", user="u" + secrets.token_hex(6)))["page_url"])


@scene
async def bind_oauth(stage, look):
    return await look((await stage.ask("bind-intents", user="u" + secrets.token_hex(6), method="oauth"))["page_url"])


@scene
async def bind_done(stage, look):
    person, started = await stage.person(follows=True), await stage.ask("bind-intents", user="u" + secrets.token_hex(6))
    page = await look(started["page_url"])
    await person.scan(started["id"])
    await person.say("确认")
    await page.locator(".badge.approved").wait_for()
    return page


@scene
async def login_expired(stage, look):
    page = await look((await stage.ask("logins"))["page_url"])
    await stage.pass_time(301)
    await page.locator(".badge.expired").wait_for()
    return page


@inside_wechat
async def ask_bind(stage, look):
    person, started = await stage.person(follows=True), await stage.ask("bind-intents", user="u" + secrets.token_hex(6))
    await person.scan(started["id"])
    return await tapped(person, look)


@inside_wechat
async def ask_bind_done(stage, look):
    page = await ask_bind(stage, look)
    await page.locator("button.primary").click()
    await page.locator(".badge.approved").wait_for()
    return page


@inside_wechat
async def ask_login(stage, look):
    person, started = await stage.person(follows=True), await stage.ask("logins")
    await stage.bound(person)
    await person.scan(started["id"])
    return await tapped(person, look)


@inside_wechat
async def ask_other(stage, look):
    page = await ask_bind(stage, look)
    await be(await stage.person(follows=True), page.context)
    await page.context.clear_cookies(name="codesvc_visit")
    await page.reload()
    return page


@inside_wechat
async def message(stage, look):
    person = await stage.person(follows=True)
    await stage.start(user=await stage.bound(person))
    await person.new_template_code()
    link = next(each["url"] for each in reversed(await person.messages()) if each["type"] == "template")
    return await tapped(person, look, link)


@scene
async def ticket(stage, look):
    person = await stage.person(follows=True)
    await person.say("绑定账号")
    page = await look(await person.link())
    if await page.locator("form button").count():
        await page.locator("form button").click()
        await page.locator("#digits").wait_for()
    return page


def in_a_page(token, lang):
    return (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Shop</title><style>:root{color-scheme:light dark}body{margin:0;padding:2rem 1rem 4rem;"
        "background:light-dark(#faf7f2,#15120e);font:16px/1.6 Georgia,serif;--codesvc-font:Georgia,serif;"
        "--codesvc-accent:light-dark(#8a3b12,#f0b48c);--codesvc-on-accent:light-dark(#fff,#2a1204);--codesvc-surface:light-dark(#fff,#1f1a14);--codesvc-line:light-dark(#e9e2d8,#3a3229);--codesvc-radius:6px}"
        'h1{max-width:50rem;margin:0 auto 1.5rem;font-weight:400}</style><h1>Checkout</h1><div data-codesvc-token="'
        f'{token}"></div><script src="/widget.js"></script>'
    )


@scene
async def widget_brand(stage, look):
    """The widget in a page that sets no colours of its own: it has the site's looks."""
    page, started = await look("about:blank"), await stage.start()
    lang = await page.evaluate("navigator.language")
    html = (
        f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<title>Shop</title><style>:root{color-scheme:light dark}body{margin:0;padding:1rem}</style>"
        f'<div data-codesvc-token="{started["page_token"]}"><a href="{started["page_url"]}">Verify</a></div>'
        '<script src="/widget.js"></script>'
    )
    address = f"{stage.addresses.service}/in-a-page"
    await page.route(address, lambda route: route.fulfill(body=html, content_type="text/html"))
    await page.goto(address)
    await page.locator(".headline").wait_for()
    return page


async def with_widget(stage, look, started):
    page = await look("about:blank")
    lang = await page.evaluate("navigator.language")
    address = f"{stage.addresses.service}/in-a-page"
    await page.route(
        address, lambda route: route.fulfill(body=in_a_page(started["page_token"], lang), content_type="text/html")
    )
    await page.goto(address)
    await page.locator(".headline").wait_for()
    return page


@scene
async def widget_scan(stage, look):
    return await with_widget(stage, look, await stage.start())


@scene
async def widget_wrong(stage, look):
    page = await with_widget(stage, look, await stage.start("reset"))
    await page.locator("#code").press_sequentially("111111")
    await page.locator("#problem:not(:empty)").wait_for()
    return page


@scene
async def widget_renew(stage, look):
    page = await with_widget(stage, look, await stage.start())
    await stage.pass_time(301)
    await page.locator(".badge.expired").wait_for()
    return page


@scene
async def widget_renew_taken(stage, look):
    started = await stage.ask("logins")
    page = await with_widget(stage, look, started)
    await (await stage.person(follows=True)).scan(started["id"])
    await page.locator(".badge.scanned").wait_for()
    return page


@scene
async def widget_login(stage, look):
    return await with_widget(stage, look, await stage.ask("logins"))


@scene
async def reference(stage, look):
    return await look(f"{stage.addresses.service}/docs")


@scene
async def shop_home(stage, look):
    return await look(stage.addresses.website)


@scene
async def shop_signup(stage, look):
    return await look(f"{stage.addresses.website}/signup")


@scene
async def shop_login_wrong(stage, look):
    page = await look(f"{stage.addresses.website}/login")
    await page.fill("#name", "nobody")
    await page.fill("#password", "not the password")
    await page.click(".card button")
    return page


@scene
async def shop_account(stage, look):
    page = await look(f"{stage.addresses.website}/signup")
    await page.fill("#name", "guest" + secrets.token_hex(3))
    await page.fill("#password", "a good password")
    await page.click(".card button")
    await page.wait_for_url("**/p/**")
    word = await page.locator("#keyword").text_content()
    person = await stage.person(follows=True)
    await person.say(word or "")
    await page.locator("#code").press_sequentially(await person.code())
    await page.wait_for_url("**/account")
    return page
