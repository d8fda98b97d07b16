"""The pages of the service that belong to no verification, and those of the demo's shop."""

from __future__ import annotations

import secrets

from tests.browser.scenes.registry import scene


@scene
async def front(stage, look):
    return await look(f"{stage.addresses.service}/")


@scene
async def missing(stage, look):
    return await look(f"{stage.addresses.service}/p/none")


@scene
async def problem(stage, look):
    return await look(f"{stage.addresses.service}/problems/guess-budget")


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


@scene
async def shop_forgot(stage, look):
    return await look(f"{stage.addresses.website}/forgot")


@scene
async def shop_missing(stage, look):
    return await look(f"{stage.addresses.website}/nowhere")


@scene
async def shop_phone(stage, look):
    """The demonstration's phone, as the sandbox shows it."""
    return await look(stage.addresses.sandbox)
