"""What nobody should send, in either direction: never a 500, never without bound."""

import asyncio
import json

import pytest
from aiohttp import web

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.sandbox.api.table import ENDPOINTS
from codesvc.sandbox.journal import Entry, Journal
from codesvc.sandbox.request_body import read_request
from tests.sandbox.conftest import WeChat
from tests.sandbox.test_sandbox_callback import reply

ODD = [None, True, -1, 1.5, 10**30, "", "x", "\0", "🦊" * 99, [], {}, [[]], [None], {"value": None}, {"value": [1]}]
ID = "OPENID"
TEMPLATE, NOTICE = DEFAULT_ACCOUNT.templates[2].template_id, DEFAULT_ACCOUNT.templates[3].template_id
JUMP = {"url": "http://e/", "miniprogram": {"appid": "wx1", "pagepath": "p"}, "client_msg_id": "c"}
VIEW = {"type": "view", "name": "c", "url": "http://e/"}
SHAPES = {
    "token": {"grant_type": "client_credential", "appid": DEFAULT_ACCOUNT.appid, "secret": "x", "force_refresh": True},
    "quota": {"appid": DEFAULT_ACCOUNT.appid, "appsecret": "x", "cgi_path": "/cgi-bin/x", "rid": "x", "action": "all"},
    "qrcode": {"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 1}}, "expire_seconds": 60},
    "template/send": {"touser": ID, "template_id": TEMPLATE, "data": {"code": {"value": "1"}}, **JUMP},
    "bizsend": {"touser": ID, "template_id": NOTICE, "data": {"thing2": {"value": "1"}}, **JUMP},
    "template/subscribe": {"touser": ID, "template_id": TEMPLATE, "title": "t", "scene": 1, "data": {}, **JUMP},
    "custom/send": {"touser": ID, "msgtype": "text", "text": {"content": "x"}, "customservice": {"kf_account": "a"}},
    "menu": {"button": [{"type": "click", "name": "a", "key": "k"}, {"name": "b", "sub_button": [VIEW]}]},
    "user/info": {"user_list": [{"openid": ID, "lang": "en"}], "openid": ID, "remark": "x"},
    "newtmpl": {"tid": "47123", "kidList": [1, 2], "sceneDesc": "x", "priTmplId": NOTICE},
    "api_": {"template_id_short": "47123", "keyword_name_list": ["用途"], "industry_id1": "1", "industry_id2": "2"},
    "": {"touser": ID, "command": "Typing", "template_id": TEMPLATE, "limit": 1},
}


def places(value, at=()):
    if at:
        yield at
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*at, key))


def altered(body, place, odd):
    body = json.loads(json.dumps(body))
    inside = body
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = odd
    return body


async def test_odd_members_in_every_place_of_every_call(wechat):
    token, openid = await wechat.token(), await wechat.user()
    for endpoint in (endpoint for endpoint in ENDPOINTS if endpoint.method == "POST"):
        shape = next(shape for part, shape in SHAPES.items() if part in endpoint.path)
        shape = json.loads(json.dumps(shape).replace(ID, openid))
        for place in places(shape):
            for odd in ODD:
                body = json.dumps(altered(shape, place, odd), ensure_ascii=False).encode()
                response, raw = await wechat.raw("POST", endpoint.path, data=body, query={"access_token": token})
                assert response.status == 200, (endpoint.path, place, odd, raw)


async def test_a_menu_type_that_is_no_text_is_told(wechat):
    for kind in ([], {}, None, 1):
        answer = await wechat.api("/cgi-bin/menu/create", {"button": [{"type": kind, "name": "a", "key": "k"}]})
        assert answer["errcode"] == 40017


HEADS = [b"Host: a:b:c", b"Host: \xff", b"Host: h:99999999", b"Host: 127.0.0.1\r\nOrigin: http://["]


@pytest.mark.parametrize("head", HEADS)
async def test_a_malformed_host_or_origin_is_a_400(wechat, head):
    for path in (b"/sandbox/state", b"/cgi-bin/token", b"/"):
        request = b"GET %s HTTP/1.1\r\n%s\r\nConnection: close\r\n\r\n" % (path, head)
        assert await ask(wechat.client.port, request) == 400, path


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_is_not_encoded_as_it_says(wechat, encoding):
    paths = {"/cgi-bin/stable_token": 200, "/cgi-bin/nothing": 200, "/sandbox/users": 400, "/mp/subscribemsg": 400}
    for path, expected in paths.items():
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Encoding: {encoding}\r\nContent-Length: 4\r\n\r\n"
        assert await ask(wechat.client.port, head.encode() + b"\x1f\x8bxx") == expected, path


async def ask(port, request):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    line = await reader.readline()
    writer.close()
    return int(line.split()[1])


@pytest.mark.parametrize("label", ["multipart/form-data", "multipart/form-data; boundary=x", "a/b; charset=nonsense"])
async def test_a_consent_page_takes_any_body(wechat, label):
    headers = {"Content-Type": label}
    for path in ("/connect/oauth2/authorize", "/mp/subscribemsg"):
        response, _ = await wechat.raw("POST", path, data=b"--x\r\n\xff", headers=headers)
        assert response.status == 200


async def test_a_body_that_never_ends_is_not_waited_for(aiohttp_server):
    async def impatient(request):
        return web.Response(body=await read_request(request, timeout_seconds=0.05))

    app = web.Application()
    app.router.add_post("/", impatient)
    server = await aiohttp_server(app)
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n"
    async with asyncio.timeout(60):
        assert [await ask(server.port, head + body) for body in (b"123", b"123456789")] == [408, 200]


async def test_the_clock_stays_within_the_calendar(wechat):
    for _ in range(9):
        await wechat.advance(11 * 366 * 86400)
    await wechat.control("POST", "/clock", {"advance": 11 * 366 * 86400}, status=400)
    assert await wechat.token()


async def test_names_of_elements_are_checked_all_the_way_down(wechat, callback):
    await wechat.callback_at(callback.url)
    openid = await wechat.user(follow=False)
    fine = {"ScanCodeInfo": {"ScanType": "qrcode", "Items": [{"Item": "1"}]}}
    await wechat.control("POST", f"/users/{openid}/event", {"event": "scancode_push", "fields": fine})
    deep = "1"
    for _ in range(50):
        deep = {"A": deep}
    for fields in ({"A": {"b c": 1}}, {"A": [{"<": 1}]}, {"A": {"": 1}}, {"1": 1}, deep):
        await wechat.control("POST", f"/users/{openid}/event", {"event": "X", "fields": fields}, status=400)
    assert len(callback.got) == 1


async def test_an_endless_answer_is_read_in_part(wechat, callback):
    await wechat.callback_at(callback.url, mode="plaintext")
    openid = await wechat.user(follow=False)
    callback.will(lambda _query, _text: reply(wechat.spec, openid, "x" * 3_000_000, encrypted=False))
    said = await wechat.act(openid, "follow")
    assert said["callback"]["status"] == "failed"
    assert "malformed XML" in said["callback"]["reason"]
    callback.will("y" * 3_000_000)
    view = await wechat.act(openid, "open", url=callback.url)
    assert (view["outcome"], view["body"]) == ("page", "y" * 200_000)


@pytest.mark.parametrize("target", ["http://[bad", "http://a:99999/", "weixin://dl"])
async def test_a_redirect_to_nowhere_is_unreachable(wechat: WeChat, aiohttp_server, target):
    async def lead_astray(_request):
        return web.Response(status=302, headers={"Location": target})

    app = web.Application()
    app.router.add_get("/", lead_astray)
    server = await aiohttp_server(app)
    view = await wechat.act(await wechat.user(), "open", url=str(server.make_url("/")))
    assert (view["outcome"], view["status"]) == ("unreachable", 302)


def test_the_journal_is_bounded_in_number_and_in_size():
    def add(request):
        return journal.add(Entry(direction="api", at=0.0, method="POST", path="/", query="", request=request))

    journal = Journal()
    for _ in range(2100):
        add("x")
    assert [len(journal.entries("api")), journal.entries("api")[-1].number] == [2000, 2100]
    long = add("y" * 100_000)
    assert long.request == "y" * 65_536 + "… (100000 characters)"
    for _ in range(600):
        add("z" * 65_536)
    kept = journal.entries("api")
    assert len(kept) == 512
    assert sum(entry.size for entry in kept) == 512 * 65_536
