"""The calls that back ends make beside codes and messages: tickets, tags, menus, material, agents and others."""

import io
import json
import re

import aiohttp
import pytest

from codesvc.sandbox.api.table import ENDPOINTS
from codesvc.sandbox.confidence import EVERY_CALL, WITH_ACCESS, errcodes
from codesvc.sandbox.errcodes import ERRMSG
from codesvc.sandbox.rights import MARKS

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) + b"\r\n--boundary\r\n\n\r"
JPEG = b"\xff\xd8\xff\xe0" + b"jpeg"
SEEN = set()


@pytest.fixture(autouse=True)
async def journal(wechat):
    """Notes every errcode that a call has answered, for the catalogue's test at the end."""
    yield
    SEEN.update((entry.path, entry.errcode) for entry in wechat.platform.journal.entries("api") if entry.errcode)


async def errcode(wechat, path, body=None, **query):
    return (await wechat.api(path, body, **query)).get("errcode", 0)


async def upload(wechat, path, content, *, name="media", filename="测试.png", extra=None, **query):
    form = aiohttp.FormData(quote_fields=False)
    if content is not None:
        form.add_field(name, io.BytesIO(content), filename=filename, content_type="image/png")
    for key, value in (extra or {}).items():
        form.add_field(key, value)
    query |= {"access_token": (await wechat.stable())["access_token"]}
    async with wechat.client.post(path, data=form, params=query) as response:
        return json.loads(await response.read())


async def download(wechat, method, path, body=None, **query):
    query |= {"access_token": (await wechat.stable())["access_token"]}
    async with wechat.client.request(method, path, json=body, params=query) as response:
        return response, await response.read()


async def test_tickets_of_the_js_sdk(wechat):
    path = "/cgi-bin/ticket/getticket"
    first = await wechat.api(path, type="jsapi")
    assert first == {"errcode": 0, "errmsg": "ok", "ticket": first["ticket"], "expires_in": 7200}
    assert len(first["ticket"]) == 86
    await wechat.advance(7000)
    assert await wechat.api(path, type="jsapi") == first
    card = await wechat.api(path, type="wx_card")
    assert card["ticket"] != first["ticket"]
    await wechat.advance(7200)
    assert (await wechat.api(path, type="jsapi"))["ticket"] != first["ticket"]
    for wrong in ({}, {"type": ""}, {"type": "JSAPI"}):
        assert await errcode(wechat, path, **wrong) == 40097
    for kind, allowed in (("unverified_subscription", False), ("verified_subscription", True)):
        await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"kind": kind})
        assert await errcode(wechat, path, type="jsapi") == 0
        assert await errcode(wechat, path, type="wx_card") == (0 if allowed else 48001)


async def test_tags(wechat):
    alice, bob = await wechat.user("alice"), await wechat.user("bob")
    made = await wechat.api("/cgi-bin/tags/create", {"tag": {"name": "广东"}})
    assert made == {"tag": {"id": 100, "name": "广东"}}
    tag = made["tag"]["id"]
    for name, code in (("广东", 45157), ("", 45157), (None, 45157), ("星标组", 45157), ("字" * 11, 45158)):
        assert await errcode(wechat, "/cgi-bin/tags/create", {"tag": {"name": name}}) == code
    assert await errcode(wechat, "/cgi-bin/tags/create", {"name": "x"}) == 47001
    people = {"openid_list": [alice, bob], "tagid": tag}
    assert await errcode(wechat, "/cgi-bin/tags/members/batchtagging", people) == 0
    listed = (await wechat.api("/cgi-bin/tags/get"))["tags"]
    assert listed == [{"id": 2, "name": "星标组", "count": 0}, {"id": 100, "name": "广东", "count": 2}]
    assert await wechat.api("/cgi-bin/tags/getidlist", {"openid": alice}) == {"tagid_list": [100]}
    assert (await wechat.api("/cgi-bin/user/info", openid=alice))["tagid_list"] == [100]
    page = await wechat.api("/cgi-bin/user/tag/get", {"tagid": tag, "next_openid": ""})
    assert page == {"count": 2, "data": {"openid": [alice, bob]}, "next_openid": bob}
    after = await wechat.api("/cgi-bin/user/tag/get", {"tagid": tag, "next_openid": bob})
    assert after == {"count": 0, "next_openid": ""}
    assert await errcode(wechat, "/cgi-bin/user/tag/get", {"tagid": tag, "next_openid": "o"}) == 40003
    assert await errcode(wechat, "/cgi-bin/user/tag/get", {"tagid": 999}) == 45159
    assert await errcode(wechat, "/cgi-bin/tags/members/batchuntagging", {"openid_list": [bob], "tagid": str(tag)}) == 0
    assert (await wechat.api("/cgi-bin/user/tag/get", {"tagid": tag}))["count"] == 1
    await wechat.act(alice, "unfollow")
    assert (await wechat.api("/cgi-bin/user/tag/get", {"tagid": tag}))["count"] == 0
    assert await errcode(wechat, "/cgi-bin/tags/update", {"tag": {"id": tag, "name": "广东人"}}) == 0
    assert await errcode(wechat, "/cgi-bin/tags/update", {"tag": {"id": tag, "name": "广东人"}}) == 0
    for number, name, code in (
        (2, "x", 45058),
        ("1", "x", 45058),
        (999, "x", 45159),
        (tag, "星标组", 45157),
        (tag, "x" * 31, 45158),
    ):
        assert await errcode(wechat, "/cgi-bin/tags/update", {"tag": {"id": number, "name": name}}) == code
    assert await errcode(wechat, "/cgi-bin/tags/delete", {"tag": {"id": 0}}) == 45058
    assert await errcode(wechat, "/cgi-bin/tags/delete", {"tag": {"id": tag}}) == 0
    assert await errcode(wechat, "/cgi-bin/tags/delete", {"tag": {"id": tag}}) == 45159


async def test_limits_of_tags(wechat):
    alice = await wechat.user()
    tags = [(await wechat.api("/cgi-bin/tags/create", {"tag": {"name": f"t{n}"}}))["tag"]["id"] for n in range(100)]
    assert await errcode(wechat, "/cgi-bin/tags/create", {"tag": {"name": "more"}}) == 45056
    for tag in tags[:20]:
        await wechat.api("/cgi-bin/tags/members/batchtagging", {"openid_list": [alice], "tagid": tag})
    more = {"openid_list": [alice], "tagid": tags[20]}
    assert await errcode(wechat, "/cgi-bin/tags/members/batchtagging", more) == 45059
    assert len((await wechat.api("/cgi-bin/tags/getidlist", {"openid": alice}))["tagid_list"]) == 20


async def test_batches_are_of_this_accounts_followers(wechat):
    alice = await wechat.user()
    tag = (await wechat.api("/cgi-bin/tags/create", {"tag": {"name": "t"}}))["tag"]["id"]
    other = await wechat.control("POST", "/accounts", {}, status=201)
    stranger = await wechat.user("bob", account=other["appid"])
    lists = ([], 40032), ([alice] * 51, 40032), ("x", 40032), (["o"], 40003), ([1], 40003), ([alice, stranger], 49003)
    for path in ("batchtagging", "batchuntagging", "batchblacklist", "batchunblacklist"):
        for listed, code in lists:
            assert await errcode(wechat, f"/cgi-bin/tags/members/{path}", {"openid_list": listed, "tagid": tag}) == code
    for path in ("batchtagging", "batchuntagging"):
        for wrong in (None, 3, "x", True):
            body = {"openid_list": [alice], "tagid": wrong}
            assert await errcode(wechat, f"/cgi-bin/tags/members/{path}", body) == 45159, wrong
    assert await wechat.api("/cgi-bin/tags/getidlist", {"openid": alice}) == {"tagid_list": []}
    assert await errcode(wechat, "/cgi-bin/tags/getidlist", {"openid": stranger}) == 40003


async def test_blacklist(wechat):
    alice = await wechat.user()
    empty = {"total": 0, "count": 0, "next_openid": ""}
    assert await wechat.api("/cgi-bin/tags/members/getblacklist", {"begin_openid": ""}) == empty
    assert await errcode(wechat, "/cgi-bin/tags/members/batchblacklist", {"openid_list": [alice]}) == 0
    page = await wechat.api("/cgi-bin/tags/members/getblacklist", {})
    assert page == {"total": 1, "count": 1, "data": {"openid": [alice]}, "next_openid": alice}
    assert (await wechat.send_template(alice))["errcode"] == 43019
    assert await errcode(wechat, "/cgi-bin/tags/members/getblacklist", {"begin_openid": "o"}) == 40003
    assert await errcode(wechat, "/cgi-bin/tags/members/batchunblacklist", {"openid_list": [alice]}) == 0
    assert (await wechat.send_template(alice))["errcode"] == 0


MENU = {
    "button": [
        {"type": "click", "name": "取码", "key": "CODE"},
        {"name": "更多", "sub_button": [{"type": "view", "name": "站点", "url": "https://e/"}]},
    ]
}


async def test_the_menu_in_force(wechat):
    path = "/cgi-bin/get_current_selfmenu_info"
    assert await wechat.api(path) == {"is_menu_open": 0, "selfmenu_info": {"button": []}}
    await wechat.api("/cgi-bin/menu/create", MENU)
    shown = await wechat.api(path)
    assert shown["is_menu_open"] == 1
    assert shown["selfmenu_info"]["button"][0] == MENU["button"][0]
    assert shown["selfmenu_info"]["button"][1] == {
        "name": "更多",
        "sub_button": {"list": MENU["button"][1]["sub_button"]},
    }


async def test_personalised_menus(wechat):
    alice, bob = await wechat.user("alice"), await wechat.user("bob")
    tag = (await wechat.api("/cgi-bin/tags/create", {"tag": {"name": "t"}}))["tag"]["id"]
    await wechat.api("/cgi-bin/tags/members/batchtagging", {"openid_list": [alice], "tagid": tag})
    add, try_ = "/cgi-bin/menu/addconditional", "/cgi-bin/menu/trymatch"
    special = [{"type": "click", "name": "专属", "key": "VIP"}]
    rule = {"tag_id": str(tag)}
    assert await errcode(wechat, add, {"button": special, "matchrule": rule}) == 65303
    assert await errcode(wechat, try_, {"user_id": alice}) == 46003
    await wechat.api("/cgi-bin/menu/create", MENU)
    made = await wechat.api(add, {"button": special, "matchrule": rule})
    assert made.keys() == {"menuid"}
    android = {"button": [{"type": "click", "name": "安卓", "key": "A"}], "matchrule": {"client_platform_type": "2"}}
    assert "menuid" in await wechat.api(add, android)
    assert (await wechat.api(try_, {"user_id": alice}))["button"] == special
    assert (await wechat.api(try_, {"user_id": "alice"}))["button"] == special
    assert (await wechat.api(try_, {"user_id": bob}))["button"] == MENU["button"]
    listed = await wechat.api("/cgi-bin/menu/get")
    assert listed["menu"] == MENU
    # A text where it is made, and a number in the list, as both stand in the platform's samples.
    assert made["menuid"].isdigit()
    assert listed["conditionalmenu"][1] == {"button": special, "matchrule": rule, "menuid": int(made["menuid"])}
    for body, code in (
        ({"button": special}, 65304),
        ({"button": special, "matchrule": {"tag_id": ""}}, 65304),
        ({"button": special, "matchrule": {"tag_id": "1", "sex": "1"}}, 65320),
        ({"button": special, "matchrule": {"city": "广州"}}, 65320),
        ({"matchrule": rule}, 65307),
        ({"button": [], "matchrule": rule}, 40016),
        ({"button": [{"type": "click"}], "matchrule": rule}, 40018),
        ({"button": [{"type": "no", "name": "x"}], "matchrule": rule}, 40017),
    ):
        assert await errcode(wechat, add, body) == code, body
    for user in ("", "carol", "o"):
        assert await errcode(wechat, try_, {"user_id": user}) == 65302
    assert await errcode(wechat, "/cgi-bin/menu/delconditional", made) == 0
    assert await errcode(wechat, "/cgi-bin/menu/delconditional", made) == 65301
    newest = await wechat.api(add, {"button": special, "matchrule": rule})
    assert await errcode(wechat, "/cgi-bin/menu/delconditional", newest) == 0
    further = await wechat.api(add, {"button": special, "matchrule": rule})
    assert further != newest  # an id that was given once names no other menu
    assert await errcode(wechat, "/cgi-bin/menu/delconditional", further) == 0
    assert (await wechat.api(try_, {"user_id": alice}))["button"] == MENU["button"]
    await wechat.api("/cgi-bin/menu/delete")
    await wechat.api("/cgi-bin/menu/create", MENU)
    assert "conditionalmenu" not in await wechat.api("/cgi-bin/menu/get")


async def test_rules_of_the_console(wechat):
    path = "/cgi-bin/get_current_autoreply_info"
    assert await wechat.api(path) == {"is_add_friend_reply_open": 0, "is_autoreply_open": 0}
    rules = {"is_autoreply_open": 1, "message_default_autoreply_info": {"type": "text", "content": "你好"}}
    await wechat.control(
        "PATCH", f"/accounts/{wechat.spec.appid}", {"autoreply": rules, "kind": "unverified_subscription"}
    )
    assert await wechat.api(path) == {"is_add_friend_reply_open": 0, **rules}


async def test_temporary_material(wechat):
    path = "/cgi-bin/media/upload"
    sent = await upload(wechat, path, PNG, type="image")
    assert sent.keys() == {"type", "media_id", "created_at"}
    assert (sent["type"], len(sent["media_id"])) == ("image", 64)
    response, content = await download(wechat, "GET", "/cgi-bin/media/get", media_id=sent["media_id"])
    assert (content, response.content_type) == (PNG, "image/png")
    assert response.headers["Content-disposition"] == f'attachment; filename="{sent["media_id"]}.png"'
    thumb = await upload(wechat, path, JPEG, type="thumb")
    assert thumb.keys() == {"type", "thumb_media_id", "created_at"}
    video = await upload(wechat, path, b"\0\0\0\x18ftypmp42" + b"v" * 20, type="video")
    assert (await wechat.api("/cgi-bin/media/get", media_id=video["media_id"])).keys() == {"video_url"}
    assert (await upload(wechat, path, b"#!AMR\n", type="voice"))["type"] == "voice"
    large = await upload(wechat, path, JPEG + b"x" * (9 * 2**20), type="image")
    assert len((await download(wechat, "GET", "/cgi-bin/media/get", media_id=large["media_id"]))[1]) > 9 * 2**20
    assert (await upload(wechat, path, PNG, type="picture"))["errcode"] == 40004
    assert (await upload(wechat, path, PNG))["errcode"] == 40004
    assert (await upload(wechat, path, b"text", type="image"))["errcode"] == 40005
    assert (await upload(wechat, path, PNG, type="thumb"))["errcode"] == 40005
    assert (await upload(wechat, path, JPEG + b"x" * 2**16, type="thumb"))["errcode"] == 40006
    for content, name in ((b"", "media"), (PNG, "file")):
        assert (await upload(wechat, path, content, name=name, type="image"))["errcode"] == 41005
    assert await errcode(wechat, path, {"media": "@a.png"}, type="image") == 41005
    assert await errcode(wechat, "/cgi-bin/media/get", media_id="x") == 40007
    await wechat.advance(3 * 86400)
    assert await errcode(wechat, "/cgi-bin/media/get", media_id=sent["media_id"]) == 40007
    [line] = (await wechat.control("GET", f"/calls?path={path}"))["calls"][:1]
    assert re.fullmatch(r"\(\d+ bytes of multipart/form-data\)", line["request"])


async def test_pictures_for_articles(wechat):
    path = "/cgi-bin/media/uploadimg"
    assert (await upload(wechat, path, PNG))["url"].startswith("http://mmbiz.qpic.cn/")
    assert (await upload(wechat, path, b"GIF89a"))["errcode"] == 40005
    assert (await upload(wechat, path, JPEG + b"x" * 2**20))["errcode"] == 40009
    assert (await upload(wechat, path, PNG, name="x"))["errcode"] == 41005


async def test_permanent_material(wechat):
    path = "/cgi-bin/material/add_material"
    first = await upload(wechat, path, PNG, type="image", filename="一.png")
    assert first.keys() == {"media_id", "url"}
    second = await upload(wechat, path, JPEG, type="image", filename="b.jpg")
    words = {"description": json.dumps({"title": "标题", "introduction": "介绍"})}
    video = await upload(wechat, path, b"\0\0\0\x18ftypmp42", type="video", extra=words)
    got = await wechat.api("/cgi-bin/material/get_material", {"media_id": video["media_id"]})
    assert (got["title"], got["description"]) == ("标题", "介绍")
    response, content = await download(
        wechat, "POST", "/cgi-bin/material/get_material", {"media_id": first["media_id"]}
    )
    assert (content, response.content_type) == (PNG, "image/png")
    counted = await wechat.api("/cgi-bin/material/get_materialcount")
    assert counted == {"voice_count": 0, "video_count": 1, "image_count": 2, "news_count": 0}
    listed = "/cgi-bin/material/batchget_material"
    page = await wechat.api(listed, {"type": "image", "offset": 0, "count": 20})
    assert (page["total_count"], page["item_count"]) == (2, 2)
    assert [item["name"] for item in page["item"]] == ["b.jpg", "一.png"]
    assert page["item"][1] == {
        "media_id": first["media_id"],
        "name": "一.png",
        "update_time": page["item"][1]["update_time"],
        "url": first["url"],
    }
    assert (await wechat.api(listed, {"type": "image", "offset": 1, "count": 1}))["item"][0]["media_id"] == first[
        "media_id"
    ]
    assert (await wechat.api(listed, {"type": "news", "offset": 0, "count": 1}))["total_count"] == 0
    assert await errcode(wechat, listed, {"type": "x", "offset": 0, "count": 1}) == 40004
    for wrong in ({"offset": -1, "count": 1}, {"offset": 0, "count": 21}, {"offset": 0}, {"offset": "a", "count": 1}):
        assert await errcode(wechat, listed, {"type": "image", **wrong}) == 40035
    assert await errcode(wechat, "/cgi-bin/material/del_material", {"media_id": second["media_id"]}) == 0
    for wrong in (second["media_id"], "x", None, 1):
        assert await errcode(wechat, "/cgi-bin/material/del_material", {"media_id": wrong}) == 40007
        assert await errcode(wechat, "/cgi-bin/material/get_material", {"media_id": wrong}) == 40007
    temporary = await upload(wechat, "/cgi-bin/media/upload", PNG, type="image")
    assert await errcode(wechat, "/cgi-bin/material/get_material", {"media_id": temporary["media_id"]}) == 40007
    assert await errcode(wechat, "/cgi-bin/media/get", media_id=first["media_id"]) == 40007
    for content, code in ((b"text", 40005), (b"", 41005)):
        assert (await upload(wechat, path, content, type="image"))["errcode"] == code
    assert (await upload(wechat, path, JPEG + b"x" * 2**16, type="thumb"))["errcode"] == 40006
    assert (await upload(wechat, path, PNG, type=""))["errcode"] == 40004


@pytest.mark.parametrize(
    "body", [b"", b"--x--", b"--x\r\n\r\n", b"\xff" * 100, b"--x\r\nContent-Disposition: form-data; name=media\r\n\r\n"]
)
@pytest.mark.parametrize(
    "label",
    ["multipart/form-data; boundary=x", "multipart/form-data", "text/plain", "multipart/form-data; boundary=\u00e9"],
)
async def test_broken_forms_are_no_file(wechat, body, label):
    query = {"access_token": (await wechat.stable())["access_token"], "type": "image"}
    _, raw = await wechat.raw("POST", "/cgi-bin/media/upload", data=body, query=query, headers={"Content-Type": label})
    assert json.loads(raw)["errcode"] == 41005


async def test_short_keys(wechat):
    made = await wechat.api("/cgi-bin/shorten/gen", {"long_data": "长" * 1365, "expire_seconds": 86400})
    assert re.fullmatch(r"[0-9A-Za-z]{15}", made["short_key"])
    await wechat.advance(100)
    read = await wechat.api("/cgi-bin/shorten/fetch", {"short_key": made["short_key"]})
    assert (read["errcode"], read["long_data"]) == (0, "长" * 1365)
    assert 86290 <= read["expire_seconds"] <= 86300
    for body, code in (
        ({}, 47003),
        ({"long_data": ""}, 47003),
        ({"long_data": 1}, 47003),
        ({"long_data": "长" * 1366}, 9410010),
        ({"long_data": "a", "expire_seconds": 2592001}, 9410011),
        ({"long_data": "a", "expire_seconds": "a"}, 9410011),
        ({"long_data": "a", "expire_seconds": 0}, 9410011),
    ):
        assert await errcode(wechat, "/cgi-bin/shorten/gen", body) == code, body
    assert await errcode(wechat, "/cgi-bin/shorten/fetch", {}) == 47003
    assert await errcode(wechat, "/cgi-bin/shorten/fetch", {"short_key": "x"}) == 9410012
    await wechat.advance(86400)
    assert await errcode(wechat, "/cgi-bin/shorten/fetch", {"short_key": made["short_key"]}) == 9410012


async def test_agents_and_sessions(wechat, callback):
    alice, agent, other = await wechat.user(), "test1@shop", "test2@shop"
    kf = "/customservice/kfaccount"
    for account, nickname, code in (
        (agent, "甲", 0),
        (agent, "甲", 65406),
        ("x", "甲", 65404),
        ("@shop", "甲", 65404),
        ("a@shop", "", 65403),
        ("a@shop", "长" * 17, 65403),
        (other, "乙", 0),
    ):
        assert await errcode(wechat, f"{kf}/add", {"kf_account": account, "nickname": nickname}) == code
    [first, _] = (await wechat.api("/cgi-bin/customservice/getkflist"))["kf_list"]
    assert (first["kf_account"], first["kf_id"], first["kf_nick"]) == (agent, "1001", "甲")
    assert await wechat.api("/cgi-bin/customservice/getonlinekflist") == {"kf_online_list": []}
    session = "/customservice/kfsession"
    assert await errcode(wechat, f"{session}/create", {"kf_account": agent, "openid": alice}) == 65402
    assert await errcode(wechat, f"{kf}/inviteworker", {"kf_account": agent, "invite_wx": ""}) == 40035
    for account, code in ((agent, 0), (agent, 65407), (other, 0), ("no@shop", 65401)):
        assert await errcode(wechat, f"{kf}/inviteworker", {"kf_account": account, "invite_wx": "wx"}) == code
    await wechat.callback_at(callback.url, mode="plaintext")
    callback.will(
        f"<xml><ToUserName>{alice}</ToUserName><FromUserName>{wechat.spec.original_id}</FromUserName><CreateTime>1</CreateTime><MsgType>transfer_customer_service</MsgType></xml>"
    )
    await wechat.act(alice, "send", text="人工")
    waiting = await wechat.api(f"{session}/getwaitcase")
    assert (waiting["count"], waiting["waitcaselist"][0]["openid"]) == (1, alice)
    for account, openid, code in (
        (agent, alice, 0),
        (agent, alice, 0),
        (other, alice, 65414),
        ("no@shop", alice, 65401),
        (agent, "o", 40003),
    ):
        assert await errcode(wechat, f"{session}/create", {"kf_account": account, "openid": openid}) == code
    assert (await wechat.api(f"{session}/getwaitcase"))["count"] == 0
    found = await wechat.api(f"{session}/getsession", openid=alice)
    assert (found["kf_account"], found["errcode"]) == (agent, 0)
    assert await errcode(wechat, f"{session}/getsession", openid="o") == 40003
    assert (await wechat.api(f"{session}/getsessionlist", kf_account=agent))["sessionlist"][0]["openid"] == alice
    assert await errcode(wechat, f"{session}/getsessionlist", kf_account="x") == 65401
    online = (await wechat.api("/cgi-bin/customservice/getonlinekflist"))["kf_online_list"]
    assert [(each["kf_account"], each["status"], each["accepted_case"]) for each in online] == [
        (agent, 1, 1),
        (other, 1, 0),
    ]
    for account, openid, code in (
        (other, alice, 65413),
        ("no@shop", alice, 65401),
        (agent, "o", 40003),
        (agent, alice, 0),
        (agent, alice, 65413),
    ):
        assert await errcode(wechat, f"{session}/close", {"kf_account": account, "openid": openid}) == code
    assert (await wechat.api(f"{session}/getsession", openid=alice))["kf_account"] == ""
    for account, nickname, code in ((agent, "丙", 0), ("no@shop", "丙", 65401), (agent, "", 65403)):
        assert await errcode(wechat, f"{kf}/update", {"kf_account": account, "nickname": nickname}) == code
    assert await errcode(wechat, f"{kf}/del", kf_account=agent) == 0
    # An older page of the platform posts it, and so do SDKs.
    assert await errcode(wechat, f"{kf}/del", {"kf_account": other}) == 0
    assert await errcode(wechat, f"{kf}/del", {"kf_account": other}) == 65401
    assert await errcode(wechat, f"{kf}/add", {"kf_account": other, "nickname": "乙"}) == 0
    assert await errcode(wechat, f"{kf}/del", kf_account=agent) == 65401
    for number in range(99):
        assert await errcode(wechat, f"{kf}/add", {"kf_account": f"n{number}@shop", "nickname": "甲"}) == 0
    assert await errcode(wechat, f"{kf}/add", {"kf_account": "more@shop", "nickname": "甲"}) == 65405


async def test_preview_of_a_mass_message(wechat):
    alice, path = await wechat.user(), "/cgi-bin/message/mass/preview"
    sent = await wechat.api(path, {"touser": alice, "msgtype": "text", "text": {"content": "你好"}})
    assert (sent["errcode"], sent["errmsg"]) == (0, "preview success")
    named = {"towxname": "alice", "touser": "o", "msgtype": "image", "image": {"media_id": "m"}}
    assert await errcode(wechat, path, named) == 0
    assert [message["type"] for message in await wechat.messages(alice)] == ["text", "image"]
    text = {"msgtype": "text", "text": {"content": "x"}}
    for body, code in (
        ({"touser": "o", **text}, 40003),
        ({"towxname": "bob", **text}, 40132),
        ({"touser": alice, "msgtype": "no"}, 40008),
        ({"touser": alice, "msgtype": "text", "text": {}}, 44004),
        ({"touser": alice, "msgtype": "image"}, 40007),
    ):
        assert await errcode(wechat, path, body) == code
    await wechat.act(alice, "unfollow")
    assert await errcode(wechat, path, {"touser": alice, **text}) == 43004


async def test_the_catalogue_tells_what_calls_answer(wechat):
    catalogue = await wechat.control("GET", "/catalogue")
    assert [call["path"] for call in catalogue["calls"]] == [endpoint.path for endpoint in ENDPOINTS]
    menu = next(call for call in catalogue["calls"] if call["path"] == "/cgi-bin/menu/create")
    assert menu["right"] == "menu"
    assert menu["kinds"]["unverified_subscription"] == {"allowed": False, "confidence": "high"}
    assert menu["escapes"] == {"treatment": "refused", "confidence": "medium"}
    assert {"errcode": 40016, "errmsg": "invalid button size", "confidence": "medium"} in menu["errcodes"]
    for endpoint in ENDPOINTS:
        assert errcodes(endpoint.errors).keys() <= ERRMSG.keys(), endpoint.path
        assert set(errcodes(endpoint.errors).values()) <= set(MARKS.values())


def test_what_was_seen_stands_in_the_catalogue():
    """The errcodes of this file's tests: those that were seen and those that are declared are the same."""
    common = errcodes(EVERY_CALL).keys() | errcodes(WITH_ACCESS).keys() | {48001}
    declared = {(endpoint.path, code) for endpoint in ENDPOINTS for code in errcodes(endpoint.errors)}
    assert {(path, code) for path, code in SEEN if code not in common} <= declared
    ours = {path for path, _ in SEEN} - {"/cgi-bin/message/template/send", "/cgi-bin/menu/create"}
    too_many_followers = {("/cgi-bin/tags/delete", 45057)}
    assert {pair for pair in declared if pair[0] in ours and pair[1] not in common} - too_many_followers <= SEEN
