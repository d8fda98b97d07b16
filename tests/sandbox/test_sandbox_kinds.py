"""What each kind of account may do (KINDS.md 2, 3): each call of the sandbox, for each kind."""

import re
from pathlib import Path

import pytest

from codesvc.sandbox.api.table import ENDPOINTS
from codesvc.sandbox.rights import KINDS, Right, grant
from codesvc.sandbox.test_client import ControlCallError, Sandbox

pytest_plugins = ["pytester"]

# KINDS.md 2, copied by hand and not from the code: who gets 48001. P: personal or unverified subscription account, VS:
# verified subscription account, US: unverified service account, V: verified service account, T: test account.
P, VS, US, V, T = "unverified_subscription", "verified_subscription", "unverified_service", "verified_service", "test"
REFUSED = {
    "/cgi-bin/qrcode/create": {P, VS, US},
    "/cgi-bin/menu/create": {P},
    "/cgi-bin/menu/get": {P},
    "/cgi-bin/menu/delete": {P},
    "/cgi-bin/message/custom/send": {P, US},
    "/cgi-bin/message/custom/typing": {P, US},
    "/cgi-bin/message/template/send": {P, VS, US},
    "/cgi-bin/message/template/subscribe": {P, US},
    "/cgi-bin/message/subscribe/bizsend": {P, VS, US},
    "/cgi-bin/template/get_all_private_template": {P, VS, US},
    "/cgi-bin/template/api_add_template": {P, VS, US},
    "/cgi-bin/user/info": {P, US},
    "/cgi-bin/user/info/batchget": {P, US},
    "/cgi-bin/user/info/updateremark": {P, US},
    "/cgi-bin/user/get": {P, US},
    "/cgi-bin/get_api_domain_ip": set(),
    "/cgi-bin/getcallbackip": set(),
    "/cgi-bin/callback/check": set(),
    "/cgi-bin/openapi/quota/get": set(),
    "/cgi-bin/openapi/rid/get": set(),
}


async def become(wechat, kind):
    return await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"kind": kind})


@pytest.mark.parametrize("kind", [P, VS, US, V, T])
async def test_calls_that_a_kind_may_not_make(wechat, kind):
    await become(wechat, kind)
    methods = {endpoint.path: endpoint.method for endpoint in ENDPOINTS}
    token = await wechat.token()
    for path, refused in REFUSED.items():
        body = {} if methods[path] == "POST" else None
        answer = await wechat.call(methods[path], path, body, access_token=token)
        if kind in refused:
            assert answer["errcode"] == 48001, path
            assert re.fullmatch(r"api unauthorized rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}", answer["errmsg"])
        else:
            assert answer.get("errcode") != 48001, path
    # The token is sound, and a refused call has cost no quota.
    quota = await wechat.call(
        "POST", "/cgi-bin/openapi/quota/get", {"cgi_path": "/cgi-bin/menu/get"}, access_token=token
    )
    assert quota["quota"]["used"] == (0 if kind == P else 1)


async def test_a_menu_message_is_refused_by_its_own_errcode(wechat):
    openid = await wechat.user()
    body = {"touser": openid, "msgtype": "msgmenu", "msgmenu": {"list": [{"id": "1", "content": "确认"}]}}
    for kind, errcode in ((P, 48001), (VS, 40200), (US, 48001), (V, 0), (T, 40200)):
        await become(wechat, kind)
        assert (await wechat.api("/cgi-bin/message/custom/send", body))["errcode"] == errcode, kind


async def test_web_authorisation_belongs_to_service_accounts(wechat):
    openid = await wechat.user()
    url = (
        f"https://open.weixin.qq.com/connect/oauth2/authorize?appid={wechat.spec.appid}"
        f"&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2F&response_type=code&scope=snsapi_base&state=a#wechat_redirect"
    )
    for kind in (P, VS, US, V, T):
        await become(wechat, kind)
        view = await wechat.act(openid, "open", url=url)
        assert ("10005" in view["body"]) == (kind in {P, VS, US}), kind
    code = re.search(r"code=(\w+)", view["url"])[1]
    await become(wechat, P)  # the verification has lapsed meanwhile
    query = {"appid": wechat.spec.appid, "secret": wechat.spec.secret, "code": code, "grant_type": "authorization_code"}
    assert (await wechat.call("GET", "/sns/oauth2/access_token", **query))["errcode"] == 48001


async def test_a_personal_account_hears_messages_and_follows_and_nothing_else(wechat, callback):
    code = await wechat.qrcode()
    await become(wechat, P)
    await wechat.callback_at(callback.url, mode="plaintext")
    alice, bob = await wechat.user("alice", follow=False), await wechat.user("bob")
    assert (await wechat.act(alice, "scan", url=code["url"]))["outcome"] == "awaiting_follow"
    await wechat.act(alice, "follow")
    assert "<EventKey><![CDATA[]]></EventKey>" in callback.got[-1][2]
    heard = len(callback.got)
    assert (await wechat.act(bob, "scan", url=code["url"]))["outcome"] == "no_event"
    await wechat.control("POST", f"/users/{bob}/click", {"key": "CODE"}, status=409)
    assert len(callback.got) == heard
    callback.will(
        f"<xml><ToUserName>{bob}</ToUserName><FromUserName>{wechat.spec.original_id}</FromUserName>"
        "<CreateTime>1</CreateTime><MsgType>text</MsgType><Content>482913</Content></xml>"
    )
    said = await wechat.act(bob, "send", text="5vgf atc2")
    assert [message["content"] for message in said["messages"]] == ["482913"]


@pytest.mark.parametrize("kind", [P, V])
async def test_the_accounts_own_picture_leads_to_following(wechat, callback, kind):
    account = await become(wechat, kind)
    await wechat.callback_at(callback.url, mode="plaintext")
    response, picture = await wechat.raw("GET", "/qr/code", query={"username": wechat.spec.original_id})
    assert (response.status, response.content_type, picture[:3]) == (200, "image/jpg", b"\xff\xd8\xff")
    assert (await wechat.raw("GET", "/qr/code", query={"username": "gh_000000000000"}))[0].status == 404
    address = f"https://open.weixin.qq.com/qr/code?username={wechat.spec.original_id}"
    for name, text in (("alice", account["profile_url"]), ("bob", address)):
        openid = await wechat.user(name, follow=False)
        assert (await wechat.act(openid, "scan", url=text))["outcome"] == "awaiting_follow"
        await wechat.act(openid, "follow")
        assert "qrscene" not in callback.got[-1][2]
        heard = len(callback.got)
        assert (await wechat.act(openid, "scan", url=text))["outcome"] == "profile"
        assert len(callback.got) == heard
        if kind == V:
            user = await wechat.api("/cgi-bin/user/info", openid=openid)
            assert (user["subscribe_scene"], user["qr_scene_str"]) == ("ADD_SCENE_QR_CODE", "")


async def test_an_account_is_made_as_one_of_the_kinds(wechat):
    for kind in KINDS:
        made = await wechat.control("POST", "/accounts", {"kind": kind}, status=201)
        assert (made["kind"], made["verified"]) == (kind, kind in {V, VS})
    assert (await wechat.control("POST", "/accounts", {}, status=201))["kind"] == V
    # The words that stood here before the kinds did.
    for given, kind in (
        ({"kind": "service"}, V),
        ({"kind": "service", "verified": False}, US),
        ({"verified": False}, US),
        ({"kind": VS, "verified": False}, P),
        ({"kind": P, "verified": True}, VS),
        ({"kind": "test", "verified": False}, T),
    ):
        assert (await wechat.control("POST", "/accounts", given, status=201))["kind"] == kind
    for wrong in ("personal", None, 1, ""):
        await wechat.control("POST", "/accounts", {"kind": wrong}, status=400)


def test_every_right_has_a_cell_for_every_kind():
    cells = [grant(kind, right) for kind in KINDS for right in Right]
    assert {cell.confidence for cell in cells} == {"high", "medium", "low", "open"}
    assert not any(grant(P, right).allowed for right in Right)
    assert all(grant(V, right).allowed for right in Right)


def test_the_manual_shows_the_table_of_the_code():
    page = (Path(__file__).parents[2] / "docs" / "en" / "sandbox-reference.md").read_text(encoding="utf-8")
    section = page.partition("{#rights}")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` [^|]+\|(.+)\|$", section, re.MULTILINE)
    shown = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}
    marks = {"high": ""} | {mark: f" ({mark})" for mark in ("medium", "low", "open")}

    def cell(kind, right):
        found = grant(kind, right)
        return ("yes" if found.allowed else "no") + marks[found.confidence]

    assert shown == {right.value: [cell(kind, right) for kind in (P, VS, US, V, T)] for right in Right}


def test_a_test_suite_chooses_the_kind():
    with Sandbox(kind=P) as wechat:
        query = f"grant_type=client_credential&appid={wechat.account.appid}&secret={wechat.account.secret}"
        token = wechat.control("GET", f"/cgi-bin/token?{query}")["access_token"]
        assert wechat.control("GET", f"/cgi-bin/user/get?access_token={token}")["errcode"] == 48001
        wechat.change_account(kind=V)
        assert wechat.control("GET", f"/cgi-bin/user/get?access_token={token}")["total"] == 0
        with pytest.raises(ControlCallError, match="kind"):
            wechat.change_account(kind="shop")


def test_plugin_takes_the_kind_from_a_marker(pytester):
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(
        """
        import pytest

        pytest_plugins = ["codesvc.sandbox.pytest_plugin"]
        pytestmark = pytest.mark.wechat_account(kind="verified_subscription", mode="plaintext")

        def account(sandbox):
            return sandbox.control("GET", f"/sandbox/accounts/{sandbox.account.appid}")

        def test_of_the_module(wechat_sandbox):
            assert account(wechat_sandbox)["kind"] == "verified_subscription"

        @pytest.mark.wechat_account(kind="test")
        def test_of_its_own(wechat_sandbox):
            assert account(wechat_sandbox)["kind"] == "test"
            assert account(wechat_sandbox)["mode"] == "plaintext"
        """
    )
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "--strict-markers").assert_outcomes(passed=2)
