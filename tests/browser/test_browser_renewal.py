"""What has ended is renewed in place, on the hosted page and in the widget; nobody has to find the way back first."""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.async_api import expect

from tests.browser.customer import opened

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
WHAT = {"vf": "verifications", "bi": "bind-intents", "lg": "logins"}


async def read(stage, identifier):
    return await stage.api("GET", f"/v1/{WHAT[identifier[:2]]}/{identifier}")


async def successor_of(stage, old):
    """As the site finds it: by the id that it knows."""
    return await read(stage, (await read(stage, old["id"]))["successor"])


def button(page):
    return page.get_by_role("button", name=re.compile("刷新二维码$"))


@pytest.mark.parametrize("more", [{}, {"return_url": None}], ids=["with a way back", "without"])
async def test_an_expired_page_goes_on_with_a_new_code(stage, more):
    person, old = await stage.person(follows=True), await stage.start(**more)
    async with stage.visitor() as context:
        page = await context.new_page()
        await page.goto(old["page_url"])
        await stage.pass_time(301)
        await expect(page.locator("h1")).to_have_text("验证码已过期")
        assert "重新开始" not in await page.locator(".head").text_content()
        await button(page).click()
        await expect(page.locator("h1")).to_have_text("微信扫码，获取验证码")
        await expect(page.locator("#announcer")).to_contain_text("微信扫码，获取验证码")
        await expect(page.locator("h1")).to_be_focused()
        new = await successor_of(stage, old)
        assert page.url == new["page_url"]
        assert "".join(await page.locator(".tiles b").all_text_contents()) == new["reference"]
        await expect(page.locator("time")).to_have_text(re.compile(r"^[45]:\d\d$"))
        # It hears of the successor, and counts down.
        await person.scan(new["id"])
        await expect(page.locator("h1")).to_have_text("验证码已发到微信")
        await page.locator("#code").press_sequentially(await person.code())
        await expect(page.locator("h1")).to_have_text("验证成功")
        if not more:
            await page.wait_for_url(f"**/signup/return?verification={old['id']}&successor={new['id']}")


@pytest.mark.parametrize("what", ["logins", "bind-intents"])
async def test_an_expired_intent_page_goes_on_with_a_new_code(stage, what):
    person = await stage.person(follows=True)
    old = await stage.ask(what, **({"user": "u" + secrets.token_hex(6)} if what == "bind-intents" else {}))
    async with stage.visitor() as context:
        page = await context.new_page()
        await page.goto(old["page_url"])
        await stage.pass_time(601)
        await expect(page.locator("h1")).to_have_text("已过期")
        await button(page).click()
        await expect(page.locator(".qr img")).to_be_visible()
        await expect(page.locator("h1")).to_be_focused()
        new = await successor_of(stage, old)
        assert page.url == new["page_url"]
        await person.scan(new["id"])
        await expect(page.locator("h1")).to_have_text("已扫码，请在微信中确认")
        await person.say("确认")
        await expect(page.locator(".badge.approved")).to_be_visible()


async def test_two_tabs_end_on_the_same_successor(stage):
    old = await stage.start()
    async with stage.visitor() as context:
        pages = [await context.new_page(), await context.new_page()]
        for page in pages:
            await page.goto(old["page_url"])
        await stage.pass_time(301)
        for page in pages:
            await button(page).click()
            await expect(page.locator("h1")).to_have_text("微信扫码，获取验证码")
        assert pages[0].url == pages[1].url != old["page_url"]


async def test_a_reload_of_the_old_address_leads_on_too_and_works_without_a_script(stage):
    old = await stage.start()
    await stage.pass_time(301)
    async with stage.visitor(java_script_enabled=False) as context:
        page = await context.new_page()
        await page.goto(old["page_url"])
        await button(page).click()
        await expect(page.locator("h1")).to_have_text("微信扫码，获取验证码")
        assert page.url == (await successor_of(stage, old))["page_url"]


async def test_the_second_expiry_leads_back_to_the_site(stage):
    old = await stage.start()
    async with stage.visitor() as context:
        page = await context.new_page()
        await page.goto(old["page_url"])
        await stage.pass_time(301)
        await button(page).click()
        await expect(page.locator("h1")).to_have_text("微信扫码，获取验证码")
        await stage.pass_time(301)
        await expect(page.locator("h1")).to_have_text("验证码已过期")
        await expect(button(page)).to_have_count(0)
        await expect(page.get_by_role("link", name=re.compile("^返回"))).to_be_visible()


async def test_a_code_that_another_wechat_took_is_renewed(stage):
    other, old = await stage.person(follows=True), await stage.start()
    async with stage.visitor() as context:
        page = await context.new_page()
        await page.goto(old["page_url"])
        await other.scan(old["id"])
        await expect(page.locator("h1")).to_have_text("验证码已发到微信")
        await page.get_by_role("button", name="不是您？刷新二维码").click()
        await expect(page.locator("h1")).to_have_text("微信扫码，获取验证码")
        assert (await read(stage, old["id"]))["status"] == "superseded"


async def refuse_renewals(page):
    document = {"type": "https://x.example/problems/rate-limited", "title": "", "status": 429, "retry_after": 1500}
    headers = {"Access-Control-Allow-Origin": "*"}
    await page.route("**/renew", lambda route: route.fulfill(status=429, json=document, headers=headers))


@pytest.mark.parametrize("what", ["verification", "login"])
async def test_the_widget_goes_on_in_place(shop_stage, what):
    stage = shop_stage
    person = await stage.person(follows=True)
    old = await (stage.start() if what == "verification" else stage.ask("logins"))
    async with stage.visitor() as context:
        page = await opened(stage, context, old)
        await stage.pass_time(301)
        await expect(page.locator(".badge.expired")).to_be_visible()
        await button(page).click()
        await expect(page.locator(".qr img")).to_be_visible()
        await expect(page.locator(".headline")).to_be_focused()
        new = await successor_of(stage, old)
        await person.scan(new["id"])
        if what == "verification":
            await expect(page.locator(".headline")).to_have_text("验证码已发到微信")
            await page.locator("#code").press_sequentially(await person.code())
            await expect(page.locator(".headline")).to_have_text("验证成功")
        else:
            await expect(page.locator(".headline")).to_have_text("已扫码，请在微信中确认")
            await person.say("确认")
            await expect(page.locator(".badge.approved")).to_be_visible()
        # The promise told how the first one ended; the events tell the rest.
        assert await page.evaluate("results") == [{"status": "expired"}]
        kinds = [kind for kind, *_ in await page.evaluate("heard")]
        assert [kind for kind in kinds if kind != "change"] == ["ended", "approved"]


async def test_the_widget_renews_once_and_asks_no_more_when_it_is_over(shop_stage):
    stage, asked = shop_stage, []
    async with stage.visitor() as context:
        await context.clock.install()
        page = await opened(stage, context, await stage.start())
        await stage.pass_time(301)
        await button(page).click()
        await expect(page.locator(".headline")).to_have_text("微信扫码，获取验证码")
        await stage.pass_time(301)
        await expect(page.locator(".headline")).to_have_text("验证码已过期")
        await expect(button(page)).to_have_count(0)
        page.on("request", lambda request: asked.append(request.url))
        await page.clock.run_for(60_000)
        assert asked == []


async def test_the_widget_says_why_it_cannot_and_a_switch_takes_it_out(shop_stage):
    stage = shop_stage
    async with stage.visitor() as context:
        page = await opened(stage, context, await stage.start())
        await stage.pass_time(301)
        await refuse_renewals(page)
        await button(page).click()
        await expect(page.locator("#problem")).to_have_text("操作太频繁，请 25 分钟后再试。")
        await page.unroute("**/renew")
        await button(page).click()
        await expect(page.locator(".headline")).to_have_text("微信扫码，获取验证码")
    async with stage.visitor() as context:
        old = await stage.start()
        page = await opened(stage, context, old)
        await page.evaluate(f"void codesvc.verify(box0, {{token: '{old['page_token']}', renew: false}}).catch(() => 0)")
        await stage.pass_time(301)
        await expect(page.locator(".headline")).to_have_text("验证码已过期")
        await expect(button(page)).to_have_count(0)


async def test_the_widget_renews_a_code_that_another_wechat_took(shop_stage):
    stage = shop_stage
    other, old, login = await stage.person(follows=True), await stage.start(), await stage.ask("logins")
    async with stage.visitor() as context:
        for started, scanned in ((old, "验证码已发到微信"), (login, "已扫码，请在微信中确认")):
            page = await opened(stage, context, started)
            await other.scan(started["id"])
            await expect(page.locator(".headline")).to_have_text(scanned)
            await page.get_by_role("button", name="不是您？刷新二维码").click()
            await expect(page.locator(".qr img")).to_be_visible()
            assert (await read(stage, started["id"]))["successor"]
