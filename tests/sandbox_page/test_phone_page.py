"""The phone page in a real browser: follow, scan, chat, cards, links."""

import base64
from urllib.parse import quote

import pytest
import zxingcpp
from playwright.async_api import expect

from codesvc.sandbox.qr_jpeg import draw_jpeg

pytestmark = pytest.mark.asyncio(loop_scope="session")

TIME = "2025年5月1日 15:01"
HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'


async def scanner(desk, page, person="小明"):
    await desk.phone(page, person).get_by_role("button", name="扫一扫").click()
    return desk.phone(page, person).locator(".view--scanner")


async def test_someone_new_scans_a_fresh_code_follows_and_reads_the_reply(desk, browse):
    await desk.mint("vf_8c1f")
    page = await browse()
    await page.get_by_role("button", name="添加人物").first.click()
    await page.get_by_label("名字").fill("小明")
    await page.keyboard.press("Enter")
    camera = await scanner(desk, page)
    await camera.get_by_role("button", name="vf_8c1f").click()
    phone = desk.phone(page)
    await expect(phone.get_by_text("关注后会带上场景值")).to_be_visible()
    await phone.get_by_role("button", name="关注公众号", exact=True).click()
    await expect(phone.get_by_role("log")).to_contain_text("subscribe:qrscene_vf_8c1f")


async def test_a_follower_scans_and_is_answered_at_once(desk, browse):
    await desk.person()
    await desk.mint("vf_2")
    page = await browse()
    camera = await scanner(desk, page)
    await camera.get_by_role("button", name="vf_2").click()
    await expect(desk.phone(page).get_by_role("log")).to_contain_text("SCAN:vf_2")


async def test_a_picture_is_decoded_where_the_browser_has_no_detector(desk, browse):
    await desk.person(follow=False)
    code = await desk.mint("from_picture")
    page = await browse()
    camera = await scanner(desk, page)
    picture = {"name": "code.jpg", "mimeType": "image/jpeg", "buffer": draw_jpeg(code["url"])}
    await camera.locator("input[type=file]").set_input_files(picture)
    await desk.phone(page).get_by_role("button", name="关注公众号", exact=True).click()
    await expect(desk.phone(page).get_by_role("log")).to_contain_text("subscribe:qrscene_from_picture")


async def test_a_pasted_picture_is_a_scan(desk, browse):
    await desk.person()
    code = await desk.mint("pasted")
    page = await browse()
    camera = await scanner(desk, page)
    await camera.evaluate(
        """(node, picture) => {
            const bytes = Uint8Array.from(atob(picture), (char) => char.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "code.jpg", { type: "image/jpeg" }));
            node.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
        }""",
        base64.b64encode(draw_jpeg(code["url"])).decode(),
    )
    await expect(desk.phone(page).get_by_role("log")).to_contain_text("SCAN:pasted")


async def test_a_picture_without_a_code_says_so(desk, browse):
    await desk.person()
    page = await browse()
    camera = await scanner(desk, page)
    blank = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    picture = {"name": "blank.svg", "mimeType": "image/svg+xml", "buffer": blank}
    await camera.locator("input[type=file]").set_input_files(picture)
    await expect(desk.phone(page).locator(".toast")).to_have_text("图片里没有找到二维码")


async def test_a_pasted_address_is_a_scan(desk, browse):
    await desk.person()
    code = await desk.mint("typed")
    page = await browse()
    camera = await scanner(desk, page)
    await camera.get_by_label("页面、图片或二维码里的网址").fill(code["url"])
    await page.keyboard.press("Enter")
    await expect(desk.phone(page).get_by_role("log")).to_contain_text("SCAN:typed")


async def test_an_expired_code_says_so(desk, browse):
    await desk.person()
    await desk.mint("old", seconds=120)
    page = await browse(expect=["410"])
    await page.get_by_role("tab", name="时间与回执").click()
    await page.get_by_role("button", name="快进 5 分钟").click()
    camera = await scanner(desk, page)
    await camera.get_by_role("button", name="old").click()
    await expect(desk.phone(page).locator(".toast")).to_have_text("二维码已过期")


async def test_a_template_message_is_a_card_with_its_lines_and_its_link(desk, browse):
    openid = await desk.person()
    page = await browse()
    await desk.send(openid, url=f"{desk.service.url}/page")
    card = desk.phone(page).locator(".card")
    await expect(card.get_by_role("heading")).to_have_text("验证码通知")
    await expect(card.locator("dt")).to_have_text(["验证码", "用途", "有效期至", "备注"])
    await expect(card.locator("dd")).to_have_text(
        ["482913", "示例网站 注册", "2025年5月1日 15:01", "如非本人操作请忽略"]
    )
    await card.get_by_role("button", name="查看详情").click()
    await expect(desk.phone(page).get_by_role("heading", name="绑定微信")).to_be_visible()


async def test_enter_sends_and_the_answer_comes(desk, browse):
    desk.service.says["你好"] = "你好，这里是客服"
    await desk.person()
    page = await browse()
    field = desk.phone(page).get_by_role("textbox", name="输入消息")
    await field.fill("你好")
    await field.press("Enter")
    await expect(desk.phone(page).locator(".said--mine")).to_contain_text("你好")
    await expect(desk.phone(page).locator(".said--theirs").last).to_contain_text("你好，这里是客服")
    await expect(field).to_have_value("")


async def test_what_happens_in_one_tab_is_live_in_the_other_and_survives_a_reload(desk, browse):
    await desk.person()
    first = await browse()
    second = await browse(beside=first)
    field = desk.phone(first).get_by_role("textbox", name="输入消息")
    await field.fill("看得到吗")
    await field.press("Enter")
    for page in (first, second):
        await expect(desk.phone(page).locator(".said--mine")).to_contain_text("看得到吗")
    await second.reload()
    await expect(desk.phone(second).locator(".said--mine")).to_contain_text("看得到吗")
    await expect(desk.phone(second).get_by_role("log")).to_have_attribute("aria-live", "polite")


async def test_markup_from_the_platform_is_inert(desk, browse):
    desk.service.says["xss"] = f'{HOSTILE} <a href="javascript:window.pwned=1">点我</a>'
    openid = await desk.person()
    menu = {"button": [{"type": "click", "name": "<b>菜单</b>", "key": "K"}]}
    await desk.api("/cgi-bin/menu/create", menu)
    await desk.call("POST", "/sandbox/accounts", {"name": HOSTILE, "callback_url": desk.service.url + "/wechat"})
    await desk.call("POST", f"/sandbox/users/{openid}/send", {"text": "xss"})
    await desk.mint(HOSTILE[:60])
    page = await browse()
    log = desk.phone(page).get_by_role("log")
    await expect(log).to_contain_text(HOSTILE)
    await expect(desk.phone(page).get_by_role("button", name="<b>菜单</b>")).to_be_visible()
    await log.get_by_text("点我", exact=True).click()
    await expect(desk.phone(page).locator(".toast")).to_contain_text("微信打不开这种链接")
    await page.locator(".journal__row").first.click()
    await desk.phone(page).get_by_role("button", name="返回聊天列表").click()
    await expect(desk.phone(page).locator(".chats__name").last).to_have_text(HOSTILE)
    assert await page.evaluate("window.pwned") is None
    assert await page.locator("img[src=x]").count() == 0


async def test_menu_buttons_push_their_events(desk, browse):
    await desk.person()
    children = [{"type": "view", "name": "绑定", "url": f"{desk.service.url}/page"}]
    menu = {"button": [{"type": "click", "name": "要验证码", "key": "CODE"}, {"name": "更多", "sub_button": children}]}
    await desk.api("/cgi-bin/menu/create", menu)
    page = await browse()
    bar = desk.phone(page).get_by_role("navigation")
    await bar.get_by_role("button", name="要验证码").click()
    await expect(desk.phone(page).get_by_role("log")).to_contain_text("CLICK:CODE")
    await bar.get_by_text("更多").click()
    await bar.get_by_role("button", name="绑定").click()
    await expect(desk.phone(page).get_by_role("heading", name="绑定微信")).to_be_visible()


async def test_links_open_as_inside_wechat_and_no_script_of_theirs_runs(desk, browse):
    desk.service.says["subscribe"] = f'欢迎 <a href="{desk.service.url}/page">去绑定</a>'
    await desk.person()
    page = await browse()
    phone = desk.phone(page)
    await phone.get_by_role("link", name="去绑定").click()
    paper = page.frame_locator(".browser__paper")
    await expect(paper.get_by_role("heading")).to_have_text("MicroMessenger")
    await expect(paper.get_by_role("heading")).to_have_css("color", "rgb(1, 2, 3)")
    await expect(phone.get_by_role("heading", name="绑定微信")).to_be_visible()
    await paper.get_by_role("link", name="再来").click()
    await expect(phone.locator(".browser__address")).to_contain_text("again=1")
    await paper.get_by_role("button", name="确认").click()
    await expect(paper.get_by_role("heading")).to_have_text("收到 7")
    await phone.get_by_role("button", name="后退").click()
    await expect(phone.locator(".browser__address")).to_contain_text("again=1")
    await phone.get_by_role("button", name="关闭网页").click()
    await expect(phone.get_by_role("log")).to_be_visible()


async def test_web_authorisation_asks_and_brings_a_code(desk, browse):
    target = f"{desk.service.url}/page".replace(":", "%3A").replace("/", "%2F")
    link = (
        f"https://open.weixin.qq.com/connect/oauth2/authorize?appid={desk.platform.default_account.appid}"
        f"&redirect_uri={target}&response_type=code&scope=snsapi_userinfo&state=s&forcePopup=true#wechat_redirect"
    )
    desk.service.says["subscribe"] = f'<a href="{link}">授权</a>'
    await desk.person()
    page = await browse()
    phone = desk.phone(page)
    for answer, code in (("拒绝", "none"), ("允许", "code")):
        await phone.get_by_role("link", name="授权").click()
        await expect(phone.get_by_role("dialog")).to_contain_text("获取你的昵称")
        await phone.get_by_role("button", name=answer, exact=True).click()
        await expect(page.frame_locator(".browser__paper").locator("#code")).to_have_text(code)
        await phone.get_by_role("button", name="关闭网页").click()


async def test_unfollowing_shows_the_follow_page_and_history_stays_readable(desk, browse):
    openid = await desk.person()
    await desk.send(openid)
    page = await browse()
    phone = desk.phone(page)
    await phone.get_by_role("button", name="更多").click()
    await phone.get_by_role("button", name="不再关注").click()
    # For a moment the settings are still open over the follow page, and show the same button.
    await expect(phone.get_by_role("button", name="关注公众号", exact=True)).to_have_count(1)
    await phone.get_by_role("button", name="查看历史消息").click()
    await expect(phone.locator(".card")).to_contain_text("482913")
    await phone.get_by_role("button", name="关注公众号后才能发消息").click()
    await phone.get_by_role("button", name="关注公众号", exact=True).click()
    await expect(phone.get_by_role("textbox", name="输入消息")).to_be_visible()


async def test_a_person_meets_a_second_account(desk, browse):
    await desk.person()
    page = await browse()
    await page.get_by_role("button", name="添加公众号").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("名称").fill("每日咖啡")
    await dialog.get_by_label("回调 URL").fill(f"{desk.service.url}/wechat")
    await dialog.get_by_label("消息加解密").select_option("plaintext")
    await dialog.get_by_role("button", name="创建").click()
    phone = desk.phone(page)
    await expect(phone.get_by_text("每日咖啡")).to_be_visible()
    await phone.get_by_role("button", name="关注公众号", exact=True).click()
    await expect(phone.get_by_role("log")).to_contain_text("subscribe:")
    await page.reload()
    await expect(phone.get_by_role("heading", name="每日咖啡")).to_be_visible()
    await phone.get_by_role("button", name="返回聊天列表").click()
    await expect(phone.locator(".chats__name")).to_have_text(["示例服务号", "每日咖啡"])


def svg_of(text):
    return zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode).to_svg().encode()


async def typed(desk, page, text):
    camera = await scanner(desk, page)
    await camera.get_by_role("textbox").fill(text)
    await page.keyboard.press("Enter")


async def test_an_svg_is_a_picture_too(desk, browse):
    await desk.person()
    code = await desk.mint("vector")
    page = await browse()
    camera = await scanner(desk, page)
    picture = {"name": "qr.svg", "mimeType": "image/svg+xml", "buffer": svg_of(code["url"])}
    await camera.locator("input[type=file]").set_input_files(picture)
    await expect(desk.phone(page).get_by_role("log")).to_contain_text("SCAN:vector")


async def test_the_address_of_a_page_of_its_picture_or_a_data_address_is_a_scan(desk, browse):
    await desk.person()
    page = await browse(expect=["404"])
    for scene in ("page", "picture", "inline"):
        code = await desk.mint(f"by_{scene}")
        desk.service.picture = svg_of(code["url"])
        inline = f"data:image/svg+xml;base64,{base64.b64encode(desk.service.picture).decode()}"
        address = {"page": f"{desk.service.url}/shows", "picture": f"{desk.service.url}/qr.svg", "inline": inline}[
            scene
        ]
        await typed(desk, page, address)
        await expect(desk.phone(page).get_by_role("log")).to_contain_text(f"SCAN:by_{scene}")


async def test_the_code_that_a_page_shows_stands_first_stock_is_hidden_and_used_ones_go(desk, browse):
    await desk.person()
    stock = [await desk.mint(f"stock_{number}") for number in range(8)]
    shown = {"url": stock[3]["url"], "title": "山月茶铺 · 注册"}
    await desk.call("POST", "/sandbox/qrcodes/shown", shown)
    page = await browse()
    camera = await scanner(desk, page)
    await expect(camera.locator(".codes__row")).to_have_count(1)
    await expect(camera.locator(".codes__shown")).to_have_text("山月茶铺 · 注册")
    await expect(camera).to_contain_text("另有 7 个")
    await camera.locator(".codes__row").click()
    await expect(desk.phone(page).get_by_role("log")).to_contain_text("SCAN:stock_3")
    camera = await scanner(desk, page)
    await expect(camera.locator(".codes__row")).to_have_count(0)


async def test_a_code_that_a_restarted_sandbox_has_forgotten_says_so(desk, browse):
    await desk.person()
    page = await browse(expect=["404"])
    await page.clock.install()
    await typed(desk, page, "http://weixin.qq.com/q/02aBcDeFgHiJkLmNoPqRsT")
    await expect(desk.phone(page).locator(".toast--shown")).to_contain_text("沙箱重启后会忘记所有二维码")
    await page.clock.run_for(8_000)  # it takes long to read
    await expect(desk.phone(page).locator(".toast--shown")).to_have_count(1)


async def test_pages_are_opened_in_the_phones_language(desk):
    openid = await desk.person()
    for language, accepted in (("zh", "zh-CN"), ("en", "en-US")):
        body = {"url": f"{desk.service.url}/page", "language": language}
        seen = (await desk.call("POST", f"/sandbox/users/{openid}/open", body))["body"]
        assert f'<p id="language">{accepted}' in seen


async def test_a_page_of_website_login_leads_back(desk, browse):
    page = await browse(expect=["404"])  # neither page has an icon
    openid = await desk.person()
    query = "appid=wx7d2e9b4c1a6f8035&response_type=code&scope=snsapi_login&state=a-b&redirect_uri="
    await page.goto(f"{desk.url}/connect/qrconnect?{query}{quote(desk.service.url, safe='')}%2Fpage%3Fq%3D1")
    uuid = await page.locator("img").get_attribute("data-uuid")
    scan = {"url": f"https://open.weixin.qq.com/connect/confirm?uuid={uuid}"}
    await desk.call("POST", f"/sandbox/users/{openid}/scan", scan | {"consent": None})
    await expect(page.get_by_text("请在微信中点击确认")).to_be_visible()
    await desk.call("POST", f"/sandbox/users/{openid}/scan", scan)
    await expect(page.locator("#code")).to_have_text("code")
    assert page.url.endswith("&state=a-b")
    assert "/page?q=1&code=0" in page.url
