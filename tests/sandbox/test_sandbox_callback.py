"""The callback driver (WECHAT.md 9, 10), against a service that speaks through wechatpy's crypto."""

import asyncio

import pytest
from defusedxml.ElementTree import fromstring
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature

from codesvc.sandbox.push import UNAVAILABLE_TEXT


def opened(spec, got):
    _, query, text, _ = got
    crypto = WeChatCrypto(spec.token, spec.aes_key, spec.appid)
    xml = crypto.decrypt_message(text, query["msg_signature"], query["timestamp"], query["nonce"])
    return {item.tag: item.text for item in fromstring(xml)}


def reply(spec, openid, content="482913", *, encrypted=True, extra=""):
    xml = (
        f"<xml><ToUserName><![CDATA[{openid}]]></ToUserName><FromUserName><![CDATA[{spec.original_id}]]></FromUserName>"
        f"<CreateTime>1700000001000</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{content}]]></Content>{extra}</xml>"
    )
    return (
        WeChatCrypto(spec.token, spec.aes_key, spec.appid).encrypt_message(xml, "7", "1700000001") if encrypted else xml
    )


async def test_follow_with_scene_scan_without_prefix(wechat, callback):
    await wechat.callback_at(callback.url)
    openid = await wechat.user(follow=False)
    code = await wechat.qrcode("qrscene_x")
    assert (await wechat.act(openid, "scan", url=code["url"]))["outcome"] == "awaiting_follow"
    assert callback.got == []
    followed = await wechat.act(openid, "follow")
    assert followed["callback"]["status"] == "success"
    event = opened(wechat.spec, callback.got[0])
    assert list(event)[:4] == ["ToUserName", "FromUserName", "CreateTime", "MsgType"]
    assert (event["Event"], event["EventKey"], event["Ticket"]) == ("subscribe", "qrscene_qrscene_x", code["ticket"])
    scanned = await wechat.act(openid, "scan", url=f"{wechat.url}/cgi-bin/showqrcode?ticket={code['ticket']}")
    assert scanned["outcome"] == "scanned"
    event = opened(wechat.spec, callback.got[1])
    assert (event["Event"], event["EventKey"], event["Ticket"]) == ("SCAN", "qrscene_x", code["ticket"])
    await wechat.act(openid, "unfollow")
    assert opened(wechat.spec, callback.got[2])["Event"] == "unsubscribe"
    await wechat.act(openid, "follow")
    event = opened(wechat.spec, callback.got[3])
    assert event["EventKey"] is None
    assert "Ticket" not in event


async def test_signatures_are_right_and_time_is_real_on_the_wire(wechat, callback):
    await wechat.callback_at(callback.url)
    openid = await wechat.user(follow=False)
    await wechat.advance(86400 * 30)
    await wechat.act(openid, "follow")
    query = callback.got[0][1]
    check_signature(wechat.spec.token, query["signature"], query["timestamp"], query["nonce"])
    event = opened(wechat.spec, callback.got[0])
    assert int(event["CreateTime"]) - int(query["timestamp"]) in range(86400 * 30 - 5, 86400 * 30 + 5)


@pytest.mark.parametrize(
    ("mode", "encrypted", "status"),
    [
        ("safe", True, "replied"),
        ("safe", False, "failed"),
        ("compatible", True, "replied"),
        ("compatible", False, "replied"),
        ("plaintext", False, "replied"),
        ("plaintext", True, "failed"),
    ],
)
async def test_replies_by_mode(wechat, callback, mode, encrypted, status):
    openid = await wechat.user()
    await wechat.callback_at(callback.url, mode=mode)
    callback.will(reply(wechat.spec, openid, encrypted=encrypted))
    said = await wechat.act(openid, "send", text="验证码 ]]> & <b>")
    assert said["callback"]["status"] == status
    assert said["callback"]["attempts"] == 1
    [message] = await wechat.messages(openid)
    assert message["content"] == ("482913" if status == "replied" else UNAVAILABLE_TEXT)
    assert said["messages"] == [message]
    if mode != "plaintext":
        event = opened(wechat.spec, callback.got[0])
        assert event["Content"] == "验证码 ]]> & <b>"
        assert len(event["MsgId"]) == 19


@pytest.mark.parametrize("body", ["success", "", " success\n"])
async def test_silence(wechat, callback, body):
    openid = await wechat.user()
    await wechat.callback_at(callback.url)
    callback.will(body)
    said = await wechat.act(openid, "send", text="x")
    assert said["callback"]["status"] == "success"
    assert await wechat.messages(openid) == []


async def test_wrong_replies_show_the_apology_once_and_are_not_repeated(wechat, callback):
    openid = await wechat.user()
    await wechat.callback_at(callback.url)
    good = reply(wechat.spec, openid)
    bad = [
        "hello",
        "<xml>",
        "<xml></xml>",
        good.replace("<Encrypt><![CDATA[", "<Encrypt><![CDATA[A"),
        reply(wechat.spec, "oSomeoneElse"),
        reply(wechat.spec, openid, ""),
        '<!DOCTYPE x [<!ENTITY a "b">]><xml>&a;</xml>',
        b"\xff\xfe",
    ]
    for body in bad:
        callback.will(body)
        said = await wechat.act(openid, "send", text="x")
        assert (said["callback"]["status"], said["callback"]["attempts"]) == ("failed", 1), body
        assert said["callback"]["reason"]
    assert [m["content"] for m in await wechat.messages(openid)] == [UNAVAILABLE_TEXT] * len(bad)


async def test_three_deliveries_of_one_message(wechat, callback):
    openid = await wechat.user()
    await wechat.callback_at(callback.url)

    over, loop = asyncio.Event(), asyncio.get_running_loop()
    clock = loop.time

    async def too_late(*_):
        loop.time = lambda: clock() + 6.0  # past callback_timeout for this delivery, and for no other one
        await over.wait()
        return "too late"

    callback.will(too_late, (500, "oops"), "success")
    said = await wechat.act(openid, "send", text="x")
    assert (said["callback"]["status"], said["callback"]["attempts"]) == ("success", 3)
    events = [opened(wechat.spec, got) for got in callback.got]
    assert events[0] == events[1] == events[2]
    assert len({got[1]["nonce"] for got in callback.got}) == 3
    callback.will((500, ""), (302, ""), (403, ""))
    said = await wechat.act(openid, "click", key="MENU")
    assert (said["callback"]["status"], said["callback"]["attempts"]) == ("failed", 3)
    assert said["callback"]["reason"] == "HTTP 403"
    assert (await wechat.messages(openid))[-1]["content"] == UNAVAILABLE_TEXT
    assert opened(wechat.spec, callback.got[-1])["EventKey"] == "MENU"
    over.set()


async def test_nobody_there_and_no_callback_at_all(wechat, unused_tcp_port):
    openid = await wechat.user()
    assert (await wechat.act(openid, "send", text="x"))["callback"]["status"] == "none"
    await wechat.callback_at(f"http://127.0.0.1:{unused_tcp_port}/")
    said = await wechat.act(openid, "send", text="x")
    assert (said["callback"]["status"], said["callback"]["attempts"]) == ("failed", 3)


async def test_failed_unsubscribe_shows_nothing(wechat, callback):
    openid = await wechat.user()
    await wechat.callback_at(callback.url)
    callback.will("nonsense")
    await wechat.act(openid, "unfollow")
    assert await wechat.messages(openid) == []


async def test_console_verification(wechat, callback):
    path = f"/accounts/{wechat.spec.appid}/verify-callback"
    assert (await wechat.control("POST", path))["status"] == "none"
    await wechat.callback_at(callback.url)
    callback.will(lambda query, _: query["echostr"], lambda query, _: f'"{query["echostr"]}"', (403, ""))
    callback.will("<html><body>502 Bad Gateway</body></html>")
    verdicts = [await wechat.control("POST", path) for _ in range(4)]
    assert [verdict["ok"] for verdict in verdicts] == [True, False, False, False]
    assert "502 Bad Gateway" in verdicts[3]["reason"]
    method, query, body, _ = callback.got[0]
    assert (method, body, set(query)) == ("GET", "", {"signature", "timestamp", "nonce", "echostr"})
    check_signature(wechat.spec.token, query["signature"], query["timestamp"], query["nonce"])


async def test_callback_url_keeps_its_own_query(wechat, callback):
    openid = await wechat.user(follow=False)
    await wechat.callback_at(callback.url + "?site=%E4%B8%80")
    await wechat.act(openid, "follow")
    assert callback.got[0][1]["site"] == "一"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("image", {"PicUrl": "http://e/p.jpg", "MediaId": "m"}),
        ("location", {"Location_X": 23.1, "Location_Y": 113.3, "Scale": 20, "Label": "l"}),
        ("link", {"Title": "t", "Description": "d", "Url": "http://e/"}),
    ],
)
async def test_other_messages(wechat, callback, kind, fields):
    openid = await wechat.user()
    await wechat.callback_at(callback.url)
    await wechat.act(openid, "send", type=kind, fields=fields)
    got = opened(wechat.spec, callback.got[0])
    assert got["MsgType"] == kind
    assert {name: str(value) for name, value in fields.items()}.items() <= got.items()


async def test_menu_link_and_free_events(wechat, callback):
    openid = await wechat.user()
    await wechat.callback_at(callback.url)
    await wechat.act(openid, "click", url="https://example.com/a")
    assert opened(wechat.spec, callback.got[0])["Event"] == "VIEW"
    await wechat.act(
        openid, "event", event="LOCATION", fields={"Latitude": 23.1, "Longitude": 113.3, "Precision": 119.4}
    )
    assert opened(wechat.spec, callback.got[1])["Latitude"] == "23.1"
    await wechat.control("POST", f"/users/{openid}/event", {"event": "a><b"}, status=400)


async def test_news_reply(wechat, callback):
    openid = await wechat.user()
    await wechat.callback_at(callback.url, mode="plaintext")
    item = "<item><Title>t</Title><Description>d</Description><PicUrl>p</PicUrl><Url>https://e/</Url></item>"
    head = reply(wechat.spec, openid, encrypted=False).partition("<MsgType>")[0] + "<MsgType>news</MsgType>"
    callback.will(f"{head}<ArticleCount>1</ArticleCount><Articles>{item}</Articles></xml>")
    said = await wechat.act(openid, "send", text="x")
    assert said["messages"][0]["articles"] == [{"title": "t", "description": "d", "picurl": "p", "url": "https://e/"}]


async def test_media_replies_read_as_customer_service_messages_do(wechat, callback):
    openid = await wechat.user()
    await wechat.callback_at(callback.url, mode="plaintext")
    head = reply(wechat.spec, openid, encrypted=False).partition("<MsgType>")[0]
    callback.will(f"{head}<MsgType>image</MsgType><Image><MediaId>m1</MediaId></Image></xml>")
    callback.will(f"{head}<MsgType>transfer_customer_service</MsgType></xml>")
    callback.will(f"{head}<MsgType>image</MsgType></xml>")
    assert (await wechat.act(openid, "send", text="x"))["messages"][0]["media_id"] == "m1"
    assert (await wechat.act(openid, "send", text="x"))["callback"]["status"] == "success"
    assert (await wechat.act(openid, "send", text="x"))["callback"]["status"] == "failed"


async def test_lost_twice_out_of_order(wechat, callback):
    openid = await wechat.user()
    await wechat.callback_at(callback.url)
    await wechat.fault("lost", times=1)
    assert (await wechat.act(openid, "send", text="1"))["callback"]["status"] == "lost"
    assert callback.got == []
    await wechat.fault("twice", times=1)
    callback.will(reply(wechat.spec, openid, "one"), reply(wechat.spec, openid, "two"))
    said = await wechat.act(openid, "send", text="2")
    assert [m["content"] for m in said["messages"]] == ["one"]
    assert opened(wechat.spec, callback.got[0]) == opened(wechat.spec, callback.got[1])
    await wechat.fault("out_of_order", times=1)
    assert (await wechat.act(openid, "send", text="3"))["callback"]["status"] == "deferred"
    await wechat.act(openid, "send", text="4")
    await wechat.settle()
    assert [opened(wechat.spec, got)["Content"] for got in callback.got[2:]] == ["4", "3"]
    await wechat.fault("out_of_order", times=1)
    await wechat.act(openid, "send", text="5")
    assert (await wechat.settle())["delivered"] == 1
    assert opened(wechat.spec, callback.got[-1])["Content"] == "5"
    await wechat.fault("out_of_order")
    await wechat.act(openid, "send", text="6")
    assert (await wechat.settle())["delivered"] == 1


async def test_reset_abandons_what_is_under_way(wechat, callback):
    openid = await wechat.user()
    await wechat.callback_at(callback.url)
    await wechat.settings(receipt_delay=600)
    await wechat.send_template(openid)
    await wechat.control("POST", "/reset")
    assert (await wechat.settle())["delivered"] in {0, 1}
    assert callback.got == []


async def test_several_accounts_one_person(wechat, callback):
    other = await wechat.control("POST", "/accounts", {"callback_url": callback.url, "mode": "plaintext"}, status=201)
    here, there = await wechat.user(), await wechat.user(account=other["appid"])
    assert here != there
    assert [u["unionid"] for u in (await wechat.control("GET", "/users"))["users"]] == [
        (await wechat.control("GET", f"/users/{here}"))["unionid"]
    ] * 2
    foreign = await wechat.control("POST", "/accounts", {"owner": "else"}, status=201)
    stranger = await wechat.control("POST", "/users", {"person": "alice", "account": foreign["appid"]})
    assert stranger["unionid"] != (await wechat.control("GET", f"/users/{here}"))["unionid"]
    assert len(callback.got) == 1
    assert f"<ToUserName><![CDATA[{other['original_id']}]]>" in callback.got[0][2]
    refused = await wechat.send_template(there)
    assert refused["errcode"] == 40003
