"""The console beside the phones, and the page itself: widths, colours, languages, policy."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from codesvc.sandbox.server import start_server
from tests.http_servers import shut_down

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE = {"width": 390, "height": 844}
CONTRAST = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")


async def test_the_journal_shows_a_call_with_request_answer_and_rid(desk, browse):
    openid = await desk.person(follow=False)
    page = await browse()
    answer = await desk.send(openid)
    rid = answer["errmsg"].rpartition("rid: ")[2]
    await page.get_by_role("searchbox").fill(rid)
    row = page.locator(".journal__entry")
    await expect(row).to_have_count(1)
    await row.locator("summary").click()
    await expect(row).to_contain_text("43004")
    await expect(row.get_by_title("复制 rid")).to_contain_text(rid)
    await expect(row.locator("pre").nth(1)).to_contain_text('"touser": "' + openid)
    await page.get_by_role("searchbox").fill("")
    await page.get_by_role("button", name="回调", exact=True).click()
    await expect(page.get_by_text("没有符合的记录")).to_be_visible()


async def test_the_journal_keeps_every_digit_of_a_msgid(desk, browse):
    openid = await desk.person()
    page = await browse()
    msgid = str((await desk.send(openid))["msgid"])
    await page.get_by_role("searchbox").fill(msgid)
    row = page.locator(".journal__entry", has_text="template/send")
    await row.locator("summary").click()
    assert len(msgid) == 19
    await expect(row.locator("pre").last).to_contain_text(f'"msgid": {msgid}')


async def test_a_fault_is_made_hits_and_is_cleared(desk, browse):
    openid = await desk.person()
    page = await browse()
    await page.get_by_role("tab", name="故障").click()
    panel = page.get_by_role("tabpanel", name="故障")
    await panel.get_by_role("button", name="43101").click()
    await panel.get_by_label("次数").fill("2")
    await panel.get_by_role("button", name="制造故障").click()
    fault = panel.locator(".fault")
    await expect(fault).to_contain_text("43101")
    assert (await desk.send(openid))["errcode"] == 43101
    await expect(fault).to_contain_text("命中 1 / 1")
    await panel.get_by_role("button", name="移除故障 返回错误码").click()
    await expect(panel.get_by_text("一切正常")).to_be_visible()
    assert (await desk.send(openid))["errcode"] == 0


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("HTTP 错误", {"kind": "http", "status": 503, "path": "/cgi-bin/message/template/send"}),
        ("回调迟到", {"kind": "slow", "path": "callback", "delay": 6.0}),
        ("回调乱序", {"kind": "out_of_order", "path": "callback"}),
        ("模板回执失败", {"kind": "template_status", "status": "failed: system failed"}),
        ("JSON 截断", {"kind": "truncated"}),
    ],
)
async def test_every_kind_of_fault_can_be_made(desk, browse, kind, made):
    page = await browse()
    await page.get_by_role("tab", name="故障").click()
    panel = page.get_by_role("tabpanel", name="故障")
    await panel.get_by_role("combobox").first.select_option(kind)
    await panel.get_by_label("占比").fill("25")
    await panel.get_by_role("button", name="制造故障").click()
    await expect(panel.locator(".fault")).to_have_count(1)
    fault = (await desk.call("GET", "/sandbox/faults"))["faults"][0]
    assert made.items() <= fault.items()
    assert fault["share"] == 0.25


async def test_gauges_show_tokens_and_quotas_and_revoke(desk, browse):
    openid = await desk.person()
    await desk.send(openid)
    page = await browse()
    await page.get_by_role("tab", name="额度").click()
    panel = page.get_by_role("tabpanel", name="额度")
    await expect(panel.get_by_text("1 / 100,000")).to_be_visible()
    await panel.get_by_role("button", name="/cgi-bin/message/template/send").click()
    await page.get_by_role("dialog").get_by_label("每日上限").fill("1")
    await page.keyboard.press("Enter")
    await expect(panel.get_by_text("1 / 1", exact=True)).to_be_visible()
    await panel.get_by_role("button", name="全部作废").click()
    await expect(panel.get_by_text("没有有效的 token")).to_be_visible()


async def test_receipts_follow_the_choice(desk, browse):
    openid = await desk.person()
    page = await browse()
    await page.get_by_role("tab", name="时间与回执").click()
    await page.get_by_label("TEMPLATESENDJOBFINISH").select_option("failed:user block")
    await expect(page.get_by_role("status").filter(has_text="已保存")).to_be_visible()
    await desk.send(openid)
    await page.get_by_role("tab", name="日志").click()
    row = page.locator(".journal__entry", has_text="TEMPLATESENDJOBFINISH")
    await row.locator("summary").click()
    await expect(row).to_contain_text("failed:user block")


async def test_a_reset_needs_two_presses_and_empties_the_desk(desk, browse):
    await desk.person()
    page = await browse()
    await page.get_by_role("tab", name="时间与回执").click()
    await page.get_by_role("button", name="重置沙箱").click()
    await expect(desk.phone(page)).to_be_visible()
    await page.get_by_role("button", name="再点一次确认重置").click()
    await expect(page.get_by_text("还没有人拿着手机")).to_be_visible()


async def test_at_phone_width_one_phone_fills_the_screen(desk, browse):
    await desk.person("小明")
    await desk.person("alice")
    page = await browse(viewport=PHONE)
    await expect(desk.phone(page)).to_be_visible()
    await expect(desk.phone(page, "alice")).to_be_hidden()
    await page.get_by_role("button", name="alice").click()
    await expect(desk.phone(page, "alice")).to_be_visible()
    await expect(desk.phone(page)).to_be_hidden()
    assert (await desk.phone(page, "alice").bounding_box())["width"] == 390
    await page.get_by_role("button", name="控制台").click()
    await expect(page.get_by_role("tablist")).to_be_visible()
    await expect(desk.phone(page, "alice")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def test_the_tabs_of_the_console_turn_by_arrow_keys(browse):
    page = await browse()
    await page.get_by_role("tab", name="日志").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="额度")).to_be_focused()
    await expect(page.get_by_role("tabpanel", name="额度")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_has_contrast_in_either_colour_scheme(desk, browse, scheme):
    desk.service.says["subscribe"] = '欢迎 <a href="http://127.0.0.1/">绑定</a>'
    openid = await desk.person()
    await desk.send(openid, url="http://127.0.0.1/")
    await desk.call("POST", f"/sandbox/users/{openid}/send", {"text": "看 http://127.0.0.1/"})
    await desk.person("alice", follow=False)
    await desk.mint()
    await desk.call("POST", "/sandbox/faults", {"kind": "errcode", "errcode": -1})
    page = await browse(color_scheme=scheme, reduced_motion="reduce")
    await expect(desk.phone(page).locator(".said--mine")).to_be_visible()
    ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(8, 9, 10)") is (scheme == "dark")
    for tab in ("日志", "额度", "故障", "时间与回执", "账号"):
        await page.get_by_role("tab", name=tab).click()
        assert await page.evaluate(CONTRAST) == []
    await desk.phone(page).get_by_role("button", name="更多").click()
    await desk.phone(page, "alice").get_by_role("button", name="扫一扫").click()
    await page.get_by_role("tab", name="日志").click()
    await page.locator(".journal__row").first.click()
    assert await page.evaluate(CONTRAST) == []


async def test_the_theme_switch_wins_over_the_system_and_is_remembered(browse):
    page = await browse(color_scheme="light")
    await page.get_by_role("button", name="外观：跟随系统").click()
    await page.get_by_role("button", name="外观：浅色").click()
    await expect(page.locator("body")).to_have_css("background-color", "rgb(8, 9, 10)")
    await page.reload()
    await expect(page.get_by_role("button", name="外观：深色")).to_be_visible()
    await expect(page.locator("body")).to_have_css("background-color", "rgb(8, 9, 10)")


async def test_english_for_an_english_browser_and_a_switch_to_chinese(browse):
    page = await browse(locale="en-US")
    await expect(page.get_by_role("heading", name="Nobody holds a phone yet")).to_be_visible()
    await page.get_by_role("button", name="Switch to Chinese").click()
    await expect(page.get_by_role("heading", name="还没有人拿着手机")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


async def test_a_sandbox_with_a_token_asks_for_it(desk, browse):
    runner, url = await start_server(desk.platform, token="open sesame")
    page = await browse(url=url, expect=["401"])
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("令牌").fill("wrong")
    await dialog.get_by_role("button", name="进入").click()
    await expect(dialog.get_by_role("alert")).to_have_text("令牌不对")
    await dialog.get_by_label("令牌").fill("open sesame")
    await dialog.get_by_role("button", name="进入").click()
    await expect(page.get_by_title("已连接")).to_be_attached()
    await page.close()
    await shut_down(runner)


async def test_the_page_says_when_the_line_is_down_and_comes_back(desk, browse):
    await desk.person()
    runner, url = await start_server(desk.platform)
    page = await browse(url=url, expect=["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING"])
    await expect(page.get_by_title("已连接")).to_be_attached()
    await shut_down(runner)
    await expect(page.get_by_text("连接断开，正在重连")).to_be_visible()
    again, _ = await start_server(desk.platform, port=int(url.rpartition(":")[2]))
    await expect(page.get_by_title("已连接")).to_be_attached(timeout=15_000)
    await desk.person("alice")
    await expect(desk.phone(page, "alice")).to_be_visible()
    await page.close()
    await shut_down(again)


async def test_files_come_with_a_strict_policy_and_nothing_else_comes(desk):
    async with desk.session.get(desk.url + "/") as response:
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert "unsafe" not in policy
    async with desk.session.get(desk.url + "/static/frame.html") as response:
        policy = response.headers["Content-Security-Policy"]
        assert "script-src" not in policy
        assert "default-src 'none'" in policy
        assert "allow-scripts" not in policy
    # A client shortens the first two to /app.py, which is an address that the sandbox does not imitate.
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/js/nothing.js", "/static/js"):
        async with desk.session.get(desk.url + path) as response:
            assert response.status == 404 or (await response.json())["errcode"] == 40066


async def test_the_kind_of_an_account_is_chosen(desk, browse):
    page = await browse()
    await page.get_by_role("tab", name="账号").click()
    panel = page.get_by_role("tabpanel", name="账号")
    await panel.get_by_label("类型").select_option("未认证或个人订阅号")
    await panel.get_by_role("button", name="保存").click()
    await expect(page.get_by_text("已保存")).to_be_visible()
    await expect(panel.get_by_label("类型")).to_have_value("unverified_subscription")
    assert (await desk.send(await desk.person()))["errcode"] == 48001
