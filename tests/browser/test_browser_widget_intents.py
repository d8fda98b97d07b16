"""Bind intents and logins in the widget, by the same attribute and the same call."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.customer import opened, opened_as
from tests.browser.stage import stop_clock

BINDINGS = Path(__file__).parents[2] / "docs" / "en" / "bindings.md"
SHOW = """() => document.body.append(Object.assign(document.createElement("p"), { id: "state" }))"""

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def stage(shop_stage):
    return shop_stage


async def followed(way, stage, context, started):
    """The hosted page, or the widget by its attribute: both go on to the return address by themselves."""
    if way == "page":
        return await opened_as(way, stage, context, started)
    return await opened(stage, context, started, how="token")


async def heard(page, kind):
    return [detail for heard, _, detail in await page.evaluate("heard") if heard == kind]


async def test_a_bind_intent_from_the_scan_to_the_promise(stage):
    person, user = await stage.person(follows=True), "u" + secrets.token_hex(6)
    started = await stage.ask("bind-intents", user=user)
    async with stage.visitor() as context:
        page = await opened(stage, context, started)
        await expect(page.locator(".headline")).to_have_text("微信扫码，绑定账号")
        assert await page.locator(".qr img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        await expect(page.locator("#code")).to_have_count(0)
        await person.scan(started["id"])
        await expect(page.locator(".headline")).to_have_text("已扫码，请在微信中确认")
        await expect(page.locator("[role=status].sr")).to_contain_text("已扫码")
        await person.say("确认")
        await expect(page.locator(".headline")).to_have_text("绑定成功")
        assert await page.evaluate("results") == [{"status": "bound"}]
        assert await heard(page, "approved") == [{"status": "bound"}]
        assert await heard(page, "change") == [{"status": "pending"}, {"status": "scanned"}, {"status": "bound"}]
        assert user not in await page.content()


async def test_a_login_on_a_phone_goes_on_to_the_return_address(stage):
    person = await stage.person(follows=True)
    started = await stage.ask("logins", return_url=f"{stage.addresses.website}/back")
    async with stage.visitor(phone=True) as context:
        page = await opened(stage, context, started, how="token", more="&lang=en")
        await expect(page.locator(".headline")).to_have_text("Log in with WeChat")
        await expect(page.locator(".steps li")).to_have_count(3)
        await person.say(started["scan"]["keyword"])
        await person.say("确认")
        await page.wait_for_url(f"**/back?login={started['id']}")


async def test_a_login_that_is_declined_has_ended(stage):
    person, started = await stage.person(follows=True), await stage.ask("logins")
    async with stage.visitor() as context:
        page = await opened(stage, context, started)
        await person.scan(started["id"])
        await person.say("不是我")
        await expect(page.locator(".headline")).to_have_text("已拒绝")
        assert await page.evaluate("results") == [{"status": "declined"}]
        assert await heard(page, "ended") == [{"status": "declined"}]


async def test_a_login_that_nobody_scans_expires(stage):
    async with stage.visitor() as context:
        page = await opened(stage, context, await stage.ask("logins"))
        await stage.pass_time(301)
        await expect(page.locator(".headline")).to_have_text("已过期")
        assert await page.evaluate("results") == [{"status": "expired"}]


@pytest.mark.parametrize("way", ["page", "widget"])
async def test_a_scan_of_another_person_is_taken_back_before_the_page_leaves(stage, way):
    other, user = await stage.person(follows=True), "u" + secrets.token_hex(6)
    started = await stage.ask("bind-intents", user=user, return_url=f"{stage.addresses.website}/back")
    async with stage.visitor() as context:
        await stop_clock(context)
        page = await followed(way, stage, context, started)
        headline = page.locator(".headline, #headline")
        mine = page.get_by_role("button", name="不是我")
        await expect(mine).to_have_count(0)
        await other.scan(started["id"])
        await expect(mine).to_have_text("不是我，取消")
        await other.say("确认")
        await expect(headline).to_have_text("绑定成功")
        await page.clock.run_for(5_000)
        await expect(mine).to_have_text("不是我，撤销绑定")
        await mine.click()
        await expect(headline).to_have_text("已取消")
        await expect(mine).to_have_count(0)
        await page.clock.run_for(60_000)
        assert "/back" not in page.url
    assert (await stage.api("GET", f"/v1/bindings/{user}"))["type"].endswith("not-found")


@pytest.mark.parametrize("way", ["page", "widget"])
async def test_a_page_that_nobody_takes_back_leaves_after_some_seconds(stage, way):
    person = await stage.person(follows=True)
    started = await stage.ask(
        "bind-intents", user="u" + secrets.token_hex(6), return_url=f"{stage.addresses.website}/back"
    )
    async with stage.visitor() as context:
        await stop_clock(context)
        page = await followed(way, stage, context, started)
        await person.scan(started["id"])
        await person.say("确认")
        await expect(page.locator(".headline, #headline")).to_have_text("绑定成功")
        await page.clock.run_for(9_000)
        await page.wait_for_url(f"**/back?bind_intent={started['id']}")


async def test_a_page_with_a_picture_of_its_own_learns_of_a_login_as_documented(stage):
    [sample] = re.findall(r"^```js\n(.*?)^```$", BINDINGS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    person = await stage.person(follows=True)
    started = await stage.ask("logins", return_url=f"{stage.addresses.website}/back")
    async with stage.visitor() as context:
        await stop_clock(context)
        page = await context.new_page()
        await page.goto(stage.addresses.website)
        await page.evaluate(SHOW)
        script = re.sub('https://code[^"]+', started["page_url"], sample)
        await page.evaluate(f"() => {{ {script} }}")
        for said, shown in ((None, "微信扫码登录"), ("scan", "已扫码，请在微信中确认")):
            if said:
                await person.scan(started["id"])
            await page.clock.run_for(3_000)
            await expect(page.locator("#state")).to_have_text(shown)
        await person.say("确认")
        await page.clock.run_for(3_000)
        await page.wait_for_url(f"**/back?login={started['id']}")
