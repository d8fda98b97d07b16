"""The pages inside WeChat, and those of links from the chat."""

from __future__ import annotations

import secrets

from tests.browser.scenes.registry import inside_wechat, scene
from tests.browser.stage import be


async def tapped(person, look, link=""):
    """A link that this person tapped in the chat."""
    page = await look("about:blank")
    await be(person, page.context)
    await page.goto(link or await person.link())
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


@inside_wechat
async def ask_bind_declined(stage, look):
    page = await ask_bind(stage, look)
    await page.locator("button.refuse").click()
    await page.locator(".badge.declined, .badge.expired").wait_for()
    return page


@inside_wechat
async def ask_bind_named(stage, look):
    """The site has given a name by which the person recognises the account."""
    more = {"user": "u" + secrets.token_hex(6), "display": "山间的猫"}
    person, started = await stage.person(follows=True), await stage.ask("bind-intents", **more)
    await person.scan(started["id"])
    return await tapped(person, look)


@inside_wechat
async def message_stopped(stage, look):
    page = await message(stage, look)
    await page.locator("button.refuse").click()
    await page.locator(".badge.expired").wait_for()
    return page


@scene
async def ticket_over(stage, look):
    person = await stage.person(follows=True)
    await person.say("绑定账号")
    await stage.pass_time(601)
    return await look(await person.link())


@scene
async def ticket_first(stage, look):
    """Before the digits are shown."""
    person = await stage.person(follows=True)
    await person.say("绑定账号")
    return await look(await person.link())


@scene
async def ticket(stage, look):
    person = await stage.person(follows=True)
    await person.say("绑定账号")
    page = await look(await person.link())
    if await page.locator("form button").count():
        await page.locator("form button").click()
        await page.locator("#digits").wait_for()
    return page
