"""An operator at three in the morning: the walk-throughs of docs/en/admin-pages.md, walked in a real browser.

The faults are switched on in the sandbox; nothing is read but the pages.
"""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import expect

from codesvc.domain.passwords import password_line
from tests.browser.stage import DESKTOP, PHONE, TWO_LOOKS
from tests.browser.test_browser_access import violations
from tests.world import running_world

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "correct horse battery"
ADMIN = {"operators": {"lan": {"password": password_line(PASSWORD, bytes(range(16)))}}}
SEND = "/cgi-bin/message/template/send"


@pytest_asyncio.fixture(loop_scope="session")
async def open_world(new_world):
    async with new_world(admin=ADMIN) as world:
        yield world


@asynccontextmanager
async def operator(chromium, world, *, phone=False, dark=False, locale="en-GB"):
    """Signed in; whatever a script, a policy or another host complains of fails the test."""
    context = await chromium.new_context(
        viewport=PHONE if phone else DESKTOP,
        color_scheme="dark" if dark else "light",
        locale=locale,
        reduced_motion="reduce",
    )
    context.set_default_timeout(10_000)
    faults = []
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    context.on("request", lambda made: None if made.url.startswith(world.service) else faults.append(made.url))
    page = await context.new_page()
    await page.goto(f"{world.service}/admin/login")
    await page.fill("#name", "lan")
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{world.service}/admin")
    yield page
    await context.close()
    assert faults == []


async def look_up(page, world, text):
    await page.goto(f"{world.service}/admin/verifications")
    await page.locator("select[name=site]").select_option("shop")
    await page.locator("input[name=query]").fill(text)
    await page.keyboard.press("Enter")


async def latest_of(page, world, user):
    """The user's latest verification, found as an operator finds it."""
    await look_up(page, world, user)
    await expect(page.locator("h1")).to_have_text(user)
    await page.locator("tbody th a").first.click()


async def test_did_this_persons_code_arrive(chromium, open_world):
    world = open_world
    owner = await world.bound("alice")
    started = await world.start("alice", "reset")
    await owner.wait_for_push()
    for _ in range(300):
        if any(message["type"] == "template" for message in await owner.messages()):
            break
    async with operator(chromium, world) as page:
        await latest_of(page, world, "alice")
        # WeChat's receipt comes by itself; the page renews itself, and a reload is quicker.
        for _ in range(100):
            if "Yes" in await page.locator("#arrived").inner_text():
                break
            await page.reload()
        await expect(page.locator("#arrived")).to_contain_text("Yes")
        await expect(page.locator("#why")).to_have_text("WeChat's receipt confirms that the message was delivered.")
        await expect(page.locator("#company")).to_have_text("No problem here.")
        await expect(page.locator(".timeline li")).to_have_count(4)
        await expect(page.locator(".timeline")).to_contain_text("Delivered (WeChat's receipt)")
        # The site itself reads only "pending": this purpose hides who is bound.
        await expect(page.locator(".facts")).to_contain_text("only “pending”")
        assert (await world.get(started))["delivery"]["status"] == "pending"


async def test_why_not_and_it_is_just_them(chromium, open_world):
    world = open_world
    for number in range(8):
        owner = await world.bound(f"user-{number}")
        started = await world.start(f"user-{number}")
        await owner.wait_for_push()
        await world.delivery(started, "delivered")
    leaver = await world.bound("bob")
    await leaver.unfollow()
    await world.start("bob")
    async with operator(chromium, world) as page:
        await latest_of(page, world, "bob")
        await expect(page.locator("#arrived")).to_contain_text("Not yet")
        await expect(page.locator("#why")).to_contain_text("The page now asks for a scan or the keyword")
        await expect(page.locator("#reason")).to_contain_text("they do not follow")
        await expect(page.locator("#company")).to_contain_text("Yes. Nobody else on this site had it")
        await expect(page.locator("#do")).to_contain_text("scan the QR code")
        await page.goto(f"{world.service}/admin")
        await expect(page.locator("#worries")).to_have_text("All is well")


async def test_why_not_and_it_is_everybody_since_when(chromium, open_world):
    world = open_world
    owner = await world.bound("user-0")
    await world.delivery(await world.start("user-0"), "delivered")
    await owner.wait_for_push()
    await world.advance(1_800)
    await world.fault("errcode", path=SEND, errcode=43116, times=6)
    for number in range(6):
        await world.bound(f"later-{number}")
        await world.delivery(await world.start(f"later-{number}"), "awaiting_scan")
    async with operator(chromium, world) as page:
        await latest_of(page, world, "later-3")
        await expect(page.locator("#arrived")).to_contain_text("Not yet")
        await expect(page.locator("#reason")).to_contain_text("The template is banned")
        await expect(page.locator("#reason")).to_contain_text("43116")
        await expect(page.locator("#company")).to_contain_text("No, many: 6 of 7 calls")
        moment = int(await page.locator("#since time").get_attribute("data-ms"))
        begun = int(await page.locator(".timeline time").first.get_attribute("data-ms"))
        assert 0 <= begun - moment < 120_000
        await page.goto(f"{world.service}/admin")
        await expect(page.locator(".worries")).to_contain_text("43116")
        await expect(page.locator(".worries")).to_contain_text("The template is banned")
        await page.locator(".worries a").first.click()
        row = page.locator("tbody tr", has_text="43116")
        await expect(row).to_contain_text("until an operator acts")
        await expect(row).to_contain_text("6")


async def test_why_not_while_wechat_does_not_answer(chromium, open_world):
    world = open_world
    await world.bound("carol")
    await world.fault("errcode", path=SEND, errcode=-1)
    started = await world.start("carol")
    async with operator(chromium, world) as page:
        for _ in range(100):
            await page.goto(f"{world.service}/admin/verifications/{started['id']}")
            if await page.locator("#reason").count():
                break
        await expect(page.locator("#arrived")).to_contain_text("Not yet")
        await expect(page.locator("#why")).to_contain_text("retries for as long as the code is valid")
        await expect(page.locator("#reason")).to_contain_text("WeChat is busy")


async def test_what_runs_out_next(chromium, store_url, tmp_path):
    async with running_world(store_url, tmp_path) as before:
        for number in range(9):
            owner = await before.bound(f"user-{number}")
            await before.start(f"user-{number}")
            await owner.wait_for_push()
        appid = before.platform.accounts[next(iter(before.platform.accounts))].spec.appid
        await before.control("PUT", f"/accounts/{appid}/quotas", {"path": SEND, "daily": 11})
    async with (
        running_world(store_url, tmp_path, platform=before.platform, admin=ADMIN) as world,
        operator(chromium, world) as page,
    ):
        for _ in range(100):
            await page.goto(f"{world.service}/admin")
            if "few template messages left" in await page.locator(".worries").inner_text():
                break
        await expect(page.locator(".worries")).to_contain_text("few template messages left")
        gauge = page.locator(".gauge", has_text="Template messages")
        await expect(gauge).to_contain_text("2 of 11 left")
        await expect(gauge).to_contain_text("Low")


async def test_a_binding_is_removed_with_a_reason(chromium, open_world):
    world = open_world
    await world.bound("dora")
    async with operator(chromium, world) as page:
        await look_up(page, world, "dora")
        await expect(page.locator("h1")).to_have_text("dora")
        await page.locator("summary", has_text="Remove the binding").click()
        await page.locator("form[action$=unbind] input[name=reason]").fill("phone stolen, id checked")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_have_text("The binding was removed.")
        await expect(page.locator(".timeline")).to_contain_text("by an operator")
        await page.goto(f"{world.service}/admin/audit")
        row = page.locator("tbody tr", has_text="Binding removed")
        await expect(row).to_contain_text("phone stolen, id checked")
        await expect(row).to_contain_text("admin:lan")


async def test_each_chart_is_drawn_and_its_table_says_the_same(chromium, open_world):
    world = open_world
    for number in range(3):
        await world.start(f"user-{number}")
        await world.advance(1_800)
    async with operator(chromium, world) as page:
        await page.goto(f"{world.service}/admin?site=shop&span=6h")
        figure = page.locator("#chart-steps")
        await expect(figure.locator("canvas")).to_be_visible()
        # By keyboard alone, in words.
        await figure.locator("summary").focus()
        await page.keyboard.press("Enter")
        cells = await figure.locator("tbody tr td:nth-child(2)").all_inner_texts()
        assert sum(int(text) for text in cells) == 3
        assert len([text for text in cells if text != "0"]) == 3


async def test_without_a_script_everything_is_there(chromium, open_world):
    world = open_world
    await world.start("alice")
    context = await chromium.new_context(java_script_enabled=False, locale="zh-CN")
    page = await context.new_page()
    await page.goto(f"{world.service}/admin/login")
    await page.fill("#name", "lan")
    await page.fill("#password", PASSWORD)
    await page.click("text=登录 >> nth=-1")
    await page.goto(f"{world.service}/admin")
    await page.locator("select[name=span]").select_option("1h")
    await page.click(".filters button")
    assert "span=1h" in page.url
    await page.locator("#chart-steps summary").click()
    await expect(page.locator("#chart-steps table")).to_be_visible()
    await context.close()


@pytest.mark.parametrize(("phone", "dark"), TWO_LOOKS)
async def test_everybody_can_use_the_pages(chromium, open_world, dark, phone):
    world = open_world
    await world.bound("alice")
    await world.fault("errcode", path=SEND, errcode=43116, times=1)
    started = await world.start("alice")
    await world.delivery(started, "awaiting_scan")
    locale = "zh-CN" if dark else "en-GB"
    async with operator(chromium, world, phone=phone, dark=dark, locale=locale) as page:
        addresses = ["/admin", "/admin/verifications", f"/admin/verifications/{started['id']}", "/admin/accounts"]
        for address in [*addresses, "/admin/webhooks", "/admin/audit"]:
            answer = await page.goto(world.service + address)
            assert answer.status == 200
            assert await violations(page) == [], address
            wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            assert await page.evaluate(wide), f"{address} scrolls sideways"
        await look_up(page, world, "alice")
        await expect(page.locator("h1")).to_have_text("alice")
        for summary in await page.locator("summary").all():
            await summary.click()
        assert await violations(page) == []
