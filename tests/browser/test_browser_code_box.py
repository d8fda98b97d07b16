"""The box for the code as people fill it: pasted messages, letters, too little, too much. On page and widget alike."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from codesvc.domain.codes import CodeFormat, read_code
from tests.browser.stage import another_code_than

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def stage(shop_stage):
    return shop_stage


def headline(page):
    return page.locator("#headline, .headline")


async def attempts(stage, started):
    return (await stage.api("GET", f"/v1/verifications/{started['id']}"))["attempts_left"]


async def received(person):
    """The newest message with a code, whole, as a chat bubble is copied."""
    for message in reversed(await person.messages()):
        if "验证码（" in message.get("content", ""):
            return message["content"]
    raise AssertionError("no message with a code")


async def test_the_copied_chat_bubble_is_the_code(stage, open_either):
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor() as context:
        page = await open_either(context, started)
        await person.scan(started["id"])
        await expect(headline(page)).to_have_text("验证码已发到微信")
        bubble = await received(person)
        assert await person.code() in bubble
        await page.locator("#code").focus()
        await page.keyboard.insert_text(bubble)
        await expect(headline(page)).to_have_text("验证成功")
    assert await attempts(stage, started) == 5


@pytest.mark.parametrize(
    "around", ["您的验证码是：{}，5分钟内有效", "code: {}.", "【{}】", "{}（请勿转发）", "验证码　{}　"]
)
async def test_the_one_run_of_digits_is_taken_out_of_other_texts(stage, open_either, around):
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor() as context:
        page = await open_either(context, started)
        await person.scan(started["id"])
        await page.locator("#code").fill(around.format(await person.code()))
        await expect(headline(page)).to_have_text("验证成功")


async def test_a_message_of_another_request_is_named_and_not_sent(stage, open_either):
    started = await stage.start()
    other = "QX" if started["reference"] != "QX" else "QY"
    async with stage.visitor() as context:
        page = await open_either(context, started)
        await page.locator("#code").fill(f"【山月茶铺】注册验证码（{other}）：439334，5 分钟内有效")
        await expect(page.locator("#problem")).to_contain_text(
            f"编号是 {other}。请使用编号为 {started['reference']} 的消息"
        )
        await expect(page.locator("#code")).to_have_value("439334")
        assert await attempts(stage, started) == 5
        # Who still wants it may send it.
        await page.get_by_role("button", name="确认").click()
        await expect(page.locator("#problem")).to_contain_text("还可以再试 4 次")


async def test_several_runs_are_offered_for_choice(stage, open_either):
    person, started = await stage.person(follows=True), await stage.start()
    async with stage.visitor() as context:
        page = await open_either(context, started)
        await person.scan(started["id"])
        # The page is drawn anew when the code is on its way, and offers of an earlier paste go with the old one.
        await expect(headline(page)).to_have_text("验证码已发到微信")
        code = await person.code()
        await page.locator("#code").fill(f"第一条 {another_code_than(code)}，第二条 {code}")
        await expect(page.locator("#problem")).to_contain_text("多个可能的验证码")
        await expect(page.locator(".choice")).to_have_count(2)
        assert await attempts(stage, started) == 5
        await page.get_by_role("button", name=code).click()
        await expect(headline(page)).to_have_text("验证成功")


async def test_a_text_without_a_code_is_shown_and_not_sent(stage, open_either):
    started = await stage.start()
    async with stage.visitor() as context:
        page = await open_either(context, started)
        await page.locator("#code").fill("晚上一起吃饭吗？")
        await expect(page.locator("#problem")).to_have_text("粘贴的内容里没有 6 位验证码：「晚上一起吃饭吗?」")
        await page.locator("#code").fill("4393345")
        await expect(page.locator("#problem")).to_contain_text("太长")
        await expect(page.locator("#code")).to_have_value("4393345")
    assert await attempts(stage, started) == 5


async def test_what_is_missing_is_said_and_costs_nothing(stage, open_either):
    started, sent = await stage.start(), []
    async with stage.visitor() as context:
        page = await open_either(context, started)
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        field, confirm = page.locator("#code"), page.get_by_role("button", name="确认")
        await expect(confirm).to_have_class("primary unready")
        for typed, said in (("", "请输入微信消息里完整的 6 位验证码"), ("123", "请输入微信消息里完整的 6 位验证码")):
            await field.press_sequentially(typed)
            await confirm.click()
            await expect(page.locator("#problem")).to_contain_text(said)
            await expect(field).to_be_focused()
        await field.fill("")
        await field.press_sequentially("abcdef")
        await expect(page.locator("#problem")).to_contain_text("验证码只有数字")
        await confirm.click()
        await expect(page.locator("#problem")).to_contain_text("验证码只有数字")
        await field.fill("12345")
        await expect(page.locator("#problem")).to_have_text("")
        assert sent == []
        await field.press_sequentially("6")
        await expect(page.locator("#problem")).to_contain_text("还可以再试 4 次")
    assert len(sent) == 1
    assert await attempts(stage, started) == 4


async def test_a_character_past_the_last_changes_nothing(stage, open_either):
    started = await stage.start()
    async with stage.visitor() as context:
        page = await open_either(context, started)
        field = page.locator("#code")
        await field.press_sequentially("12345")
        await field.press("Home")
        await field.press_sequentially("9")
        await expect(page.locator("#problem")).to_contain_text("还可以再试 4 次")
        await field.fill("（QX）：439334") if started["reference"] != "QX" else await field.fill("（QY）：439334")
        await expect(field).to_have_value("439334")
        await field.press("End")
        await field.press_sequentially("7")
        await expect(field).to_have_value("439334")
    assert await attempts(stage, started) == 4


async def test_a_spent_budget_leaves_the_scan_which_opens_the_box_again(stage, open_either):
    """The page says that the linked WeChat may continue now: so its code has to be taken."""
    person = await stage.person(follows=True)
    user = await stage.bound(person)
    await stage.spend_guesses(user)
    started = await stage.start("reset", user)
    async with stage.visitor() as context:
        page = await open_either(context, started)
        await expect(page.locator(".qr img")).to_have_count(0)
        await page.locator("#code").press_sequentially("111111")
        await expect(page.locator("#problem")).to_contain_text("错误次数过多")
        confirm = page.get_by_role("button", name="确认")
        await expect(confirm).to_have_attribute("aria-disabled", "true")
        await expect(page.locator(".times time")).to_be_hidden()
        await expect(page.locator(".qr img")).to_be_visible()
        sent = []
        page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        await confirm.click(force=True)
        await page.locator("#code").fill("222222")
        await expect(page.locator("#problem")).to_contain_text("错误次数过多")
        assert sent == []
        await person.scan(started["id"])
        await expect(headline(page)).to_have_text("验证码已发到微信")
        await expect(page.locator("#problem")).to_have_text("")
        await page.locator("#code").fill(await person.code())
        await expect(headline(page)).to_have_text("验证成功")


PASTED = [
    "514465",
    "验证码：514465",
    "514465。",
    "５１４４６５",
    "٥١٤٤٦٥",
    " 514 465 ",
    "验证码 514-465",
    "验证码（EX）：514465",
    "验证码（QX）：514465",
    "【QX】514465",
    "514465 or 514466",
    "514465，514465",
    "5144651",
    "51446",
    "51446a",
    "a514465",
    "2026年11月29日 514465",
    "514465 1234567",
    "\u202a514465\u202c",
    "51\n4465",
    "5 1 4 4 6 5 1",
    "一二三四五六",
    "",
]


async def test_what_is_not_sent_by_itself_asks_for_the_button(stage, open_either):
    """The last attempt, and a code that was wrong before: the person may be waiting for the page."""
    person, started = await stage.person(follows=True), await stage.start(return_url=None)
    async with stage.visitor() as context:
        page = await open_either(context, started)
        await person.scan(started["id"])
        code = await person.code()
        wrong = ["000000", "111111", "222222", "333333"]
        for left, typed in zip((4, 3, 2, 1), [each for each in wrong if each != code], strict=True):
            await page.locator("#code").press_sequentially(typed)
            await expect(page.locator("#problem")).to_contain_text(f"还可以再试 {left} 次")
            if left == 4:
                await page.locator("#code").press_sequentially(typed)
                await expect(page.locator("#problem")).to_have_text("请核对后点“确认”。")
                await page.locator("#code").fill("")
                assert await attempts(stage, started) == 4
        await page.locator("#code").press_sequentially(code)
        await expect(page.locator("#problem")).to_have_text("请核对后点“确认”。")
        assert await attempts(stage, started) == 1
        await page.keyboard.press("Enter")
        await expect(page.locator(".badge.approved")).to_be_visible()


async def test_a_phone_and_a_password_manager_know_the_box(stage, open_either):
    async with stage.visitor() as context:
        box = (await open_either(context, await stage.start())).locator("#code")
        wanted = {
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "type": "text",
            "enterkeyhint": "done",
            "maxlength": None,
        }
        assert {name: await box.get_attribute(name) for name in wanted} == wanted


async def test_letters_are_read_out_of_a_message_too(stage):
    """The reader itself, for every alphabet; codesvc/domain/codes.py reads the same."""
    from codesvc.messages.templates import Templates

    source = Templates().source("code_box.js")
    cases = [
        ("KXWPRT", {"code": "KXWPRT", "fault": ""}),
        ("kxwprt", {"code": "KXWPRT", "fault": ""}),
        (
            "Moonhill: your sign-up code (EX):\n\nKXWPRT\n\nGood for 5 min, Please enter",
            {"code": "KXWPRT", "fault": ""},
        ),
        ("Ｋ７Ｗ ＰＲ９。", {"code": "K7WPR9", "fault": ""}),
        ("code K7W-PR9 today", {"code": "K7WPR9", "fault": ""}),
        ("no code in there at all", {"code": "", "fault": "none"}),
        ("K7WPR9 or K7WPR8", {"code": "", "fault": "several"}),
        ("K7W", {"code": "K7W", "fault": "short"}),
        ("", {"code": "", "fault": "short"}),
    ]
    async with stage.visitor() as context:
        page = await context.new_page()
        form = {"length": 6, "digits": False, "reference": "EX"}
        for text, wanted in cases:
            read = await page.evaluate(f"([text, form]) => {{ {source}\nreturn readCode(text, form); }}", [text, form])
            assert {key: read[key] or "" for key in wanted} == wanted, text
            assert read_code(CodeFormat("m", 6), text, "EX") == (None if wanted["fault"] else wanted["code"]), text
        form = {"length": 6, "digits": True, "reference": "EX"}
        for text in PASTED:
            read = await page.evaluate(f"([text, form]) => {{ {source}\nreturn readCode(text, form); }}", [text, form])
            assert read_code(CodeFormat(), text, "EX") == (None if read["fault"] else read["code"]), text
