"""Each call's path and body, its answer's shape, and the one repetition after a refused token."""

import pathlib
import re

import pytest
from aiohttp import web

import codesvc
from codesvc.domain.secret import Secret
from codesvc.wechat import answers
from codesvc.wechat.client import WeChatClient
from codesvc.wechat.errors import Garbled, NoRight, TokenRefused, WeChatError

SECRET = "0123456789abcdef0123456789abcdef"
OPENID = "oABCDEFGHIJKLMNOPQRSTUVWXYZ0"
TEMPLATE = "T" * 43


class Tokens:
    def __init__(self):
        self.replaced = []

    async def get(self):
        return f"57_token{len(self.replaced)}"

    async def replace(self, bad):
        if len(self.replaced) > 1:
            raise TokenRefused("again")
        self.replaced.append(bad)
        return await self.get()


@pytest.fixture
def tokens():
    return Tokens()


@pytest.fixture
def client(peer, http, tokens):
    return WeChatClient(
        appid="wx0123456789abcdef", secret=Secret(SECRET), http=http, tokens=tokens, api_url=peer.url + "/"
    )


async def send_template(client, *, url=None):
    return await client.send_template(
        openid=OPENID, template_id=TEMPLATE, data={"thing1": "登录"}, url=url, client_msg_id="dl_1"
    )


@pytest.mark.parametrize("msgid", [3557254367693750277, "3557254367693750277"])
async def test_send_template(client, peer, msgid):
    peer.answers = [{"errcode": 0, "errmsg": "ok", "msgid": msgid}]
    assert await send_template(client, url="https://example.com/p") == 3557254367693750277
    (asked,) = peer.asked
    assert (asked.method, asked.path, asked.query) == (
        "POST",
        "/cgi-bin/message/template/send",
        {"access_token": "57_token0"},
    )
    assert asked.json == {
        "touser": OPENID,
        "template_id": TEMPLATE,
        "data": {"thing1": {"value": "登录"}},
        "client_msg_id": "dl_1",
        "url": "https://example.com/p",
    }


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
@pytest.mark.parametrize("send", ["send_template", "send_subscription"])
async def test_no_value_is_empty(client, peer, send, empty):
    peer.answers = [{"errcode": 0, "msgid": 1}]
    data = dict.fromkeys(("thing1", "number2", "phrase3", "time4", "remark"), empty) | {"thing5": "登录"}
    link = {"url": None} if send == "send_template" else {"page": None}
    await getattr(client, send)(openid=OPENID, template_id=TEMPLATE, data=data, client_msg_id="dl_1", **link)
    values = {key: item["value"] for key, item in peer.asked[0].json["data"].items()}
    expected = {"thing1": "-", "number2": "0", "phrase3": "未知", "time4": "00:00", "remark": "-", "thing5": "登录"}
    assert values == expected


async def test_a_template_without_a_link_has_no_url(client, peer):
    peer.answers = [{"errcode": 0, "msgid": 1}]
    await send_template(client)
    assert "url" not in peer.asked[0].json


@pytest.mark.parametrize("answer", [{"errcode": 0}, {"msgid": None}, {"msgid": "x"}, {"msgid": 1.5}])
async def test_a_template_accepted_without_a_number(client, peer, answer):
    peer.answers = [answer]
    with pytest.raises(Garbled) as caught:
        await send_template(client)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_refused_token_is_replaced_once_and_the_same_body_sent_again(client, peer, tokens, code):
    peer.answers = [{"errcode": code, "errmsg": "x"}, {"errcode": 0, "msgid": 7}]
    assert await send_template(client) == 7
    assert tokens.replaced == ["57_token0"]
    first, second = peer.asked
    assert first.body == second.body
    assert second.query == {"access_token": "57_token1"}


async def test_a_token_refused_twice_is_the_callers(client, peer, tokens):
    peer.answers = [{"errcode": 40001, "errmsg": "invalid credential"}]
    with pytest.raises(WeChatError) as caught:
        await send_template(client)
    assert caught.value.errcode == 40001
    assert len(peer.asked) == 2
    assert len(tokens.replaced) == 1


async def test_if_no_other_token_is_to_be_had_nothing_more_is_sent(client, peer, tokens):
    tokens.replaced = ["a", "b"]
    peer.answers = [{"errcode": 42001, "errmsg": "expired"}]
    with pytest.raises(TokenRefused):
        await send_template(client)
    assert len(peer.asked) == 1


@pytest.mark.parametrize("code", [-1, 45011, 43004, 41001, 40241])
async def test_everything_else_is_left_to_the_caller(client, peer, tokens, code):
    peer.answers = [{"errcode": code, "errmsg": "x"}]
    with pytest.raises(WeChatError) as caught:
        await send_template(client)
    assert (caught.value.errcode, len(peer.asked), tokens.replaced) == (code, 1, [])


async def test_send_text(client, peer):
    peer.answers = [{"errcode": 0, "errmsg": "ok"}]
    await client.send_text(openid=OPENID, content="验证码 482913")
    assert peer.asked[0].path == "/cgi-bin/message/custom/send"
    assert peer.asked[0].json == {"touser": OPENID, "msgtype": "text", "text": {"content": "验证码 482913"}}


async def test_send_subscription(client, peer):
    peer.answers = [{"errcode": 0, "errmsg": "ok"}]
    await client.send_subscription(
        openid=OPENID, template_id=TEMPLATE, data={"thing1": "x"}, page="https://e.example/", client_msg_id="dl_2"
    )
    assert peer.asked[0].path == "/cgi-bin/message/subscribe/bizsend"
    assert (peer.asked[0].json["page"], peer.asked[0].json["client_msg_id"]) == ("https://e.example/", "dl_2")


async def test_create_qrcode(client, peer):
    peer.answers = [{"ticket": "gQH4", "expire_seconds": 300, "url": "http://weixin.qq.com/q/02w5"}]
    code = await client.create_qrcode(scene="vc_1", expire_seconds=300)
    assert (code.url, code.ticket, code.expire_seconds) == ("http://weixin.qq.com/q/02w5", "gQH4", 300)
    assert "gQH4" not in repr(code)
    assert peer.asked[0].json == {
        "expire_seconds": 300,
        "action_name": "QR_STR_SCENE",
        "action_info": {"scene": {"scene_str": "vc_1"}},
    }


async def test_a_qrcode_that_is_no_address(client, peer):
    peer.answers = [{"ticket": "gQH4", "expire_seconds": 300, "url": "javascript:alert(1)"}]
    with pytest.raises(Garbled):
        await client.create_qrcode(scene="vc_1", expire_seconds=300)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"subscribe": 1, "openid": OPENID, "unionid": "o6_x", "nickname": "\x01"}, (True, "o6_x")),
        ({"subscribe": 0, "openid": OPENID}, (False, None)),
        ({"subscribe": "1"}, (True, None)),
    ],
)
async def test_user_info(client, peer, answer, expected):
    peer.answers = [answer]
    info = await client.user_info(OPENID)
    assert (info.subscribe, info.unionid) == expected
    assert peer.asked[0].path == "/cgi-bin/user/info"
    assert peer.asked[0].query["openid"] == OPENID


async def test_list_templates(client, peer):
    content = "验证码:{{character_string1.DATA}}\n"
    peer.answers = [{"template_list": [{"template_id": TEMPLATE, "title": "t", "content": content, "new": 1}]}]
    assert await client.list_templates() == (answers.Template(template_id=TEMPLATE, title="t", content=content),)
    peer.answers = [{"template_list": [{}]}]
    with pytest.raises(Garbled):
        await client.list_templates()
    peer.answers = [{}]
    with pytest.raises(Garbled):
        await client.list_templates()


async def test_get_quota(client, peer):
    quota = {"daily_limit": 100000, "used": 12, "remain": 99988}
    none = {"call_count": 0, "refresh_second": 0}
    peer.answers = [
        {"errcode": 0, "quota": quota, "rate_limit": {"call_count": 100, "refresh_second": 60}},
        {"errcode": 0, "quota": quota, "rate_limit": none, "component_rate_limit": none},
        {"errcode": 0, "quota": quota},
        {"errcode": 0},
    ]
    rate = answers.Rate(call_count=100, refresh_second=60)
    path = "/cgi-bin/qrcode/create"
    assert await client.get_quota(path) == answers.Quota(**quota, rate=rate)
    assert await client.get_quota(path) == answers.Quota(**quota)
    assert await client.get_quota(path) == answers.Quota(**quota)
    with pytest.raises(Garbled):
        await client.get_quota(path)
    assert peer.asked[0].json == {"cgi_path": path}


async def test_callback_check(client, peer):
    ping = {"ip": "1.2.3.4", "from_operator": "UNICOM", "package_loss": "0%", "time": "23ms"}
    peer.answers = [{"dns": [{"ip": "1.2.3.4", "real_operator": "UNICOM"}], "ping": [ping]}]
    found = await client.callback_check()
    assert found.dns[0].ip == "1.2.3.4"
    assert found.ping[0].package_loss == "0%"


@pytest.mark.parametrize("snapshot", [{}, {"is_snapshotuser": 1}, {"is_snapshotuser": [0]}])
async def test_oauth(client, peer, snapshot):
    peer.answers = [{"access_token": "A", "openid": OPENID, "scope": "snsapi_base", "unionid": "U" * 28, **snapshot}]
    who = await client.oauth_openid("c0de")
    assert (who.openid, who.unionid, who.snapshot) == (OPENID, "U" * 28, bool(snapshot))
    assert OPENID not in repr(who)
    assert "UUUU" not in repr(who)
    (asked,) = peer.asked
    assert (asked.method, asked.path) == ("GET", "/sns/oauth2/access_token")
    assert asked.query == {
        "appid": "wx0123456789abcdef",
        "secret": SECRET,
        "code": "c0de",
        "grant_type": "authorization_code",
    }


@pytest.mark.parametrize("openid", [None, "", "o x", "o" * 65, 5])
async def test_oauth_that_names_nobody(client, peer, openid):
    peer.answers = [{"access_token": "A", "openid": openid}]
    with pytest.raises(Garbled):
        await client.oauth_openid("c0de")


async def test_oauth_errors_show_neither_secret_nor_code(client, peer, caplog):
    peer.answers = [{"errcode": 40163, "errmsg": f"code been used: c0de, secret {SECRET}, hints: [ req_id: abc ]"}]
    with pytest.raises(WeChatError) as caught:
        await client.oauth_openid("c0de")
    assert caught.value.errcode == 40163
    shown = repr(caught.value) + str(caught.value) + caplog.text + repr(client) + repr(client._appsecret)
    assert SECRET not in shown
    assert "c0de" not in shown


async def test_wechatpys_own_calls_can_be_awaited(client, peer):
    peer.answers = [{"menu": {}}, {"errcode": 0, "template_id": "T1"}, {"errcode": 0}, {"errcode": 0, "list": [1]}]
    assert await client.sdk.menu.get() == {"menu": {}}
    assert await client.sdk.template.add("47123") == "T1"
    with pytest.raises(Garbled):
        await client.sdk.template.add("47123")
    assert await client.sdk.wxa.list_templates() == [1]
    assert peer.asked[-1].path == "/cgi-bin/wxopen/template/list"


async def test_wechatpys_way_out_is_closed(client):
    for call in (
        client.sdk.get("https://evil.example/x"),
        client.sdk.post("https://api.weixin.qq.com.evil.example/x"),
        client.sdk.post("x", files={}),
    ):
        with pytest.raises(NotImplementedError):
            await call
    with pytest.raises(AttributeError):
        _ = client.sdk.access_token
    assert not hasattr(client.sdk, "_http")
    assert not hasattr(client.sdk, "session")
    assert not hasattr(client.sdk, "secret")


async def test_parameters_go_out_as_text(client, peer):
    peer.answers = [{"data": 1}]
    await client.sdk.get("user/get", params={"next_openid": 5})
    assert peer.asked[0].query == {"access_token": "57_token0", "next_openid": "5"}


async def test_a_text_body_goes_out_as_it_is(client, peer):
    async def answer(_request):
        return web.json_response({"errcode": 0})

    peer.answers = [answer]
    await client.sdk.post("x", data="raw")
    assert peer.asked[0].body == b"raw"


def test_wechatpy_is_imported_in_one_place():
    root = pathlib.Path(codesvc.__file__).parent
    importing = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if re.search(r"^\s*(import|from) wechatpy\b", path.read_text(), re.MULTILINE)
    }
    assert importing == {"wechat/sdk.py"}


async def test_a_call_without_its_right_is_not_made(peer, http, tokens):
    """An account that can only answer asks WeChat for nothing that it would refuse (48001)."""
    client = WeChatClient(
        appid="wx0123456789abcdef",
        secret=Secret(SECRET),
        http=http,
        tokens=tokens,
        api_url=peer.url,
        rights=frozenset(),
    )
    for call in (
        send_template(client),
        client.send_text(openid=OPENID, content="x"),
        client.send_subscription(openid=OPENID, template_id=TEMPLATE, data={}, page=None, client_msg_id="dl_1"),
        client.create_qrcode(scene="cs_x", expire_seconds=60),
        client.user_info(OPENID),
        client.list_templates(),
        client.oauth_openid("code"),
    ):
        with pytest.raises(NoRight, match="48001"):
            await call
    assert peer.asked == []
    assert tokens.replaced == []
