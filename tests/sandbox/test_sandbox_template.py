"""Template messages, their receipts and their management (WECHAT.md 6)."""

import pytest

from codesvc.sandbox.account import TemplateSpec
from codesvc.sandbox.field_rule import fits
from codesvc.sandbox.template import lay_out

SEND = "/cgi-bin/message/template/send"


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("thing1", ["登录验证", "x" * 20, "有 空格。"], ["x" * 21, "", "a\nb", "a\x00", "a\u2028b"]),
        ("number2", ["482913", "3.14", "1" * 32], ["48a", "1" * 33, "", "１"]),
        ("letter1", ["ABC"], ["A1", "a" * 33, "é"]),
        ("symbol1", ["+++", "￥"], ["1", "++++++", "a", ""]),
        ("character_string1", ["482913", "A-1", "x" * 32], ["验证码", "x" * 33, "a b", "１"]),
        (
            "time3",
            ["15:01", "2019年10月1日 15:01", "15:01:59", "15:01~16:01", "2019-10-01 15:01"],
            ["3pm", "24:01", "15", ""],
        ),
        (
            "date1",
            ["2019-10-01", "2019年10月1日", "2019/10/1", "2019.10.01 15:01", "2019-10-01~2019-10-02"],
            ["10/2019/01"],
        ),
        ("amount1", ["¥100.5", "100元", "$1"], ["12345678901元", "十元", "¥"]),
        ("phone_number1", ["+86-0766-66888866"], ["letters", "1" * 18]),
        ("car_number1", ["粤A8Z888挂"], ["粤A8Z888挂X", "粤粤A8888"]),
        ("name1", ["张三", "John Smith", "x" * 20], ["张" * 11, "x" * 21, "张三1", ""]),
        ("phrase1", ["配送中"], ["13笔", "配送中配送中", "ok"]),
        ("short_thing1", ["短"], ["x" * 21]),
        ("const1", ["任意"], ["x" * 21, ""]),
    ],
)
def test_field_rules(key, good, bad):
    assert [value for value in good if not fits(key, value)] == []
    assert [value for value in bad if fits(key, value)] == []


def test_listed_values():
    assert fits("const1", "甲", ("甲", "乙"))
    assert not fits("enum1", "丙", ("甲", "乙"))


def test_test_account_quirks():
    content = "{{first.DATA}}\n码:{{code.DATA}}\n日:{{date. DATA}}\n"
    spec = TemplateSpec(template_id="t" * 43, title="t", content=content, kind="test")
    shown = lay_out(spec, {"first": {"value": "x"}, "code": {"value": 482913}, "date": {"value": "d"}})
    assert shown.text == "码:482913\n日:"
    assert shown.data == {"code": "482913"}


async def test_refusals(wechat):
    openid = await wechat.user()
    template_id = wechat.spec.templates[0].template_id
    cases = [
        ({"touser": "oNobody"}, 40003),
        ({"touser": None}, 40003),
        ({"touser": ["x"]}, 40003),
        ({"template_id": "47123"}, 40037),
        ({"template_id": "x" * 43}, 40037),
        ({"template_id": "x" * 40}, 40036),
        ({"template_id": ""}, 40036),
        ({"template_id": wechat.spec.templates[3].template_id}, 40037),
        ({"data": {}}, 47003),
        ({"data": None}, 47003),
        ({"data": {"thing2": [1]}}, 47003),
        ({"url": "javascript:alert(1)"}, 40048),
        ({"miniprogram": {"appid": "x", "pagepath": ""}}, 40166),
    ]
    for change, errcode in cases:
        assert (await wechat.send_template(openid, **change))["errcode"] == errcode, change
    assert (await wechat.send_template(openid, miniprogram={"appid": "", "pagepath": ""}, topcolor="#FF0000"))[
        "errcode"
    ] == 0
    await wechat.control("PATCH", f"/users/{openid}", {"refuses": [template_id]})
    assert (await wechat.send_template(openid))["errcode"] == 43101
    await wechat.control("PATCH", f"/users/{openid}", {"refuses": [], "blacklisted": True})
    assert (await wechat.send_template(openid))["errcode"] == 43019
    await wechat.control("PATCH", f"/users/{openid}", {"blacklisted": False})
    await wechat.act(openid, "unfollow")
    assert (await wechat.send_template(openid))["errcode"] == 43004
    await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"verified": False})
    assert (await wechat.send_template(openid))["errcode"] == 48001


async def test_what_the_person_reads(wechat):
    openid = await wechat.user()
    sent = await wechat.send_template(openid, url="https://example.com/v", client_msg_id="m1")
    [message] = await wechat.messages(openid)
    assert message["type"] == "template"
    assert message["data"]["character_string1"]["value"] == "482913"
    assert message["url"] == "https://example.com/v"
    assert message["msgid"] == sent["msgid"]
    assert message["client_msg_id"] == "m1"
    assert message["template_id"] == wechat.spec.templates[0].template_id
    assert message["content"].startswith("验证码：482913\n")


async def test_client_msg_id_delivers_once_in_ten_minutes(wechat):
    openid, other = await wechat.user(), await wechat.user("bob")
    first = await wechat.send_template(openid, client_msg_id="m1")
    assert await wechat.send_template(openid, client_msg_id="m1") == first
    assert (await wechat.send_template(other, client_msg_id="m1"))["msgid"] != first["msgid"]
    await wechat.advance(600)
    assert (await wechat.send_template(openid, client_msg_id="m1"))["msgid"] != first["msgid"]
    assert len(await wechat.messages(openid)) == 2
    await wechat.settings(repeat_errcode=40241)
    assert (await wechat.send_template(openid, client_msg_id="m1"))["errcode"] == 40241


async def test_answer_lost_after_the_message_was_accepted(wechat):
    openid = await wechat.user()
    await wechat.fault("errcode", path=SEND, errcode=-1, when="after", times=1)
    assert (await wechat.send_template(openid, client_msg_id="m1"))["errcode"] == -1
    assert (await wechat.send_template(openid, client_msg_id="m1"))["errcode"] == 0
    assert len(await wechat.messages(openid)) == 1


async def test_duplicate_content_is_an_option(wechat):
    openid = await wechat.user()
    await wechat.settings(duplicate_window=60)
    assert [(await wechat.send_template(openid))["errcode"] for _ in range(2)] == [0, 40241]
    await wechat.advance(60)
    assert (await wechat.send_template(openid))["errcode"] == 0


@pytest.mark.parametrize(
    "status", ["success", "failed:user block", "failed: system failed", "failed:freq limit", "none"]
)
async def test_receipts(wechat, callback, status):
    openid = await wechat.user()
    await wechat.callback_at(callback.url, mode="plaintext")
    await wechat.fault("template_status", status=status, times=1)
    sent = await wechat.send_template(openid)
    assert sent["errcode"] == 0
    await wechat.settle()
    if status == "none":
        assert callback.got == []
    else:
        [got] = callback.got
        assert f"<MsgID>{sent['msgid']}</MsgID><Status><![CDATA[{status}]]></Status>" in got[2]
        assert "<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>" in got[2]
        assert got[1]["openid"] == openid
    assert len(await wechat.messages(openid)) == (0 if status.startswith("failed") else 1)


async def test_receipts_of_one_who_blocks_and_held_ones(wechat, callback):
    openid = await wechat.user()
    await wechat.callback_at(callback.url, mode="plaintext")
    await wechat.control("PATCH", f"/users/{openid}", {"blocks": True})
    await wechat.settings(receipt_hold=True)
    await wechat.send_template(openid)
    assert await wechat.settle() == {"delivered": 0, "held": 1}
    assert callback.got == []
    assert await wechat.control("POST", "/receipts/release") == {"released": 1}
    assert "failed:user block" in callback.got[0][2]


async def test_banned_and_reviewed_templates(wechat):
    openid = await wechat.user()
    path = f"/accounts/{wechat.spec.appid}/templates/{wechat.spec.templates[0].template_id}"
    await wechat.control("PATCH", path, {"banned": True})
    assert (await wechat.send_template(openid))["errcode"] == 43116
    await wechat.control("PATCH", path, {"banned": False, "review": True})
    refused = await wechat.send_template(openid)
    assert refused["errcode"] == 40252
    assert "msgid" not in refused
    assert await wechat.messages(openid) == []
    await wechat.advance(1800)
    assert len(await wechat.messages(openid)) == 1
    await wechat.send_template(openid)
    assert await wechat.control("POST", "/reviews/release", {"approve": False}) == {"released": 1}
    assert len(await wechat.messages(openid)) == 1
    blocked = await wechat.api("/wxa/sec/queryblocktmplmsg", {"tmpl_msg_id": "", "largest_id": 0, "limit": 100})
    assert len(blocked["msginfo"]) == 1
    await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}/templates/x", {"banned": True}, status=404)


async def test_management(wechat):
    listed = (await wechat.api("/cgi-bin/template/get_all_private_template"))["template_list"]
    assert [t["template_id"] for t in listed] == [t.template_id for t in wechat.spec.templates[:3]]
    assert set(listed[0]) == {"template_id", "title", "primary_industry", "deputy_industry", "content", "example"}
    add = "/cgi-bin/template/api_add_template"
    made = await wechat.api(add, {"template_id_short": "48001", "keyword_name_list": ["时间", "金额"]})
    assert made["errcode"] == 0
    listed = (await wechat.api("/cgi-bin/template/get_all_private_template"))["template_list"]
    assert listed[-1]["content"] == "时间：{{time1.DATA}}\n金额：{{amount2.DATA}}\n"
    for body, errcode in [
        ({"template_id_short": "48001"}, 40246),
        ({"template_id_short": "48001", "keyword_name_list": ["无"]}, 40246),
        ({"template_id_short": "99999", "keyword_name_list": ["时间", "金额"]}, 40037),
        ({"template_id_short": "TM00015"}, 40037),
        ({}, 40037),
    ]:
        assert (await wechat.api(add, body))["errcode"] == errcode
    await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"old_library": True})
    assert (await wechat.api(add, {"template_id_short": "TM00015"}))["errcode"] == 0
    codes = [(await wechat.api(add, {"template_id_short": "TM00015"}))["errcode"] for _ in range(21)]
    assert codes == [0] * 20 + [45026]
    drop = "/cgi-bin/template/del_private_template"
    assert [(await wechat.api(drop, {"template_id": made["template_id"]}))["errcode"] for _ in range(2)] == [0, 40037]


async def test_industries(wechat):
    path = "/cgi-bin/template/api_set_industry"
    assert (await wechat.api(path, {"industry_id1": "1", "industry_id2": "42"}))["errcode"] == 40102
    assert (await wechat.api(path, {"industry_id1": 1, "industry_id2": "2"}))["errcode"] == 0
    assert (await wechat.api(path, {"industry_id1": "1", "industry_id2": "2"}))["errcode"] == 43100
    seen = await wechat.api("/cgi-bin/template/get_industry")
    assert seen["primary_industry"] == {"first_class": "IT科技", "second_class": "互联网|电子商务"}
    assert "secondary_industry" in seen


async def test_notices(wechat, callback):
    openid = await wechat.user(follow=False)
    await wechat.callback_at(callback.url, mode="plaintext")
    notice = wechat.spec.templates[3].template_id
    data = {"character_string1": {"value": "1"}, "thing2": {"value": "x"}, "time3": {"value": "15:01"}}
    body = {"touser": openid, "template_id": notice, "page": "https://example.com/", "data": data}
    send = "/cgi-bin/message/subscribe/bizsend"
    assert (await wechat.api(send, body))["errcode"] == 43101
    await wechat.act(openid, "notice", template_id=notice)
    popup = "<SubscribeMsgPopupEvent><List><TemplateId><![CDATA[%s]]></TemplateId>"
    assert popup % notice in callback.got[0][2]
    wrong = {**body, "template_id": wechat.spec.templates[0].template_id}
    assert (await wechat.api(send, wrong))["errcode"] == 40037
    assert (await wechat.api(send, {**body, "data": {**data, "thing2": {"value": "x" * 21}}}))["errcode"] == 47003
    answers = [await wechat.api(send, {**body, "client_msg_id": "n"}) for _ in range(2)]
    assert answers == [{"errcode": 0, "errmsg": "ok"}] * 2
    await wechat.settle()
    assert "<SubscribeMsgSentEvent><List>" in callback.got[1][2]
    assert "<ErrorCode>0</ErrorCode>" in callback.got[1][2]
    assert (await wechat.api(send, body))["errcode"] == 43101
    [message] = await wechat.messages(openid)
    assert message["type"] == "notice"
    await wechat.act(openid, "notice-change", template_id=notice)
    assert "<SubscribeMsgChangeEvent>" in callback.got[-1][2]
    await wechat.settings(change_event_popup_element=True)
    await wechat.act(openid, "notice-change", template_id=notice)
    assert "subscribe_msg_change_event" in callback.got[-1][2]
    assert "<SubscribeMsgPopupEvent>" in callback.got[-1][2]


async def test_long_term_notice(wechat):
    openid, notice = await wechat.user(follow=False), wechat.spec.templates[3].template_id
    await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}/templates/{notice}", {"long_term": True})
    await wechat.act(openid, "notice", template_id=notice)
    data = {"character_string1": {"value": "1"}, "thing2": {"value": "x"}, "time3": {"value": "15:01"}}
    body = {"touser": openid, "template_id": notice, "data": data}
    assert [(await wechat.api("/cgi-bin/message/subscribe/bizsend", body))["errcode"] for _ in range(2)] == [0, 0]
    assert (await wechat.api("/wxaapi/newtmpl/gettemplate"))["data"][0]["type"] == 3


async def test_notice_management(wechat):
    category = (await wechat.api("/wxaapi/newtmpl/getcategory"))["data"][0]["id"]
    titles = await wechat.api("/wxaapi/newtmpl/getpubtemplatetitles", ids=str(category), start="0", limit="30")
    assert titles["count"] == len(titles["data"]) == 2
    tid = titles["data"][0]["tid"]
    words = await wechat.api("/wxaapi/newtmpl/getpubtemplatekeywords", tid=str(tid))
    kids = [word["kid"] for word in words["data"]][:2]
    made = await wechat.api("/wxaapi/newtmpl/addtemplate", {"tid": str(tid), "kidList": kids, "sceneDesc": "注册"})
    assert made["errcode"] == 0
    listed = (await wechat.api("/wxaapi/newtmpl/gettemplate"))["data"]
    assert [t["priTmplId"] for t in listed][-1] == made["priTmplId"]
    assert (await wechat.api("/wxaapi/newtmpl/addtemplate", {"tid": tid, "kidList": [1]}))["errcode"] == 40035
    assert (await wechat.api("/wxaapi/newtmpl/deltemplate", {"priTmplId": made["priTmplId"]}))["errcode"] == 0
    assert (await wechat.api("/wxaapi/newtmpl/deltemplate", {"priTmplId": made["priTmplId"]}))["errcode"] == 40037
