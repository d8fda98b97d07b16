"""Faults, the journal, the guard, and input nobody should send."""

import asyncio
import json
from contextlib import suppress

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codesvc.sandbox import Platform, create_app
from codesvc.sandbox.api.call import Call
from codesvc.sandbox.api.table import ENDPOINTS
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.fault import Fault, Faults
from codesvc.sandbox.reply import BadReply, read_reply

SEND = "/cgi-bin/message/template/send"


async def test_http_status_truncation_and_times(wechat):
    token = await wechat.token()
    await wechat.fault("http", path="/cgi-bin/getcallbackip", status=502, times=2)
    seen = [
        (await wechat.raw("GET", "/cgi-bin/getcallbackip", query={"access_token": token}))[0].status for _ in range(3)
    ]
    assert seen == [502, 502, 200]
    await wechat.fault("truncated", path="/cgi-bin/getcallbackip", times=1)
    _, raw = await wechat.raw("GET", "/cgi-bin/getcallbackip", query={"access_token": token})
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(raw)


@pytest.mark.parametrize(("when", "messages"), [("before", 0), ("after", 1)])
async def test_reset_connection_before_and_after_the_effect(wechat, when, messages):
    openid = await wechat.user()
    await wechat.fault("reset", path=SEND, when=when, times=1)
    with pytest.raises(aiohttp.ClientError):
        await wechat.send_template(openid, client_msg_id="m")
    assert len(await wechat.messages(openid)) == messages
    assert (await wechat.send_template(openid, client_msg_id="m"))["errcode"] == 0
    assert len(await wechat.messages(openid)) == 1


async def test_slow_answer(wechat):
    openid = await wechat.user()
    await wechat.fault("slow", path=SEND, delay=60, times=1)
    sending = asyncio.create_task(wechat.send_template(openid))
    async with asyncio.timeout(60):
        while not await wechat.messages(openid):
            assert not sending.done()
    assert not sending.done()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


async def test_revoked_tokens(wechat):
    token, check = await wechat.token(), "/cgi-bin/getcallbackip"
    assert await wechat.control("POST", "/faults", {"kind": "revoke_token"}) == {"kind": "revoke_token", "revoked": 1}
    assert (await wechat.call("GET", check, access_token=token))["errcode"] == 40001
    token = await wechat.token()
    await wechat.fault("revoke_token", path=check, times=1)
    assert (await wechat.call("GET", check, access_token=token))["errcode"] == 40001
    token = await wechat.token()
    assert await wechat.control("POST", f"/accounts/{wechat.spec.appid}/revoke-tokens") == {"revoked": 1}


def test_a_share_is_dealt_out_evenly():
    fault = Fault(kind="errcode", share=0.25)
    assert [fault.take() for _ in range(8)] == [False, False, False, True] * 2


def test_faults_by_account_and_path():
    faults = Faults()
    faults.add(Fault(kind="errcode", path="/a", account="x", times=1))
    assert faults.for_call("/a", "y") is None
    assert faults.for_call("/b", "x") is None
    assert faults.for_call("/a", "x") is not None
    assert faults.for_call("/a", "x") is None


async def test_fault_list(wechat):
    made = await wechat.fault("errcode", errcode=45009)
    await wechat.fault("lost")
    assert [f["kind"] for f in (await wechat.control("GET", "/faults"))["faults"]] == ["errcode", "lost"]
    assert await wechat.control("DELETE", f"/faults/{made['id']}") == {"removed": 1}
    await wechat.control("DELETE", f"/faults/{made['id']}", status=404)
    assert await wechat.control("DELETE", "/faults") == {"removed": 1}
    for bad in (
        {"kind": "x"},
        {"kind": "lost", "share": 0},
        {"kind": "slow", "delay": -1},
        {"kind": "http", "status": "x"},
        {"kind": "http", "path": "callback"},
        {"kind": "errcode", "times": 0},
        {"kind": "errcode", "typo": 1},
    ):
        await wechat.control("POST", "/faults", bad, status=400)


async def test_journal(wechat):
    openid = await wechat.user()
    await wechat.send_template(openid)
    await wechat.call("POST", "/cgi-bin/token")
    calls = (await wechat.control("GET", "/calls"))["calls"]
    assert [call["path"] for call in calls] == ["/cgi-bin/stable_token", SEND, "/cgi-bin/token"]
    assert calls[1]["account"] == wechat.spec.appid
    assert "482913" in calls[1]["request"]
    assert calls[1]["rid"]
    assert calls[2]["errcode"] == 43001
    assert wechat.spec.secret not in json.dumps(calls)
    assert len((await wechat.control("GET", f"/calls?path={SEND}&account={wechat.spec.appid}"))["calls"]) == 1
    assert (await wechat.control("GET", f"/calls?after={calls[2]['number']}"))["calls"] == []
    await wechat.control("GET", "/calls?after=x", status=400)


async def test_methods_hosts_and_unknown_paths(wechat):
    assert (await wechat.call("GET", "/cgi-bin/stable_token"))["errcode"] == 43002
    assert (await wechat.call("POST", "/cgi-bin/user/get"))["errcode"] == 43001
    assert (await wechat.call("GET", "/cgi-bin/nothing"))["errcode"] == 40066
    _, raw = await wechat.raw("GET", "/cgi-bin/token", headers={"Host": "api.weixin.qq.com"})
    assert json.loads(raw)["errcode"] == 43003


async def test_clock_settings_state_and_reset(wechat):
    await wechat.user("bob")
    await wechat.qrcode()
    await wechat.advance(10)
    state = await wechat.control("GET", "/state")
    assert [u["person"] for u in state["users"]] == ["bob"]
    assert state["clock"]["advanced"] == 10
    assert state["accounts"][0]["quotas"]
    assert state["accounts"][0]["tokens"][0]["kind"] == "stable"
    assert len(state["qrcodes"]) == len((await wechat.control("GET", "/qrcodes"))["qrcodes"]) == 1
    for bad in ({"advance": -1}, {"advance": "x"}, {}, {"advance": 1e300}):
        await wechat.control("POST", "/clock", bad, status=400)
    for bad in ({"callback_attempts": 0}, {"typo": 1}, {"content_type": "a\r\nb"}):
        await wechat.control("PATCH", "/settings", bad, status=400)
    await wechat.control("POST", "/reset")
    state = await wechat.control("GET", "/state")
    assert (state["users"], state["qrcodes"], state["clock"]["advanced"]) == ([], [], 0)


async def test_accounts(wechat):
    made = await wechat.control("POST", "/accounts", {"name": "甲", "kind": "test"}, status=201)
    assert len(made["aes_key"]) == 43
    changed = await wechat.control("PATCH", f"/accounts/{made['appid']}", {"mode": "compatible"})
    assert (changed["mode"], changed["name"]) == ("compatible", "甲")
    assert len((await wechat.control("GET", "/accounts"))["accounts"]) == 2
    for bad in (
        {"aes_key": "short"},
        {"token": "a"},
        {"mode": "x"},
        {"typo": 1},
        {"callback_url": "ftp://x"},
        {"callback_url": "http://"},
        {"appid": made["appid"], "secret": 5},
    ):
        await wechat.control("POST", "/accounts", bad, status=400)
    await wechat.control("GET", "/accounts/wx0000000000000000", status=404)
    await wechat.control("PATCH", f"/accounts/{made['appid']}", {"appid": "wx0000000000000000"}, status=400)


async def test_people(wechat):
    first = await wechat.control("POST", "/users")
    again = await wechat.control("POST", "/users", {"person": first["person"]})
    assert again["openid"] == first["openid"]
    await wechat.control("POST", "/users", {"person": "<script>"}, status=400)
    await wechat.control("POST", "/users", {"account": "wx0"}, status=404)
    await wechat.control("GET", "/users/oNobody/messages", status=404)
    await wechat.control("POST", f"/users/{first['openid']}/send", {"text": "x"}, status=409)
    await wechat.act(first["openid"], "follow")
    assert (await wechat.act(first["openid"], "follow"))["outcome"] == "already_following"
    await wechat.act(first["openid"], "send", text="你好")
    chat = (await wechat.control("GET", f"/users/{first['openid']}/chat"))["chat"]
    assert [(line["from"], line["content"]) for line in chat] == [("person", "你好")]


async def test_events_stream(wechat):
    async with wechat.client.get("/sandbox/events") as response:
        assert response.content_type == "text/event-stream"
        assert await response.content.readline() == b": connected\n"
        openid = await wechat.user("eve")
        seen = b""
        async with asyncio.timeout(60):
            while openid.encode() not in seen:
                seen += await response.content.readline()
        assert b"event: person\n" in seen


async def test_menu(wechat):
    menu = {
        "button": [
            {"type": "click", "name": "取码", "key": "CODE"},
            {"name": "更多", "sub_button": [{"type": "view", "name": "官网", "url": "https://example.com/"}]},
        ]
    }
    assert (await wechat.api("/cgi-bin/menu/get"))["errcode"] == 46003
    assert (await wechat.api("/cgi-bin/menu/create", menu))["errcode"] == 0
    assert (await wechat.api("/cgi-bin/menu/get"))["menu"] == menu
    assert (await wechat.api("/cgi-bin/menu/delete"))["errcode"] == 0
    for bad in ({}, {"button": []}, {"button": [{}]}, {"button": [{"name": "x", "type": "y"}]}):
        assert (await wechat.api("/cgi-bin/menu/create", bad))["errcode"] in {40016, 40017, 40018}


async def test_token_guards_control_calls_and_nothing_else(aiohttp_client):
    client = await aiohttp_client(create_app(Platform(), token="t0ken"))
    good = {"Authorization": "Bearer t0ken"}
    for headers, status in [
        ({}, 401),
        ({"Authorization": "Bearer x"}, 401),
        ({"Authorization": "t0ken"}, 401),
        (good, 200),
    ]:
        async with client.get("/sandbox/state", headers=headers) as response:
            assert response.status == status
    async with client.get("/cgi-bin/token") as response:
        assert response.status == 200
    async with client.post("/sandbox/session", json={"token": "x"}) as response:
        assert response.status == 401
    async with client.post("/sandbox/session", json={"token": "t0ken"}) as response:
        assert response.status == 200
        value = response.cookies["sandbox_session"].value
        assert "t0ken" not in value
    async with client.get("/sandbox/state", headers={"Cookie": f"sandbox_session={value}"}) as response:
        assert response.status == 200


async def test_other_sites_cannot_drive_the_sandbox(wechat):
    for origin, status in (("https://evil.example", 403), ("null", 403), (wechat.url, 200)):
        await wechat.control("POST", "/reset", headers={"Origin": origin}, status=status)
    for host, status in (("rebound.example:8081", 403), ("localhost:8081", 200), ("[::1]:8081", 200)):
        await wechat.control("GET", "/state", headers={"Host": host}, status=status)


NAMES = st.sampled_from(
    [
        "touser",
        "template_id",
        "data",
        "url",
        "page",
        "miniprogram",
        "appid",
        "pagepath",
        "msgtype",
        "text",
        "content",
        "news",
        "articles",
        "image",
        "media_id",
        "scene",
        "action_info",
        "action_name",
        "scene_str",
        "scene_id",
        "expire_seconds",
        "openid",
        "user_list",
        "cgi_path",
        "rid",
        "button",
        "name",
        "type",
        "key",
        "list",
        "tid",
        "kidList",
        "sceneDesc",
        "priTmplId",
        "template_id_short",
        "keyword_name_list",
        "industry_id1",
        "title",
        "customservice",
        "remark",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(), inner, max_size=5),
    max_leaves=12,
)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.path)
def test_hostile_bodies_are_refused_never_raised(endpoint):
    platform = Platform()
    account = platform.account(None)
    contact = platform.ensure_contact(platform.person("alice"), account)
    contact.follow(0.0)
    known = {"touser": contact.openid, "template_id": next(iter(account.templates)), "msgtype": "text", "scene": 1}

    @settings(max_examples=25, suppress_health_check=list(HealthCheck), database=None)
    @given(st.dictionaries(NAMES, JSON, max_size=6), st.booleans())
    def attack(body, helpful):
        raw = json.dumps({**body, **known} if helpful else body, ensure_ascii=False).encode("utf-8", "replace")
        query = {name: value for name, value in body.items() if isinstance(value, str)}
        call = Call(platform, endpoint.path, query, raw, "127.0.0.1", platform.clock.now(), "r", account)
        with suppress(ApiError):
            endpoint.act(call)

    attack()


@given(st.binary(max_size=200))
@settings(max_examples=100, database=None)
def test_hostile_replies(raw):
    spec = Platform().default_account
    for body in (raw, b"<xml>" + raw + b"</xml>", b"<xml><Encrypt>" + raw + b"</Encrypt></xml>"):
        with suppress(BadReply):
            read_reply(spec, "o", body)


@pytest.mark.parametrize("path", ["/accounts", "/users", "/faults", "/clock", "/session"])
@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"1", b"[" * 100_000, b'{"a":1}'])
async def test_hostile_control_bodies(wechat, path, body):
    response, _ = await wechat.raw("POST", f"/sandbox{path}", data=body)
    assert response.status == 400
