"""The pages of the service that belong to no verification, and those of the demo's shop."""

from __future__ import annotations

import secrets

from tests.browser.scenes.registry import scene, shows

shows("front", "{at.service}/")
shows("missing", "{at.service}/p/none")
shows("problem", "{at.service}/problems/guess-budget")
shows("reference", "{at.service}/docs")
shows("shop_home", "{at.website}")
shows("shop_signup", "{at.website}/signup")


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


shows("shop_forgot", "{at.website}/forgot")
shows("shop_missing", "{at.website}/nowhere")


@scene
async def shop_phone(stage, look):
    """The demonstration's phone, as the sandbox shows it once its script has drawn it."""
    page = await look(stage.addresses.sandbox)
    await page.get_by_role("button").first.wait_for()
    return page
