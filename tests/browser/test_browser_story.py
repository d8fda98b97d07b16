"""The whole story by a person's own steps, with a phone beside the browser."""

from __future__ import annotations

import secrets

import pytest
from playwright.async_api import expect

from tests.browser.shop_visit import PASSWORD, begin_reset, begin_sign_up, sign_up
from tests.browser.stage import verification_of

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def new_name():
    return "guest" + secrets.token_hex(4)


async def test_sign_up_by_scan(stage):
    person = await stage.person()
    async with stage.visitor() as context:
        page = await begin_sign_up(stage, context)
        await expect(page.locator("h1")).to_have_text("微信扫码，获取验证码")
        assert await page.locator(".qr img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        scanned = await person.scan(verification_of(page))
        assert scanned["outcome"] == "awaiting_follow"
        await person.follow()
        await expect(page.locator("h1")).to_have_text("验证码已发到微信")
        reference = "".join(await page.locator(".tiles b").all_text_contents())
        assert f"（{reference}）" in (await person.messages())[-1]["content"]
        await page.locator("#code").press_sequentially(await person.code())
        await expect(page.locator("h1")).to_have_text("验证成功")
        await page.wait_for_url("**/account")
        await expect(page.locator(".notice")).to_contain_text("注册成功")
        await expect(page.locator(".state.on")).to_be_visible()


async def test_reset_by_template_message(stage):
    person, name = await stage.person(), new_name()
    async with stage.visitor() as context:
        await sign_up(stage, context, person, name)
    async with stage.visitor() as context:
        page = await begin_reset(stage, context, name)
        await expect(page.locator("h1")).to_have_text("请查看微信消息")
        await expect(page.locator(".qr img")).to_have_count(0)
        await page.locator("#code").press_sequentially(await person.new_template_code())
        await page.wait_for_url("**/reset")
        await page.fill("#password", "another good password")
        await page.click(".card button")
        await expect(page.locator(".notice")).to_contain_text("密码已更新")
        await page.click("text=退出")
        await page.goto(f"{stage.addresses.website}/login")
        for password, lands_on in ((PASSWORD, "/login"), ("another good password", "/account")):
            await page.fill("#name", name)
            await page.fill("#password", password)
            await page.click(".card button")
            await page.wait_for_url(f"**{lands_on}")


async def test_whoever_has_unfollowed_scans_and_follows_again(stage):
    person, name = await stage.person(), new_name()
    async with stage.visitor() as context:
        account = await sign_up(stage, context, person, name)
        await person.unfollow()
        await account.reload()
        await expect(account.locator(".state.warn")).to_be_visible()
    async with stage.visitor() as context:
        page = await begin_reset(stage, context, name)
        await page.click("text=没有收到？改用微信扫码")
        await expect(page.locator(".qr img")).to_be_visible()
        assert (await person.scan(verification_of(page)))["outcome"] == "awaiting_follow"
        await person.follow()
        await expect(page.locator("h1")).to_have_text("验证码已发到微信")
        await page.locator("#code").press_sequentially(await person.code())
        await page.wait_for_url("**/reset")


async def test_push_that_fails_turns_into_a_qr_code(stage):
    person = await stage.person(follows=True)
    user = await stage.bound(person)
    await person.unfollow()
    async with stage.visitor() as context:
        page = await context.new_page()
        started = await stage.start(user=user)
        await page.goto(started["page_url"])
        await expect(page.locator("h1")).to_have_text("换一种方式获取验证码")
        await expect(page.locator(".head p")).to_contain_text("不再关注")
        await person.scan(started["id"])
        await person.follow()
        await expect(page.locator("h1")).to_have_text("验证码已发到微信")


async def test_whether_somebody_is_a_customer_shows_nowhere(stage):
    person, name = await stage.person(), new_name()
    async with stage.visitor() as context:
        await sign_up(stage, context, person, name)
    seen = []
    for asked in (name, new_name()):
        async with stage.visitor() as context:
            page = await begin_reset(stage, context, asked)
            first = await seen_on(page)
            await page.click("text=没有收到？改用微信扫码")
            await expect(page.locator(".qr img")).to_be_visible()
            seen.append((first, await seen_on(page)))
    assert seen[0] == seen[1]


async def seen_on(page):
    """The panel without what is random or runs: reference, word, seconds."""
    return await page.locator("#panel").evaluate("""panel => {
        const copy = panel.cloneNode(true);
        const random = "noscript, .tiles b, #reference-note, #keyword, time, #resend button";
        for (const each of copy.querySelectorAll(random)) each.remove();
        return copy.textContent.replace(/\\s+/g, " ");
    }""")


async def test_another_browser_cannot_finish_what_this_one_began(stage):
    person = await stage.person(follows=True)
    async with stage.visitor() as mine, stage.visitor() as theirs:
        page = await begin_sign_up(stage, mine)
        identifier = verification_of(page)
        stranger = await theirs.new_page()
        await stranger.goto(page.url)
        await person.scan(identifier)
        await stranger.locator("#code").press_sequentially(await person.code())
        await stranger.wait_for_url("**/signup/return?**")
        await expect(stranger.locator("[role=alert]")).to_contain_text("不是在此浏览器发起")


async def test_one_wechat_opens_one_account(stage):
    person = await stage.person()
    async with stage.visitor() as context:
        await sign_up(stage, context, person, new_name())
    async with stage.visitor() as context:
        page = await begin_sign_up(stage, context)
        await person.scan(verification_of(page))
        await page.locator("#code").press_sequentially(await person.code())
        await expect(page.locator("[role=alert]")).to_contain_text("已绑定另一个账号")


async def test_unbinding_wants_the_password(stage):
    person = await stage.person()
    async with stage.visitor() as context:
        page = await sign_up(stage, context, person, new_name())
        for password, says in (("not the password", "密码不正确"), (PASSWORD, "已解除绑定")):
            if not await page.locator("#password").is_visible():
                await page.click("summary")
            await page.fill("#password", password)
            await page.click("button.danger")
            await expect(page.locator(".notice")).to_contain_text(says)
        await expect(page.locator(".state.off")).to_be_visible()


async def test_a_form_without_the_sessions_token_is_refused(stage):
    async with stage.visitor() as context:
        page = await context.new_page()
        await page.goto(f"{stage.addresses.website}/login")
        await page.locator("[name=csrf]").first.evaluate("field => { field.value = 'forged'; }")
        await page.fill("#name", "somebody")
        await page.fill("#password", PASSWORD)
        await page.click(".card button")
        await expect(page.locator("[role=alert]")).to_contain_text("页面已过期")
