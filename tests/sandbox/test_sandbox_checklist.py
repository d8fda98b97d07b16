"""One test per point of "Conformance checklist for the simulator" (WECHAT.md 15)."""

import json
import re

import pytest

from codesvc.sandbox.qrcode import make_ticket

SEND = "/cgi-bin/message/template/send"


async def test_1_business_errors_are_200_with_the_platforms_content_types(wechat):
    response, raw = await wechat.raw("GET", "/cgi-bin/user/get", query={"access_token": "x"})
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json; encoding=utf-8"
    assert re.search(r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$", json.loads(raw)["errmsg"])
    response, raw = await wechat.raw("GET", "/sns/auth")
    assert response.headers["Content-Type"].startswith("text/plain")
    assert re.search(r", rid: [0-9a-f-]{26}$", json.loads(raw)["errmsg"])
    await wechat.settings(content_type="application/json; charset=utf-8")
    response, _ = await wechat.raw("GET", "/cgi-bin/user/get")
    assert response.charset == "utf-8"


async def test_2_errcode_is_absent_where_the_payload_is_all_and_present_with_msgid(wechat):
    openid = await wechat.user()
    pure = [
        await wechat.stable(),
        await wechat.qrcode(),
        await wechat.api("/cgi-bin/user/info", openid=openid),
        await wechat.api("/cgi-bin/user/get"),
        await wechat.api("/cgi-bin/getcallbackip"),
        await wechat.api("/cgi-bin/get_api_domain_ip"),
        await wechat.api("/cgi-bin/template/get_all_private_template"),
        await wechat.api("/cgi-bin/template/get_industry"),
    ]
    assert all("errcode" not in answer and "errmsg" not in answer for answer in pure)
    sent = await wechat.send_template(openid)
    assert set(sent) == {"errcode", "errmsg", "msgid"}
    assert (sent["errcode"], sent["errmsg"]) == (0, "ok")
    said = await wechat.api(
        "/cgi-bin/message/custom/send", {"touser": openid, "msgtype": "text", "text": {"content": "好"}}
    )
    assert said == {"errcode": 0, "errmsg": "ok"}


async def test_3_msgid_has_19_digits_or_as_an_option_few(wechat):
    openid = await wechat.user()
    first, second = [(await wechat.send_template(openid))["msgid"] for _ in range(2)]
    assert 2**53 < first < second < 2**63
    assert len(str(first)) == 19
    await wechat.settings(small_ids=True)
    assert (await wechat.send_template(openid))["msgid"] < 2**31


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/json"},
        {"Content-Type": "application/json; charset=utf-8"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
async def test_4_json_is_read_whatever_its_label(wechat, headers, mark):
    openid = await wechat.user(follow=False)
    token = await wechat.token()
    body = mark + json.dumps({"user_list": [{"openid": openid}]}).encode()
    _, raw = await wechat.raw(
        "POST", "/cgi-bin/user/info/batchget", data=body, query={"access_token": token}, headers=headers
    )
    assert json.loads(raw)["user_info_list"][0]["openid"] == openid


@pytest.mark.parametrize(
    ("path", "body", "errcode"),
    [
        (SEND, b"", 44002),
        (SEND, b"{", 47001),
        (SEND, b"[]", 47001),
        (SEND, b"\xff", 47001),
        (SEND, b"[" * 100_000, 47001),
        (SEND, b'{"touser":"\\u9a8c"}', 40003),
        ("/cgi-bin/qrcode/create", b"{", 40052),
        ("/cgi-bin/qrcode/create", b"", 44002),
        ("/cgi-bin/template/api_add_template", b'{"keyword_name_list":["\\u65f6"]}', 40246),
    ],
)
async def test_4_bad_bodies(wechat, path, body, errcode):
    token = await wechat.token()
    _, raw = await wechat.raw("POST", path, data=body, query={"access_token": token})
    assert json.loads(raw)["errcode"] == errcode


async def test_5_overlap_stable_and_forced_limits(wechat):
    # each rule has its own test in test_sandbox_token; this is the checklist's sentence in one breath
    first = await wechat.token()
    await wechat.token()
    stable = (await wechat.stable())["access_token"]
    check = "/cgi-bin/getcallbackip"
    assert "ip_list" in await wechat.call("GET", check, access_token=first)
    await wechat.token()
    assert (await wechat.call("GET", check, access_token=first))["errcode"] == 40001
    assert "ip_list" in await wechat.call("GET", check, access_token=stable)


async def test_6_token_errors_are_told_apart_and_the_whitelist_guards_token_fetch_only(wechat):
    token, check = await wechat.token(), "/cgi-bin/getcallbackip"
    assert (await wechat.call("GET", check))["errcode"] == 41001
    assert (await wechat.call("GET", check, access_token="a b!"))["errcode"] == 40014
    assert (await wechat.call("GET", check, access_token="42_" + "x" * 133))["errcode"] == 40001
    await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"ip_whitelist": ["10.0.0.1"]})
    query = {"grant_type": "client_credential", "appid": wechat.spec.appid, "secret": wechat.spec.secret}
    refused = await wechat.call("GET", "/cgi-bin/token", **query)
    assert refused["errcode"] == 40164
    assert refused["errmsg"].startswith("invalid ip 127.0.0.1 ipv6 ::ffff:127.0.0.1, not in whitelist")
    assert (await wechat.stable())["errcode"] == 40164
    assert "ip_list" in await wechat.call("GET", check, access_token=token)
    await wechat.advance(7200)
    assert (await wechat.call("GET", check, access_token=token))["errcode"] == 42001


async def test_7_ticket_and_url_have_their_shapes_and_showqrcode_knows_them(wechat):
    made = await wechat.qrcode()
    assert re.fullmatch(r"http://weixin\.qq\.com/q/02[0-9A-Za-z_-]{20}", made["url"])
    assert re.fullmatch(r"gQ[0-9A-Za-z_-]{94}", made["ticket"])
    assert made["expire_seconds"] == 300
    response, raw = await wechat.raw("GET", "/cgi-bin/showqrcode", query={"ticket": made["ticket"]})
    assert response.headers["Content-Type"] == "image/jpg"
    assert raw.startswith(b"\xff\xd8\xff\xe0")
    assert raw.endswith(b"\xff\xd9")
    for bad in ("", "x", make_ticket(made["url"], 0, 300)):
        response, _ = await wechat.raw("GET", "/cgi-bin/showqrcode", query={"ticket": bad})
        assert response.status == 404


async def test_8_field_rules_by_kind_of_template(wechat):
    openid = await wechat.user()
    category, legacy, test, _ = wechat.spec.templates
    long = "十" * 21
    data = {"character_string1": {"value": "482913"}, "time3": {"value": "15:01"}, "thing4": {"value": "x"}}
    refused = await wechat.send_template(openid, data={**data, "thing2": {"value": long}})
    assert refused["errcode"] == 47003
    assert refused["errmsg"].startswith("argument invalid! data.thing2.value invalid rid: ")
    refused = await wechat.send_template(openid, data=data)
    assert refused["errmsg"].startswith("argument invalid! data.thing2.value is empty rid: ")
    values = {name: {"value": long + "\n😀"} for name in ("first", "keyword1", "remark")}
    assert (await wechat.send_template(openid, template_id=legacy.template_id, data=values))["errcode"] == 0
    free = {"code": {"value": long}, "purpose": {"value": "any\nthing"}}
    assert (await wechat.send_template(openid, template_id=test.template_id, data=free))["errcode"] == 0
    cut, whole = await wechat.messages(openid)
    assert cut["data"] == {"keyword1": {"value": "十" * 20 + "..."}, "keyword2": {"value": ""}}
    assert whole["data"]["code"] == {"value": long}
    assert category.kind == "category"


async def test_9_callback_in_three_modes_with_both_signatures(wechat, callback):
    openid = await wechat.user(follow=False)
    for mode in ("plaintext", "compatible", "safe"):
        await wechat.callback_at(callback.url, mode=mode)
        await wechat.act(openid, "follow")
        await wechat.act(openid, "unfollow")
    plain, both, safe = callback.got[0], callback.got[2], callback.got[4]
    assert set(plain[1]) == {"signature", "timestamp", "nonce", "openid"}
    for _, query, _, request in (both, safe):
        assert set(query) == {"signature", "timestamp", "nonce", "openid", "encrypt_type", "msg_signature"}
        assert query["encrypt_type"] == "aes"
        assert request.content_type == "text/xml"
    assert "<Event>" in plain[2]
    assert "<Encrypt>" not in plain[2]
    assert "<Event>" in both[2]
    assert "<Encrypt>" in both[2]
    assert "<Event>" not in safe[2]
    assert safe[1]["openid"] == openid
    await wechat.settings(callback_http10=True)
    await wechat.act(openid, "follow")
    assert callback.got[-1][3].version == (1, 0)


@pytest.mark.parametrize("errcode", [-1, 45009, 45011, 43004, 43101, 43117, 40252])
async def test_10_errcodes_on_demand(wechat, errcode):
    openid = await wechat.user()
    await wechat.fault("errcode", path=SEND, errcode=errcode, times=1)
    assert (await wechat.send_template(openid))["errcode"] == errcode
    assert (await wechat.send_template(openid))["errcode"] == 0
