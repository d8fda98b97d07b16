"""Website login: `/connect/qrconnect` with an appid of its own, a scan, a confirmation on the phone, and a code."""

import json
import re
from urllib.parse import parse_qs, quote, unquote, urlsplit

import pytest

from codesvc.sandbox.website import CONFIRM_URL, DEFAULT_WEBSITE

BACK = "http://127.0.0.1:9/back?a=1"


async def page(wechat, **changes):
    query = {
        "appid": DEFAULT_WEBSITE.appid,
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": "snsapi_login",
        "state": "s-1_a.b",
        **changes,
    }
    text = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items() if value is not None)
    response, raw = await wechat.raw("GET", f"/connect/qrconnect?{text}")
    assert (response.status, response.content_type) == (200, "text/html")
    return raw.decode()


def uuid_of(html):
    return re.search(r'data-uuid="(\w{16})"', html)[1]


async def poll(wechat, uuid):
    _, raw = await wechat.raw("GET", "/connect/l/qrconnect", query={"uuid": uuid})
    return re.fullmatch(rb"window.wx_errcode=(\d+);window.wx_code='(\w*)';", raw).groups()


async def exchange(wechat, code, **changes):
    query = {"appid": DEFAULT_WEBSITE.appid, "secret": DEFAULT_WEBSITE.secret, "grant_type": "authorization_code"}
    return await wechat.call("GET", "/sns/oauth2/access_token", **(query | {"code": code} | changes))


async def test_a_person_logs_in_at_a_website(wechat):
    openid = await wechat.user("alice", follow=False)
    uuid = uuid_of(await page(wechat))
    assert await poll(wechat, uuid) == (b"408", b"")
    response, picture = await wechat.raw("GET", f"/connect/qrcode/{uuid}")
    assert (response.status, picture[:3]) == (200, b"\xff\xd8\xff")
    scanned = await wechat.act(openid, "scan", url=CONFIRM_URL + uuid, consent=None)
    assert (scanned["outcome"], scanned["website"]) == ("scanned", DEFAULT_WEBSITE.appid)
    assert await poll(wechat, uuid) == (b"404", b"")
    assert (await wechat.act(openid, "scan", url=CONFIRM_URL + uuid))["outcome"] == "confirmed"
    status, code = await poll(wechat, uuid)
    assert status == b"405"
    assert (await exchange(wechat, code.decode(), secret="x" * 32))["errcode"] == 40125
    assert (await exchange(wechat, code.decode(), secret=""))["errcode"] == 41004
    session = await exchange(wechat, code.decode())
    assert (session["scope"], session["expires_in"]) == ("snsapi_login", 7200)
    assert session["openid"] != openid  # the website is another application than the account
    account = await wechat.api("/cgi-bin/user/info", openid=await wechat.user("alice"))
    assert session["unionid"] == account["unionid"]
    known = {"access_token": session["access_token"], "openid": session["openid"]}
    assert (await wechat.call("GET", "/sns/userinfo", **known))["nickname"] == "alice"
    assert (await wechat.call("GET", "/sns/auth", **known))["errcode"] == 0
    again = {"appid": DEFAULT_WEBSITE.appid, "grant_type": "refresh_token", "refresh_token": session["refresh_token"]}
    assert (await wechat.call("GET", "/sns/oauth2/refresh_token", **again))["openid"] == session["openid"]
    assert (await exchange(wechat, code.decode()))["errcode"] == 40163
    # A code of the website is none of the account, and the other way round.
    assert (await exchange(wechat, code.decode(), appid=wechat.spec.appid, secret=wechat.spec.secret))[
        "errcode"
    ] == 40029


async def test_a_person_declines(wechat):
    openid, uuid = await wechat.user(), uuid_of(await page(wechat))
    assert (await wechat.act(openid, "scan", url=CONFIRM_URL + uuid, consent="deny"))["outcome"] == "denied"
    assert await poll(wechat, uuid) == (b"403", b"")
    assert (await wechat.act(openid, "scan", url=CONFIRM_URL + uuid))["outcome"] == "denied"


async def test_a_page_and_a_code_end(wechat):
    openid, uuid = await wechat.user(), uuid_of(await page(wechat))
    await wechat.act(openid, "scan", url=CONFIRM_URL + uuid)
    _, code = await poll(wechat, uuid)
    await wechat.advance(300)
    assert await poll(wechat, uuid) == (b"402", b"")
    await wechat.control("POST", f"/users/{openid}/scan", {"url": CONFIRM_URL + uuid}, status=404)
    assert (await wechat.raw("GET", f"/connect/qrcode/{uuid}"))[0].status == 404
    await wechat.advance(300)
    assert (await exchange(wechat, code.decode()))["errcode"] == 42003
    assert await poll(wechat, "0" * 16) == (b"402", b"")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"appid": "wx0000000000000000"}, "AppID 参数错误"),
        ({"appid": None}, "AppID 参数错误"),
        ({"appid": "wx3f1c5a9e7b2d4860"}, "Scope 参数错误或没有 Scope 权限"),  # an official account
        ({"scope": "snsapi_base"}, "Scope 参数错误或没有 Scope 权限"),
        ({"scope": None}, "Scope 参数错误或没有 Scope 权限"),
        ({"redirect_uri": ""}, "redirect_uri 参数错误"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri 参数错误"),
        ({"redirect_uri": "http://elsewhere.example/"}, "redirect_uri 参数错误"),
        ({"response_type": "token"}, "response_type 参数错误"),
        ({"state": "a" * 129}, "state 参数过长"),
    ],
)
async def test_links_that_are_wrong(wechat, change, words):
    await wechat.control("POST", "/websites", {"appid": DEFAULT_WEBSITE.appid, "domain": "127.0.0.1:9"})
    assert words in await page(wechat, **change)
    assert "data-uuid" in await page(wechat)


async def test_no_text_of_a_link_becomes_a_part_of_the_page(wechat):
    bad = "</script><script>alert(1)</script>\"'\\"
    for change in (
        {"state": bad},
        {"redirect_uri": f"http://e/?{bad}"},
        {"redirect_uri": f"http://e/{quote(bad)}#{bad}"},
    ):
        html = await page(wechat, **change)
        assert "alert(1)</script>" not in html
        assert html.count("<script>") == 1


@pytest.mark.parametrize("word", ["UUID", "TARGET", "$uuid", "$target", "{body}"])
async def test_a_page_leads_back_to_the_address_as_it_was_given(wechat, word):
    html = await page(wechat, redirect_uri=f"http://127.0.0.1:9/{word}?a={word}", state=word)
    target, place = re.search(r"location\.replace\((\"[^\"]*\")\.replace\(\"([^\"]*)\"", html).groups()
    assert json.loads(target).count(place) == 1
    back = urlsplit(json.loads(target).replace(place, "CODE", 1))
    assert unquote(back.path) == f"/{word}"
    assert parse_qs(back.query) == {"a": [word], "code": ["CODE"], "state": [word]}


async def test_websites_are_made_and_changed(wechat):
    [default] = (await wechat.control("GET", "/websites"))["websites"]
    assert default["appid"] == DEFAULT_WEBSITE.appid
    made = await wechat.control("POST", "/websites", {"name": "另一个"}, status=201)
    changed = await wechat.control("POST", "/websites", {"appid": made["appid"], "owner": "else"}, status=200)
    assert (changed["name"], changed["owner"], changed["secret"]) == ("另一个", "else", made["secret"])
    for wrong in ({"appid": "x"}, {"secret": ""}, {"no": 1}, {"name": 1}):
        await wechat.control("POST", "/websites", wrong, status=400)
    await wechat.control("POST", "/websites", {"appid": wechat.spec.appid}, status=409)
    await wechat.control("POST", "/accounts", {"appid": made["appid"]}, status=409)
    await wechat.control("POST", "/reset", {})
    assert (await wechat.control("GET", "/websites"))["websites"] == [default]
