"""The pages inside WeChat, and those of links from the chat."""

from __future__ import annotations

import re

from tests.browser.scenes.registry import inside_wechat, scene
from tests.browser.scenes.walks import bind_intent, pressed
from tests.browser.stage import be


async def tapped(person, look, link=""):
    """A link that this person tapped in the chat."""
    page = await look("about:blank")
    await be(person, page.context)
    await page.goto(link or await person.link())
    return page


async def asked(person, look, started):
    """The page behind the question that this person gets by a scan."""
    await person.scan(started["id"])
    return await tapped(person, look)


@inside_wechat
async def ask_bind(stage, look):
    return await asked(await stage.person(follows=True), look, await bind_intent(stage))


@inside_wechat
async def ask_bind_done(stage, look):
    return await pressed(await ask_bind(stage, look), "button.primary", "approved")


@inside_wechat
async def ask_login(stage, look):
    person, started = await stage.person(follows=True), await stage.ask("logins")
    await stage.bound(person)
    return await asked(person, look, started)


@inside_wechat
async def ask_other(stage, look):
    page = await ask_bind(stage, look)
    await be(await stage.person(follows=True), page.context)
    await page.context.clear_cookies(name=re.compile("codesvc_visit_"))
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
async def ask_login_named(stage, look):
    """The site has given a name by which the person recognises the account that they are bound to."""
    person, started = await stage.person(follows=True), await stage.ask("logins")
    user = await stage.bound(person)
    await stage.api("PUT", f"/v1/bindings/{user}", {"openid": person.openid, "display": "山间的猫"})
    return await asked(person, look, started)


@inside_wechat
async def message_stopped(stage, look):
    return await pressed(await message(stage, look), "button.refuse", "expired")


async def asked_for_a_ticket(stage):
    """A person who has got a link from the chat."""
    person = await stage.person(follows=True)
    await person.say("绑定账号")
    return person


@scene
async def ticket_over(stage, look):
    person = await asked_for_a_ticket(stage)
    await stage.pass_time(601)
    return await look(await person.link())


@scene
async def ticket_first(stage, look):
    """Before the digits are shown."""
    return await look(await (await asked_for_a_ticket(stage)).link())


@scene
async def ticket(stage, look):
    page = await ticket_first(stage, look)
    if await page.locator("form button").count():
        await page.locator("form button").click()
        await page.locator("#digits").wait_for()
    return page
