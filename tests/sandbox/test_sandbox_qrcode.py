"""QR codes and customer-service messages (WECHAT.md 5, 8)."""

import pytest

CREATE = "/cgi-bin/qrcode/create"
CUSTOM = "/cgi-bin/message/custom/send"


@pytest.mark.parametrize(
    ("action", "scene", "errcode"),
    [
        ("QR_SCENE", {"scene_id": 1}, None),
        ("QR_SCENE", {"scene_id": "123"}, None),
        ("QR_SCENE", {"scene_id": 0}, 40053),
        ("QR_SCENE", {"scene_id": -1}, 40053),
        ("QR_SCENE", {"scene_id": True}, 40053),
        ("QR_SCENE", {"scene_id": 2**40}, None),
        ("QR_STR_SCENE", {"scene_str": "x" * 64}, None),
        ("QR_STR_SCENE", {"scene_str": "x" * 65}, 40053),
        ("QR_STR_SCENE", {"scene_str": ""}, 40053),
        ("QR_STR_SCENE", {"scene_str": 5}, 40053),
        ("QR_LIMIT_SCENE", {"scene_id": 100_000}, None),
        ("QR_LIMIT_SCENE", {"scene_id": 100_001}, 40053),
        ("QR_LIMIT_STR_SCENE", {"scene_str": "shop"}, None),
        ("QR_LIMIT_STR_SCENE", {}, 40053),
        ("QR_OTHER", {"scene_id": 1}, 40052),
        (["QR_SCENE"], {"scene_id": 1}, 40052),
    ],
)
async def test_actions(wechat, action, scene, errcode):
    answer = await wechat.api(CREATE, {"action_name": action, "action_info": {"scene": scene}, "expire_seconds": 300})
    assert answer.get("errcode") == errcode
    if errcode is None:
        temporary = "LIMIT" not in action
        assert set(answer) == {"ticket", "url"} | ({"expire_seconds"} if temporary else set())


@pytest.mark.parametrize(("given", "life"), [(None, 60), (0, 60), ("300", 300), (9_999_999, 2_592_000)])
async def test_life(wechat, given, life):
    body = {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "x"}}, "expire_seconds": given}
    assert (await wechat.api(CREATE, body))["expire_seconds"] == life


@pytest.mark.parametrize(
    ("info", "key"), [({}, "0"), ({"scene": {"scene_id": 2**40}}, str(2**32 - 1)), ({"scene": {"scene_id": 7}}, "7")]
)
async def test_integer_scenes_in_the_event(wechat, callback, info, key):
    await wechat.callback_at(callback.url, mode="plaintext")
    openid = await wechat.user(follow=False)
    code = await wechat.api(CREATE, {"action_name": "QR_SCENE", "action_info": info, "expire_seconds": 300})
    await wechat.act(openid, "scan", url=code["url"])
    await wechat.act(openid, "follow")
    assert f"<EventKey><![CDATA[qrscene_{key}]]></EventKey>" in callback.got[0][2]
    seen = await wechat.api("/cgi-bin/user/info", openid=openid)
    assert (seen["qr_scene"], seen["qr_scene_str"], seen["subscribe_scene"]) == (int(key), "", "ADD_SCENE_QR_CODE")


async def test_expiry_and_unknown(wechat):
    openid = await wechat.user()
    code = await wechat.qrcode(seconds=300)
    await wechat.advance(299)
    assert (await wechat.act(openid, "scan", url=code["url"].replace("http:", "https:")))["outcome"] == "scanned"
    await wechat.advance(1)
    refused = await wechat.control("POST", f"/users/{openid}/scan", {"url": code["url"]}, status=410)
    assert refused["outcome"] == "expired"
    for url in ("http://weixin.qq.com/q/x", "", "http://[", "ticket=x"):
        await wechat.control("POST", f"/users/{openid}/scan", {"url": url}, status=404)


async def test_permanent_codes(wechat):
    openid = await wechat.user()
    await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"permanent_limit": 1})
    first = await wechat.qrcode("a", "QR_LIMIT_STR_SCENE")
    assert await wechat.qrcode("a", "QR_LIMIT_STR_SCENE") == first
    assert (await wechat.qrcode("b", "QR_LIMIT_STR_SCENE"))["errcode"] == 45029
    await wechat.advance(86400 * 365)
    assert (await wechat.act(openid, "scan", url=first["ticket"]))["outcome"] == "scanned"


async def test_a_scan_meets_the_codes_account(wechat):
    other = await wechat.control("POST", "/accounts", {}, status=201)
    there = await wechat.user("bob", account=other["appid"], follow=False)
    code = await wechat.qrcode()
    said = await wechat.act(there, "scan", url=code["url"])
    assert said["account"] == wechat.spec.appid
    assert said["openid"] != there


async def test_daily_quotas_of_a_test_account(wechat):
    await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"kind": "test"})
    await wechat.qrcode()
    quota = (await wechat.api("/cgi-bin/openapi/quota/get", {"cgi_path": CREATE}))["quota"]
    assert quota == {"daily_limit": 10_000, "used": 1, "remain": 9_999}


async def say(wechat, openid):
    return (await wechat.api(CUSTOM, {"touser": openid, "msgtype": "text", "text": {"content": "好"}}))["errcode"]


async def test_windows(wechat):
    openid = await wechat.user()
    assert [await say(wechat, openid) for _ in range(4)] == [0, 0, 0, 45047]
    code = await wechat.qrcode(seconds=300)
    await wechat.act(openid, "scan", url=code["url"])
    assert await say(wechat, openid) == 0
    await wechat.advance(60)
    assert await say(wechat, openid) == 45015
    await wechat.act(openid, "send", text="x")
    assert [await say(wechat, openid) for _ in range(6)] == [0] * 5 + [45047]
    await wechat.act(openid, "click", key="x")
    assert await say(wechat, openid) == 0
    await wechat.advance(48 * 3600)
    assert await say(wechat, openid) == 45015
    await wechat.act(openid, "send", text="x")
    await wechat.act(openid, "unfollow")
    assert await say(wechat, openid) == 45015
    assert await say(wechat, "oNobody") == 40003


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({"msgtype": "text", "text": {"content": "x"}, "customservice": {"kf_account": "a@b"}}, 0),
        ({"msgtype": "text", "text": {"content": ""}}, 44004),
        ({"msgtype": "text"}, 44004),
        ({"msgtype": "text", "text": {"content": "x" * 2049}}, 45002),
        ({"msgtype": "image", "image": {"media_id": "m"}}, 0),
        ({"msgtype": "image", "image": {}}, 40007),
        ({"msgtype": "voice", "voice": {"media_id": "m"}}, 0),
        ({"msgtype": "video", "video": {"media_id": "m", "thumb_media_id": "t", "title": "t"}}, 0),
        ({"msgtype": "music", "music": {"musicurl": "http://e/", "hqmusicurl": "http://e/"}}, 0),
        ({"msgtype": "news", "news": {"articles": [{"title": "t", "url": "http://e/"}]}}, 0),
        ({"msgtype": "news", "news": {"articles": [{}, {}]}}, 45008),
        ({"msgtype": "mpnewsarticle", "mpnewsarticle": {"article_id": "a"}}, 0),
        ({"msgtype": "msgmenu", "msgmenu": {"head_content": "h", "list": [{"id": "1", "content": "c"}]}}, 0),
        ({"msgtype": "msgmenu", "msgmenu": {"list": []}}, 40035),
        ({"msgtype": "wxcard", "wxcard": {"card_id": "c"}}, 0),
        ({"msgtype": "miniprogrampage", "miniprogrampage": {"appid": "wx", "pagepath": "p", "thumb_media_id": "t"}}, 0),
        ({"msgtype": "other"}, 40008),
        ({}, 40008),
    ],
)
async def test_kinds_of_messages(wechat, body, errcode):
    openid = await wechat.user()
    assert (await wechat.api(CUSTOM, {"touser": openid, **body}))["errcode"] == errcode
    shown = await wechat.messages(openid)
    assert [m["type"] for m in shown] == ([body["msgtype"]] if errcode == 0 else [])


async def test_blocked_messages(wechat):
    openid = await wechat.user()
    await wechat.control("PATCH", f"/users/{openid}", {"blocks": True})
    assert await say(wechat, openid) == 48002


async def test_typing(wechat):
    openid = await wechat.user()
    path = "/cgi-bin/message/custom/typing"
    assert (await wechat.api(path, {"touser": openid, "command": "Typing"}))["errcode"] == 0
    assert (await wechat.api(path, {"touser": openid, "command": "x"}))["errcode"] == 40035
    await wechat.advance(60)
    assert (await wechat.api(path, {"touser": openid, "command": "Typing"}))["errcode"] == 45015


async def test_a_code_that_was_made_only_to_try_is_on_no_page(wechat):
    for seconds in (60, 86_400):
        await wechat.api(
            CREATE,
            {
                "expire_seconds": seconds,
                "action_name": "QR_STR_SCENE",
                "action_info": {"scene": {"scene_str": f"of_{seconds}"}},
            },
        )
    listed = (await wechat.control("GET", "/qrcodes"))["qrcodes"]
    assert {code["scene"]: code["stock"] for code in listed} == {"of_60": True, "of_86400": False}
