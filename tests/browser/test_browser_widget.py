"""The drop-in widget in a customer's own page: another origin, a strict policy, trusted types, odd styles."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from codesvc.runtime.http_server import listening
from tests.browser import customer
from tests.browser.customer import opened
from tests.browser.stage import another_code_than, four_free_ports

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def stage(shop_stage):
    return shop_stage


async def heard(page, kind):
    return [detail for heard, _, detail in await page.evaluate("heard") if heard == kind]


async def test_from_the_scan_to_the_promise(stage):
    person, started = await stage.person(), await stage.start()
    async with stage.visitor() as context:
        page = await opened(stage, context, started)
        await expect(page.locator(".headline")).to_have_text("微信扫码，获取验证码")
        assert await page.locator(".qr img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        await person.scan(started["id"])
        await person.follow()
        await expect(page.locator(".headline")).to_have_text("验证码已发到微信")
        await expect(page.locator("[role=status].sr")).to_contain_text("验证码已发到微信")
        await page.locator("#code").press_sequentially(await person.code())
        await expect(page.locator(".headline")).to_have_text("验证成功")
        assert await page.evaluate("results") == [{"status": "approved"}]
        assert await heard(page, "approved") == [{"status": "approved"}]
        told = [(each["status"], each["delivery"]["status"]) for each in await heard(page, "change")]
        assert told[0] == ("pending", "awaiting_scan")
        assert told[-1][0] == "approved"
        assert "proof" not in str(await page.evaluate("[heard, results]"))
    assert (await stage.api("GET", f"/v1/verifications/{started['id']}"))["proof"]


async def test_every_word_of_it_is_there(stage):
    async with stage.visitor() as context:
        page = await opened(stage, context, await stage.start("reset"))
        for words in (
            "核对编号",
            "微信消息里的编号应与此相同",
            "6 位验证码",
            "确认",
            "剩余 4:5",
            "重新发送（",
            "没有收到",
            "不要把验证码",
        ):
            await expect(page.locator(".card")).to_contain_text(words)
        assert await page.locator(".card").get_attribute("aria-label") == "微信验证"


async def test_wrong_code_and_then_the_right_one(stage):
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor() as context:
        page = await opened(stage, context, started)
        await person.scan(started["id"])
        code, field = await person.code(), page.locator("#code")
        await field.press_sequentially(another_code_than(code))
        await expect(page.locator("#problem")).to_contain_text("还可以再试 4 次")
        await expect(field).to_have_value("")
        await expect(field).to_be_focused()
        await expect(field).to_have_attribute("aria-invalid", "true")
        assert await page.locator(".code").evaluate("code => code.scrollLeft") == 0
        await field.press_sequentially("12")
        await field.press("Enter")
        await expect(page.locator("#problem")).to_have_text("请输入微信消息里完整的 6 位验证码。")
        wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
        await field.fill(f" {wide[:3]} - {wide[3:]} ")
        await expect(page.locator(".headline")).to_have_text("验证成功")
        assert [each["problem"] for each in await heard(page, "error")] == ["wrong-code"]


async def test_attempts_that_are_spent_end_it(stage):
    started = await stage.start()
    async with stage.visitor() as context:
        page = await opened(stage, context, started)
        for code in ("111111", "222222", "333333", "444444"):
            await page.locator("#code").press_sequentially(code)
            await expect(page.locator("#problem")).to_contain_text("不正确")
        await expect(page.locator("#problem")).to_contain_text("还可以再试 1 次")
        # The last attempt is the person's own to make.
        await page.locator("#code").press_sequentially("555555")
        await page.get_by_role("button", name="确认").click()
        await expect(page.locator(".headline")).to_have_text("尝试次数已用完")
        assert await page.evaluate("results") == [{"status": "exhausted"}]
        assert await heard(page, "ended") == [{"status": "exhausted"}]


async def test_a_reset_tells_nothing_and_its_picture_is_drawn_on_demand(stage):
    seen = []
    async with stage.visitor() as context:
        for user in (await stage.bound(await stage.person(follows=True)), ""):
            page = await opened(stage, context, await stage.start("reset", user))
            await expect(page.locator(".headline")).to_have_text("请查看微信消息")
            await expect(page.locator(".qr img")).to_have_count(0)
            seen.append([await page.locator(".head").text_content()])
            await page.get_by_role("button", name="没有收到？改用微信扫码").click()
            await expect(page.locator(".qr img")).to_be_visible()
            await expect(page.locator(".headline")).to_be_focused()
            seen[-1] += [await page.locator(part).text_content() for part in (".head", ".scan figcaption", ".or")]
    assert seen[0] == seen[1]


async def test_resend_waits_and_brings_the_same_code(stage):
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor() as context:
        page = await opened(stage, context, started)
        await person.scan(started["id"])
        again = page.locator(".quiet")
        await expect(again).to_have_attribute("aria-disabled", "true")
        await expect(again).to_contain_text("重新发送（")
        await stage.pass_time(61)
        await page.reload()
        await page.get_by_role("button", name="重新发送", exact=True).click()
        await expect(page.locator(".good")).to_have_text("已重新发送，验证码不变。")
        await expect(again).to_be_focused()
        assert await person.new_template_code() == await person.code()


async def test_expiry(stage):
    async with stage.visitor() as context:
        page = await opened(stage, context, await stage.start())
        await stage.pass_time(301)
        await expect(page.locator(".headline")).to_have_text("验证码已过期")
        assert await page.evaluate("results") == [{"status": "expired"}]


async def test_by_attribute_it_goes_on_to_the_return_address(stage):
    person = await stage.person(follows=True)
    started = await stage.start(return_url=f"{stage.addresses.website}/back?step=2")
    async with stage.visitor() as context:
        page = await opened(stage, context, started, how="token")
        await person.scan(started["id"])
        await page.locator("#code").press_sequentially(await person.code())
        await expect(page.get_by_role("link", name="立即返回")).to_be_visible()
        await page.wait_for_url(f"**/back?step=2&verification={started['id']}")


async def test_a_page_that_prevents_it_stays(stage):
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor() as context:
        await context.clock.install()
        page = await opened(stage, context, started, how="token")
        await page.evaluate("addEventListener('codesvc:approved', (event) => event.preventDefault())")
        await person.scan(started["id"])
        await page.locator("#code").press_sequentially(await person.code())
        await expect(page.locator(".headline")).to_have_text("验证成功")
        await page.clock.run_for(10_000)
        assert page.url.startswith(f"{stage.addresses.website}/?token=")


async def test_two_on_one_page_do_not_meddle(stage):
    person, one, two = await stage.person(follows=True), await stage.start(), await stage.start("reset")
    async with stage.visitor() as context:
        page = await opened(stage, context, one, two)
        await person.scan(one["id"])
        first, second = page.locator("#box0"), page.locator("#box1")
        await expect(first.locator(".headline")).to_have_text("验证码已发到微信")
        await second.locator("#code").press_sequentially("12")
        await first.locator("#code").press_sequentially(await person.code())
        await expect(first.locator(".headline")).to_have_text("验证成功")
        await expect(second.locator("#code")).to_have_value("12")
        await expect(second.locator(".headline")).to_have_text("请查看微信消息")


async def test_a_foreign_origin_is_refused_and_told_why(stage):
    started, port = await stage.start(), four_free_ports()
    context = await stage.browser.new_context(locale="zh-CN")
    async with listening(customer.create_app(stage.addresses.service), "127.0.0.1", port):
        page = await context.new_page()
        await page.goto(f"http://127.0.0.1:{port}/?call={started['page_token']}")
        await expect(page.locator(".headline")).to_have_text("此处无法验证")
        ((name, problem, message),) = await page.evaluate("results")
        assert (name, problem) == ("CodesvcError", "refused")
        assert message.startswith(f"http://127.0.0.1:{port} is no origin of the site")
        assert [(each["problem"], each["fatal"]) for each in await heard(page, "error")] == [("refused", True)]
    await context.close()


async def test_a_verification_that_is_gone(stage):
    started = await stage.start()
    await stage.pass_time(2 * 3600)
    async with stage.visitor() as context:
        page = await opened(stage, context, started)
        await expect(page.locator(".headline")).to_have_text("找不到这次验证")
        assert (await page.evaluate("results"))[0][:2] == ["CodesvcError", "missing"]


async def test_taken_out_of_the_page_it_lets_go(stage):
    async with stage.visitor() as context:
        started = await stage.start()
        page = await opened(stage, context, started)
        told = await page.evaluate(
            """async (token) => {
                const box = document.getElementById("box0");
                const again = codesvc.verify(box, { token });
                await new Promise((resolve) => box.addEventListener("codesvc:change", resolve));
                box.remove();
                return [await again.catch((error) => error.name), results.map(([name]) => name)];
            }""",
            started["page_token"],
        )
        # The first was sent away by the second, in the same place.
        assert told == ["AbortError", ["AbortError"]]


async def test_a_signal_takes_it_out(stage):
    started = await stage.start()
    async with stage.visitor() as context:
        page = await opened(stage, context, started)
        told = await page.evaluate(
            """async (token) => {
                const box = document.getElementById("box0"), stop = new AbortController();
                const kept = codesvc.verify(box, { token, signal: stop.signal }).catch((error) => error.name);
                stop.abort();
                return [await kept, box.shadowRoot.childElementCount, results.map(([name]) => name)];
            }""",
            started["page_token"],
        )
        assert told == ["AbortError", 0, ["AbortError"]]


async def test_a_line_that_is_cut_is_replaced_by_looking(stage):
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor() as context:
        await context.route("**/events", lambda route: route.abort())
        page = await opened(stage, context, started)
        await person.scan(started["id"])
        await expect(page.locator(".headline")).to_have_text("验证码已发到微信", timeout=10_000)


async def test_no_network(stage):
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor() as context:
        page = await opened(stage, context, started)
        await person.scan(started["id"])
        await expect(page.locator(".headline")).to_have_text("验证码已发到微信")
        await context.set_offline(True)
        await expect(page.locator(".offline")).to_be_visible()
        await page.locator("#code").press_sequentially(await person.code())
        await expect(page.locator("#problem")).to_contain_text("网络连接中断")
        await context.set_offline(False)
        await page.locator("#code").press("Enter")
        await expect(page.locator(".headline")).to_have_text("验证成功")


async def test_an_element_of_the_page_that_is_named_as_the_script_changes_nothing(stage):
    """It stands in the place of `document.currentScript`. Of an image's address the widget made that of its service."""
    async with stage.visitor() as context:
        page = await context.new_page()

        async def with_comment(route):
            answer = await route.fetch()
            html = (await answer.text()).replace("<body>", '<body><form name="currentScript"></form>')
            await route.fulfill(response=answer, body=html)

        await page.route(f"{stage.addresses.website}/?**", with_comment)
        await page.goto(f"{stage.addresses.website}/?call={(await stage.start())['page_token']}")
        await expect(page.locator(".headline")).to_have_text("微信扫码，获取验证码")


@pytest.mark.parametrize("address", ["javascript:document.title='taken'", " javascript:document.title='taken'"])
async def test_an_answer_leads_to_addresses_of_the_web_only(stage, address):
    person, started = await stage.person(), await stage.start()
    async with stage.visitor() as context:
        page = await context.new_page()

        async def leading(route):
            answer = await route.fetch()
            await route.fulfill(response=answer, json=await answer.json() | {"return_to": address})

        await page.route("**/p/*/state", leading)
        await page.route("**/p/*/check", leading)
        await page.goto(f"{stage.addresses.website}/?token={started['page_token']}")
        await person.scan(started["id"])
        await person.follow()
        await page.locator("#code").press_sequentially(await person.code())
        await expect(page.locator(".headline")).to_have_text("验证成功")
        await expect(page.locator(".card a.primary")).to_have_count(0)
        # The page may be asking still.
        await page.unroute_all(behavior="wait")
