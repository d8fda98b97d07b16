"""What a phone shows at first glance: one short sentence, one main button, and the code box where a code is expected.

The steps stand behind it, for who hesitates; whatever is needed in WeChat can be copied.
"""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.async_api import expect

from tests.browser.scenes.walks import bind_intent
from tests.browser.test_browser_access import violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
SMALL = {"width": 390, "height": 660}
COPYING = ["clipboard-read", "clipboard-write"]
KEYWORD = re.compile("^(复制口令并打开微信|Copy keyword and open WeChat)$")
# A customer's own header, 120 px high, in the place of the margins of the tests' customer.
HEADER = """() => {
  const main = document.querySelector("main");
  if (!main.querySelector("[data-box]")) return; // the hosted page has no other header
  document.body.prepend(Object.assign(document.createElement("header"), { textContent: "Shop" }));
  document.querySelector("header").style.height = "120px";
  main.style.padding = "16px";
  main.querySelector(":scope > h1").remove();
}"""
TO_READ = """root => [...root.querySelectorAll("h1, h2, .head p, ol li, .or, figcaption")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && each.textContent.trim()).length"""


@pytest.fixture
def stage(shop_stage):
    return shop_stage


async def unreachable(stage):
    """A verification of a user whose WeChat no longer follows the account."""
    person = await stage.person(follows=True)
    user = await stage.bound(person)
    await person.unfollow()
    return await stage.start(user=user)


STARTS = {
    "scan": lambda stage: stage.start(),
    "unreachable": unreachable,
    "login": lambda stage: stage.ask("logins"),
    "bind": bind_intent,
}


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
@pytest.mark.parametrize("what", STARTS)
async def test_there_is_one_sentence_one_button_and_the_box(stage, way, open_either, what, locale):
    started = await STARTS[what](stage)
    async with stage.visitor(phone=True, viewport=SMALL, locale=locale) as context:
        page = await open_either(context, started, more=f"&lang={locale}")
        button, steps, panel = page.locator(".head .primary"), page.locator("details.steps"), page.locator(".panel")
        await expect(button).to_have_text(KEYWORD)
        await expect(button).to_be_in_viewport(ratio=1)
        await expect(steps.locator("ol")).not_to_be_visible()
        # The headline and its sentence.
        assert await panel.evaluate(TO_READ) == 2
        if what in ("scan", "unreachable") and way == "hosted":
            await expect(page.locator(".code")).to_be_in_viewport(ratio=1)
        # Who hesitates finds each step, what it needs, and the other way.
        await steps.locator("summary").click()
        await expect(steps.locator("li")).to_have_count(3)
        await expect(steps.locator("#keyword")).to_be_visible()
        await expect(steps.locator(".copy:visible, [data-scan-link]:visible")).to_have_count(3)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def pushed(stage):
    """A verification whose code comes by a message to the bound WeChat."""
    return await stage.start("reset", user=await stage.bound(await stage.person(follows=True)))


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
@pytest.mark.parametrize("what", ["scan", "pushed", "replied"])
async def test_below_a_customers_header_button_box_and_confirm_are_on_the_screen(stage, open_either, what, locale):
    started = await (pushed(stage) if what == "pushed" else stage.start())
    async with stage.visitor(phone=True, viewport=SMALL, locale=locale) as context:
        page = await open_either(context, started, more=f"&lang={locale}&locale={locale[:2]}")
        if what == "replied":
            person = await stage.person(follows=True)
            await person.say(started["scan"]["keyword"])
            await expect(page.locator(".headline, h1").last).to_have_text(
                re.compile("验证码已发到微信|The code is in your chat")
            )
        await page.evaluate(HEADER)
        await page.evaluate("scrollTo(0, 0)")
        for each in (".head .primary", ".code", "#check .primary"):
            await expect(page.locator(each)).to_be_in_viewport(ratio=1)


async def test_what_is_wrong_with_a_pasted_message_is_seen_and_not_only_said(stage, open_either):
    started = await stage.start()
    async with stage.visitor(phone=True, viewport={"width": 390, "height": 560}) as context:
        page = await open_either(context, started)
        await page.evaluate(HEADER)
        await page.evaluate("scrollTo(0, 0)")
        await page.locator("#code").focus()
        await page.keyboard.type("abc")
        await expect(page.locator("#problem")).to_contain_text("只有数字")
        await expect(page.locator("#problem")).to_be_in_viewport(ratio=1)


async def test_that_it_was_sent_again_is_not_said_once_it_is_over(stage, open_either):
    started = await pushed(stage)
    async with stage.visitor(phone=True, viewport=SMALL) as context:
        page = await open_either(context, started)
        await stage.pass_time(61)
        await page.reload()
        await page.get_by_role("button", name="重新发送").click()
        good = page.locator(".good")
        await expect(good).to_have_text("已重新发送，验证码不变。")
        await stage.api("POST", f"/v1/verifications/{started['id']}/cancel")
        await expect(page.locator(".badge.canceled")).to_be_visible()
        await expect(good).to_have_count(0)


async def test_who_asks_for_the_other_way_reads_a_headline_of_that_way(stage, open_either):
    started = await pushed(stage)
    async with stage.visitor(viewport={"width": 1280, "height": 800}) as context:
        page = await open_either(context, started)
        await page.locator(".second").first.click()
        await expect(page.locator(".qr img")).to_be_visible()
        await expect(page.locator(".headline, h1").last).to_have_text("换一种方式获取验证码")


async def test_the_steps_stay_open_while_the_page_changes(stage, open_either):
    started = await stage.start()
    async with stage.visitor(phone=True, viewport=SMALL, bypass_csp=True) as context:
        page = await open_either(context, started)
        await page.locator("summary").click()
        assert await violations(page) == []
        await stage.api("POST", f"/v1/verifications/{started['id']}/check", {"code": "000000"})
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        await page.locator("#code").press_sequentially("111111")
        await expect(page.locator("#problem")).to_contain_text("还可以再试 3 次")
        await expect(page.locator("#keyword")).to_be_visible()


async def test_where_nothing_can_be_copied_the_keyword_comes_into_view(stage, open_either):
    started = await stage.start()
    async with stage.visitor(phone=True, viewport=SMALL) as context:
        await context.add_init_script(
            "if (navigator.clipboard) navigator.clipboard.writeText = () => Promise.reject();"
            "document.execCommand = () => false;"
        )
        page = await open_either(context, started)
        await page.locator(".head .primary").click()
        await expect(page.locator("#keyword")).to_be_in_viewport(ratio=1)


async def test_web_authorisation_leads_with_its_link_and_keeps_the_picture_behind_it(stage, open_either):
    started = await bind_intent(stage, method="oauth")
    async with stage.visitor(phone=True, viewport=SMALL) as context:
        page = await open_either(context, started)
        await expect(page.locator(".head .primary")).to_have_text("复制链接并打开微信")
        await expect(page.locator(".qr img")).not_to_be_visible()
        await page.locator("summary", has_text="改为保存二维码图片").click()
        await expect(page.locator(".qr img")).to_be_visible()


async def test_without_a_script_the_keyword_is_on_the_page(stage):
    verification, login = await stage.start(), await stage.ask("logins")
    async with stage.visitor(phone=True, viewport=SMALL, java_script_enabled=False) as context:
        page = await context.new_page()
        for started in (verification, login):
            await page.goto(started["page_url"])
            await expect(page.locator(".head noscript code")).to_have_text(started["scan"]["keyword"])
            await expect(page.locator(".head noscript code")).to_be_in_viewport(ratio=1)
            await expect(page.locator(".head").get_by_role("link", name="打开微信")).to_be_in_viewport(ratio=1)
            await page.locator("summary").click()
            await expect(page.locator(".steps li")).to_have_count(3)
            await expect(page.locator("#keyword")).to_be_visible()


async def test_once_the_code_has_come_the_chat_is_the_way_and_the_keyword_another(stage, open_either):
    person = await stage.person(follows=True)
    started = await stage.start("reset", await stage.bound(person))
    async with stage.visitor(phone=True, viewport=SMALL) as context:
        page = await open_either(context, started)
        main, another = page.locator(".head .primary"), page.locator(".times .second").first
        await another.click()
        await expect(main).to_have_text(KEYWORD)
        await person.say(started["scan"]["keyword"])
        await expect(main).to_have_text("打开微信")
        await expect(another).to_have_text("没有看到？再次获取")
        await another.click()
        await expect(main).to_have_text(KEYWORD)


async def test_after_a_spent_budget_the_box_is_empty_for_the_code_that_has_come(stage, open_either):
    person = await stage.person(follows=True)
    user = await stage.bound(person)
    await stage.spend_guesses(user)
    started = await stage.start("reset", user)
    async with stage.visitor(phone=True, viewport=SMALL) as context:
        page = await open_either(context, started)
        await page.locator("#code").press_sequentially("111111")
        await expect(page.locator("#problem")).to_contain_text("错误次数过多")
        await expect(page.locator(".head .primary")).to_have_text(KEYWORD)
        await person.say(started["scan"]["keyword"])
        await expect(page.locator(".head .primary")).to_have_text("打开微信")
        await expect(page.locator("#code")).to_have_value("")


async def test_of_a_link_it_is_said_that_the_link_has_expired(stage, open_either):
    started = await bind_intent(stage, method="oauth")
    async with stage.visitor(phone=True, viewport=SMALL) as context:
        page = await open_either(context, started)
        await stage.pass_time(601)
        await expect(page.locator("#headline, .headline")).to_have_text("链接已过期")


async def test_wherever_wechat_is_to_be_opened_the_account_can_be_copied(stage, open_either):
    """A push, a hidden one, a code in the chat, and a login to be confirmed."""
    pushed = await stage.start(user=await stage.bound(await stage.person(follows=True)))
    hidden, replied, login = await stage.start("reset"), await stage.start(), await stage.ask("logins")
    for started in (replied, login):
        await (await stage.person(follows=True)).say(started["scan"]["keyword"])
    await stage.delivered(pushed)
    async with stage.visitor(phone=True, viewport=SMALL, permissions=COPYING) as context:
        for started in (pushed, hidden, replied, login):
            page = await open_either(context, started)
            await expect(page.locator(".head .primary")).to_have_attribute("href", "weixin://")
            await page.evaluate("code => navigator.clipboard.writeText(code)", secrets.token_hex(4))
            name = page.locator(".head .name")
            await expect(name).to_be_in_viewport(ratio=1)
            await name.click()
            await expect(name).to_have_text("已复制")
            assert await page.evaluate("navigator.clipboard.readText()") == "示例服务号"
            await page.close()
