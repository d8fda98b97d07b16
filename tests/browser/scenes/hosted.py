"""The hosted pages of verifications, bind intents and logins."""

from __future__ import annotations

import secrets

from tests.browser.scenes.registry import scene, shows
from tests.browser.scenes.walks import approved_by, bind_intent, expires, pressed, reaches, refused_code, scanned

TEMPLATE_SEND = "/cgi-bin/message/template/send"


async def spend(stage, started):
    """Use up the attempts of a verification, by codes that were not sent."""
    for _ in range(5):
        await stage.api("POST", f"/v1/verifications/{started['id']}/check", {"code": "000000"})


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
        await spend(stage, await stage.start("reset", user))
    page = await look((await stage.start("reset", user))["page_url"])
    await page.locator("#code").fill("111111")
    await page.locator(".blocked").wait_for()
    return page


@scene
async def auto(stage, look):
    return await look((await stage.start("reset"))["page_url"])


@scene
async def begun_elsewhere(stage, look):
    """The page's address was sent on: another device began it."""
    return await look((await stage.start("reset", user_agent="Mozilla/5.0 (X11; CrOS x86_64)"))["page_url"])


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
async def queued(stage, look):
    """WeChat is slow to take the message."""
    user = await stage.bound(await stage.person(follows=True))
    await stage.control("POST", "/faults", {"kind": "slow", "path": TEMPLATE_SEND, "delay": 8, "times": 1})
    return await reaches(await look((await stage.start(user=user))["page_url"]), "queued")


@scene
async def unknown(stage, look):
    """WeChat has not said whether it took the message; it is asked again under the same number."""
    user = await stage.bound(await stage.person(follows=True))
    await stage.control("POST", "/faults", {"kind": "http", "path": TEMPLATE_SEND, "when": "before", "times": 2})
    return await reaches(await look((await stage.start(user=user))["page_url"]), "unknown")


@scene
async def offline(stage, look):
    page = await look((await stage.start())["page_url"])
    await page.context.set_offline(True)
    await page.locator("#offline").wait_for()
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
    return await scanned(await look(started["page_url"]), person, started, "replied")


@scene
async def wrong_code(stage, look):
    return await refused_code(await replied(stage, look))


@scene
async def typing(stage, look):
    page = await replied(stage, look)
    await page.locator("#code").press_sequentially("123")
    return page


@scene
async def approved(stage, look):
    person, started = await stage.person(follows=True), await stage.start(return_url=None)
    return await approved_by(await look(started["page_url"]), person, started)


@scene
async def exhausted(stage, look):
    started = await stage.start()
    await spend(stage, started)
    return await reaches(await look(started["page_url"]), "exhausted")


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
    return await expires(stage, await look((await stage.start())["page_url"]))


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
    return await expires(stage, page)


@scene
async def renew_refused(stage, look):
    """The reader's address has started too often."""
    page = await expired(stage, look)
    panel = await page.locator(".panel").evaluate("panel => panel.outerHTML.replace('panel fresh', 'panel')")
    said = (
        "Too many requests. Try again in 25 minutes."
        if 'lang="en"' in await page.content()
        else "操作太频繁，请 25 分钟后再试。"
    )
    refused = panel.replace('role="alert"></p>', f'role="alert">{said}</p>')
    await page.route("**/renew", lambda route: route.fulfill(status=429, body=refused, content_type="text/html"))
    await page.locator("#anew").click()
    await page.locator("#problem", has_text=said).wait_for()
    return page


@scene
async def login(stage, look):
    return await look((await stage.ask("logins"))["page_url"])


@scene
async def steps_opened(stage, look):
    """Who hesitates on a phone has opened the steps; a desk shows the QR code."""
    page = await look((await stage.start())["page_url"])
    if steps := await page.locator("summary").all():
        await steps[0].click()
    return page


@scene
async def login_by_keyword(stage, look):
    person, started = await stage.person(follows=True), await stage.ask("logins")
    page = await look(started["page_url"])
    await person.say(started["scan"]["keyword"])
    return await reaches(page, "scanned")


@scene
async def opened_outside_wechat(stage, look):
    """A link from the chat in a browser that is not WeChat's."""
    person, started = await stage.person(follows=True), await bind_intent(stage)
    await person.scan(started["id"])
    return await look(await person.link())


@scene
async def login_picture(stage, look):
    return await look((await stage.ask("logins"))["page_url"] + "?scan=picture")


# An app of another party signs people in by OpenID Connect.
shows("login_for_an_app", "{at.wiki}/login")
shows(
    "login_for_an_app_with_a_wrong_address",
    "{at.issuer}/authorize?client_id=moonhill-wiki&redirect_uri=https%3A%2F%2Felsewhere.example%2F",
)
shows("login_for_no_app", "{at.issuer}/authorize?client_id=nobody")
shows("logout_of_an_app", "{at.issuer}/logout")


@scene
async def login_scanned(stage, look):
    person, started = await stage.person(follows=True), await stage.ask("logins")
    return await scanned(await look(started["page_url"]), person, started, "scanned")


@scene
async def bind(stage, look):
    return await look((await bind_intent(stage))["page_url"])


@scene
async def bind_oauth(stage, look):
    return await look((await bind_intent(stage, method="oauth"))["page_url"])


@scene
async def bind_scanned(stage, look):
    """A WeChat account has scanned; who did not do it can stop it here."""
    person, started = await stage.person(follows=True), await bind_intent(stage)
    return await scanned(await look(started["page_url"]), person, started, "scanned")


@scene
async def bind_taken_back(stage, look):
    """The person has said that the WeChat account that was bound is not theirs."""
    return await pressed(await bind_done(stage, look), "#disown button", "canceled")


@scene
async def bind_done(stage, look):
    person, started = await stage.person(follows=True), await bind_intent(stage)
    return await scanned(await look(started["page_url"]), person, started, "approved", "确认")


@scene
async def bind_declined(stage, look):
    person, started = await stage.person(follows=True), await bind_intent(stage)
    return await scanned(await look(started["page_url"]), person, started, "declined", "拒绝")


@scene
async def bind_conflict(stage, look):
    """This WeChat is bound to another user."""
    person, started = await stage.person(follows=True), await bind_intent(stage)
    await stage.bound(person)
    return await scanned(await look(started["page_url"]), person, started, "conflict", "确认")


@scene
async def login_unknown(stage, look):
    """No user is bound to this WeChat."""
    person, started = await stage.person(follows=True), await stage.ask("logins")
    return await scanned(await look(started["page_url"]), person, started, "approved", "确认")


@scene
async def login_expired(stage, look):
    return await expires(stage, await look((await stage.ask("logins"))["page_url"]))
