"""Where reports from the field and the documentation disagree, or where a wrong value used to pass in silence."""

import json
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from codesvc.sandbox.api.table import ENDPOINTS
from codesvc.sandbox.escapes import TABLE

SEND = "/cgi-bin/message/template/send"
CUSTOM = "/cgi-bin/message/custom/send"
CREATE = "/cgi-bin/qrcode/create"


def link(wechat, state):
    """An authorize link; `state` is the raw text of the parameter, None for none."""
    given = "" if state is None else f"&state={state}"
    return (
        f"https://open.weixin.qq.com/connect/oauth2/authorize?appid={wechat.spec.appid}"
        f"&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fback&response_type=code&scope=snsapi_base{given}#wechat_redirect"
    )


async def come_back(wechat, state):
    """The parameters with which the browser returns, or the error page's text."""
    view = await wechat.act(await wechat.user(), "open", url=link(wechat, state))
    if view["outcome"] == "unreachable":  # no server listens there: only the address is asked
        return parse_qs(urlsplit(view["url"]).query, keep_blank_values=True)
    return view["body"]


STATES = [
    "abc",
    "a-b_c",
    "a.b",
    "a~b",
    "eyJhIjoxfQ.c2ln",
    quote("https://example.com/a?b=c&d=1", safe=""),
    "a%20b",
    "%E4%BD%A0",
    "a%2Bb%3D%3D",
]


@pytest.mark.parametrize("state", STATES)
async def test_a_state_comes_back_as_it_was_sent(wechat, state):
    back = await come_back(wechat, state)
    assert back["state"] == parse_qs(f"state={state}")["state"]
    assert back["code"]


@pytest.mark.parametrize("state", STATES[1:])
async def test_the_documented_alphabet_of_state_is_a_setting(wechat, state):
    await wechat.settings(oauth_state="strict")
    assert "state" in await come_back(wechat, state)
    assert (await come_back(wechat, "abc09"))["state"] == ["abc09"]


async def test_no_state_and_an_empty_state_are_alike(wechat):
    absent, empty = await come_back(wechat, None), await come_back(wechat, "")
    assert absent.keys() == empty.keys() == {"code", "state"}
    assert absent["state"] == empty["state"] == [""]
    await wechat.settings(oauth_state="strict")
    for state in (None, ""):
        assert "10013" in await come_back(wechat, state)


@pytest.mark.parametrize("setting", ["lenient", "strict"])
async def test_a_state_has_a_length(wechat, setting):
    await wechat.settings(oauth_state=setting)
    assert (await come_back(wechat, "a" * 128))["code"]
    assert "state" in await come_back(wechat, "a" * 129)
    assert "state" in await come_back(wechat, quote("你" * 43))


KEYS = (
    ("character_string1", "thing2", "time3", "thing4"),
    ("first", "keyword1", "keyword2", "remark"),
    ("code", "purpose", "expires"),
)


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["category", "legacy", "test"])
@pytest.mark.parametrize(
    "value", ["482913", 482913, None, ["482913"], {}, {"color": "#173177"}, {"Value": "482913"}, True]
)
async def test_a_template_value_is_an_object_with_value(wechat, kind, value):
    openid = await wechat.user()
    data = {key: {"value": "15:01"} for key in KEYS[kind]}
    template = wechat.spec.templates[kind].template_id
    assert (await wechat.send_template(openid, template_id=template, data=data))["errcode"] == 0
    data[KEYS[kind][1]] = value
    answer = await wechat.send_template(openid, template_id=template, data=data)
    assert answer["errcode"] == 47003
    assert f"data.{KEYS[kind][1]}.value" in answer["errmsg"]
    assert len(await wechat.messages(openid)) == 1


@pytest.mark.parametrize("life", ["a", "", " 60", "60s", "-1", -1, 1.5, True, [], {}, [60]])
async def test_a_life_that_is_none_is_refused(wechat, life):
    body = {"expire_seconds": life, "action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "a"}}}
    assert (await wechat.api(CREATE, body))["errcode"] == 40053


@pytest.mark.parametrize(("life", "seconds"), [(None, 60), ("120", 120), (120.0, 120), (10**9, 2_592_000)])
async def test_a_life_that_is_one(wechat, life, seconds):
    body = {"expire_seconds": life, "action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "a"}}}
    assert (await wechat.api(CREATE, body))["expire_seconds"] == seconds


async def test_other_values_of_a_wrong_type_are_not_passed_over(wechat):
    openid = await wechat.user()
    keys = [{"client_msg_id": value} for value in (["a"], {}, True, False)]
    for change in ({"miniprogram": "wx0"}, {"miniprogram": 1}, *keys):
        assert (await wechat.send_template(openid, **change))["errcode"] == 47001, change
    assert (await wechat.send_template(openid, miniprogram=[]))["errcode"] == 0  # as PHP writes an empty object
    for force in ("a", 2, [], {}):
        assert (await wechat.stable(force_refresh=force))["errcode"] == 47001, force
    first = (await wechat.stable(force_refresh="false"))["access_token"]
    assert (await wechat.stable(force_refresh=0))["access_token"] == first


async def raw_errcode(wechat, path, body):
    _, raw = await wechat.raw("POST", path, data=body, query={"access_token": (await wechat.stable())["access_token"]})
    return json.loads(raw).get("errcode")


async def test_escapes_are_decided_by_the_api(wechat):
    button = b'{"button":[{"type":"view","name":"%s","url":"http://e/?a=1%s"}]}'
    assert await raw_errcode(wechat, "/cgi-bin/menu/create", button % (b"\\u4f60", b"")) == 40033
    assert await raw_errcode(wechat, "/cgi-bin/menu/create", button % (b"a", b"\\u0026b=2")) == 40033
    assert await raw_errcode(wechat, "/cgi-bin/menu/create", button % ("你".encode(), b"&b=2")) == 0
    assert (
        await raw_errcode(wechat, "/cgi-bin/menu/create", button % (b"\\\\u4f60", b"")) == 0
    )  # a backslash, not an escape
    openid = await wechat.user()
    body = json.dumps({"touser": openid, "msgtype": "text", "text": {"content": "你好 & A\n"}}).encode()
    assert b"\\u4f60" in body
    assert await raw_errcode(wechat, CUSTOM, body) == 0
    assert (await wechat.messages(openid))[-1]["content"] == "\\u4f60\\u597d & A\n"
    values = {key: {"value": "你好"} for key in ("first", "keyword1", "keyword2", "remark")}
    send = json.dumps({"touser": openid, "template_id": wechat.spec.templates[1].template_id, "data": values}).encode()
    assert await raw_errcode(wechat, SEND, send) == 0
    assert (await wechat.messages(openid))[-1]["data"]["keyword1"]["value"] == "你好"
    await wechat.settings(refuse_escapes=True)
    assert await raw_errcode(wechat, SEND, send) == await raw_errcode(wechat, CUSTOM, body) == 40033
    assert await raw_errcode(wechat, SEND, b'{"touser":"\\u0026"}') == 40003
    keywords = b'{"template_id_short":"47123","keyword_name_list":["\\u65f6"]}'
    assert await raw_errcode(wechat, "/cgi-bin/template/api_add_template", keywords) == 40246
    await wechat.settings(refuse_escapes=False)
    assert await raw_errcode(wechat, CUSTOM, body) == 0
    assert (await wechat.messages(openid))[-1]["content"] == "你好 & A\n"
    assert await raw_errcode(wechat, "/cgi-bin/menu/create", button % (b"\\u4f60", b"")) == 0


def test_the_table_of_escapes_names_apis_of_the_sandbox():
    assert TABLE.keys() <= {endpoint.path for endpoint in ENDPOINTS}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/datacube/getusersummary", "not imitated by this sandbox"),
        ("/card/create", "not imitated by this sandbox"),
        ("/merchant/order/getbyid", "not imitated by this sandbox"),
        ("/cgi-bin/draft/add", "not imitated by this sandbox"),
        ("/cgi-bin/shorturl", "not imitated by this sandbox"),
        ("/wxa/getwxacode", "not imitated by this sandbox"),
        ("/tcb/invokecloudfunction", "not imitated by this sandbox"),
        ("/marketing/user_actions/add", "not imitated by this sandbox"),
        ("/payfeedback/update", "not imitated by this sandbox"),
        ("/cgi-bin/aispeech/conversation", "not imitated by this sandbox"),
        ("/cgi-bin/tokens", "no such path"),
        ("/cgi-bin", "no such path"),
        ("/cgi-bim/token", "no such path"),
        ("/nothing", "no such path"),
        ("//cgi-bin/token", "no such path"),
        ("/CGI-BIN/token", "no such path"),
    ],
)
async def test_a_path_without_an_answer_says_why(wechat, method, path, words):
    async with wechat.client.session.request(method, f"{wechat.url}{path}") as response:
        answer = json.loads(await response.read())
    assert (response.status, answer["errcode"]) == (200, 40066)
    assert answer["errmsg"].startswith(f"invalid url: {words} rid: ")
    [line] = (await wechat.control("GET", "/calls"))["calls"]
    assert (line["path"], line["method"], line["errcode"], line["note"]) == (path, method, 40066, words)


async def test_the_sandboxs_own_paths_are_none_of_the_platforms(wechat):
    for path in ("/static/no.js", "/favicon.ico", "/sandbox/no", "/robots.txt", "/.well-known/x"):
        assert (await wechat.raw("GET", path))[0].status == 404, path
    assert (await wechat.raw("GET", "/"))[0].status == 200
    assert (await wechat.raw("DELETE", "/sandbox/users"))[0].status == 405
    assert (await wechat.control("GET", "/calls"))["calls"] == []


PAGES = [
    "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
    "<html><body>502 Bad Gateway</body></html>",
    "\n  <HTML>\n<head><title>502 Bad Gateway</title>",
    "<!-- made by a tunnel --><!doctype html><html lang=zh><title>502 Bad Gateway",
    "<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x' 'y'><html xmlns='z'><title>502 Bad Gateway",
]


@pytest.mark.parametrize("mode", ["safe", "plaintext"])
@pytest.mark.parametrize("page", PAGES)
async def test_a_page_in_the_place_of_a_reply_is_shown(wechat, callback, page, mode):
    await wechat.callback_at(callback.url, mode=mode)
    callback.will(page)
    said = await wechat.act(await wechat.user(follow=False), "follow")
    reason = said["callback"]["reason"]
    assert reason.startswith("a web page instead of a reply; the body begins: <")
    assert "502 Bad Gateway" in reason
    assert "XML" not in reason


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ('{"code": 482913}', 'the body begins: {"code": 482913}'),
        ("ok", "the body begins: ok"),
        ("<xml><ToUserName>", "malformed XML"),
        ("<reply/>", "the root element is not <xml>; the body begins: <reply/>"),
        ((500, "<html><title>Traceback"), "HTTP 500; the body begins: <html><title>Traceback"),
        ((502, ""), "HTTP 502"),
        ("a\n\n\tb\x00\x1b[31mc" + "d" * 500, "the body begins: a b [31mc" + "d" * 111 + "…"),
    ],
)
async def test_what_answered_is_shown_by_its_beginning(wechat, callback, answer, words):
    await wechat.callback_at(callback.url, mode="plaintext")
    callback.will(*[answer] * 3)
    said = await wechat.act(await wechat.user(follow=False), "follow")
    assert words in said["callback"]["reason"]
