"""Web authorisation, the one-time subscription page, users (WECHAT.md 11, 7.4, 12)."""

import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from aiohttp import web

from codesvc.sandbox.rights import KINDS

OPEN = "https://open.weixin.qq.com/connect/oauth2/authorize"


@pytest.fixture
async def site(aiohttp_server):
    async def land(request):
        response = web.Response(text=request.headers["User-Agent"] + request.cookies.get("seen", ""))
        response.set_cookie("seen", "yes")
        return response

    app = web.Application()
    app.router.add_route("*", "/back", land)
    return str((await aiohttp_server(app)).make_url("/back"))


def link(wechat, site, scope="snsapi_base", *, state="abc", more="", base=OPEN):
    target = quote(site + "?keep=1", safe="")
    tail = f"&scope={scope}" + (f"&state={state}" if state is not None else "") + more
    return f"{base}?appid={wechat.spec.appid}&redirect_uri={target}&response_type=code{tail}#wechat_redirect"


def query_of(view):
    return {name: value[0] for name, value in parse_qs(urlsplit(view["url"]).query).items()}


async def exchange(wechat, trade, **change):
    query = {
        "appid": wechat.spec.appid,
        "secret": wechat.spec.secret,
        "code": trade,
        "grant_type": "authorization_code",
    }
    return await wechat.call("GET", "/sns/oauth2/access_token", **(query | change))


async def test_silent_scope(wechat, site):
    openid = await wechat.user(follow=False)
    view = await wechat.act(openid, "open", url=link(wechat, site))
    assert (view["outcome"], view["status"]) == ("page", 200)
    assert "MicroMessenger" in view["body"]
    landed = query_of(view)
    assert (landed["keep"], landed["state"]) == ("1", "abc")
    session = await exchange(wechat, landed["code"])
    assert set(session) == {"access_token", "expires_in", "refresh_token", "openid", "scope"}
    assert (session["openid"], session["scope"], session["expires_in"]) == (openid, "snsapi_base", 7200)
    keys = {"access_token": session["access_token"], "openid": openid}
    assert await wechat.call("GET", "/sns/auth", **keys) == {"errcode": 0, "errmsg": "ok"}
    assert (await wechat.call("GET", "/sns/userinfo", **keys))["errcode"] == 48001
    again = await wechat.act(openid, "open", url=site)
    assert again["body"].endswith("yes")


async def test_code_is_good_once_and_for_five_minutes(wechat, site):
    openid = await wechat.user()

    async def fresh():
        return query_of(await wechat.act(openid, "open", url=link(wechat, site)))["code"]

    code = await fresh()
    assert (await exchange(wechat, code, secret="0" * 32))["errcode"] == 40125
    assert "openid" in await exchange(wechat, code)
    refused = await exchange(wechat, code)
    assert refused["errcode"] == 40163
    assert refused["errmsg"].startswith("code been used, rid: ")
    code = await fresh()
    await wechat.advance(300)
    assert (await exchange(wechat, code))["errcode"] == 42003
    other = await wechat.control("POST", "/accounts", {}, status=201)
    code = await fresh()
    for change, errcode in [
        ({"code": "x"}, 40029),
        ({"code": ""}, 41008),
        ({"grant_type": ""}, 40002),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"appid": other["appid"], "secret": other["secret"]}, 40029),
    ]:
        assert (await exchange(wechat, code, **change))["errcode"] == errcode, change


async def test_asked_scope(wechat, site):
    openid = await wechat.user()
    url = link(wechat, site, "snsapi_userinfo")
    asked = await wechat.act(openid, "open", url=url, consent=None)
    assert asked["outcome"] == "asked"
    denied = query_of(await wechat.act(openid, "open", url=url, consent="deny"))
    assert denied == {"keep": "1", "state": "abc"}
    silent = await wechat.act(openid, "open", url=url, consent=None, from_chat=True)
    assert silent["outcome"] == "page"
    popup = link(wechat, site, "snsapi_userinfo", more="&forcePopup=true")
    assert (await wechat.act(openid, "open", url=popup, consent=None, from_chat=True))["outcome"] == "asked"
    session = await exchange(wechat, query_of(await wechat.act(openid, "open", url=url))["code"])
    assert session["unionid"].startswith("o6_")
    profile = await wechat.call(
        "GET", "/sns/userinfo", access_token=session["access_token"], openid=openid, lang="zh_CN"
    )
    assert (profile["nickname"], profile["sex"], profile["privilege"]) == ("alice", 0, [])
    assert profile["unionid"] == session["unionid"]
    for change, errcode in [({"openid": "o"}, 40003), ({"openid": ""}, 41009), ({"access_token": "x"}, 40001)]:
        query = {"access_token": session["access_token"], "openid": openid, **change}
        assert (await wechat.call("GET", "/sns/userinfo", **query))["errcode"] == errcode


async def test_refresh(wechat, site):
    openid = await wechat.user()
    session = await exchange(wechat, query_of(await wechat.act(openid, "open", url=link(wechat, site)))["code"])
    query = {"appid": wechat.spec.appid, "grant_type": "refresh_token", "refresh_token": session["refresh_token"]}
    await wechat.advance(7200)
    keys = {"access_token": session["access_token"], "openid": openid}
    assert (await wechat.call("GET", "/sns/auth", **keys))["errcode"] == 42001
    renewed = await wechat.call("GET", "/sns/oauth2/refresh_token", **query)
    assert renewed["access_token"] != session["access_token"]
    assert renewed["refresh_token"] == session["refresh_token"]
    assert "unionid" not in renewed
    await wechat.advance(30 * 86400)
    for change, errcode in [
        ({}, 42002),
        ({"refresh_token": "x"}, 40030),
        ({"refresh_token": ""}, 41003),
        ({"grant_type": "x"}, 40002),
        ({"appid": "x"}, 40013),
        ({"appid": ""}, 41002),
    ]:
        assert (await wechat.call("GET", "/sns/oauth2/refresh_token", **(query | change)))["errcode"] == errcode


async def test_snapshot_user_is_virtual(wechat, site):
    openid = await wechat.user()
    url = link(wechat, site, "snsapi_userinfo", more="&forceSnapShot=true")
    session = await exchange(wechat, query_of(await wechat.act(openid, "open", url=url))["code"])
    assert session["is_snapshotuser"] == 1
    assert session["openid"] != openid
    assert (await wechat.api("/cgi-bin/user/info", openid=session["openid"]))["errcode"] == 40003
    await wechat.control("PATCH", f"/users/{openid}", {"snapshot": True})
    url = link(wechat, site, "snsapi_userinfo")
    again = await exchange(wechat, query_of(await wechat.act(openid, "open", url=url))["code"])
    assert again["openid"] == session["openid"]


async def test_error_pages(wechat, site):
    openid = await wechat.user()
    good = link(wechat, site)
    pages = {
        good.replace(wechat.spec.appid, ""): "10012",
        good.replace(wechat.spec.appid, "wx0"): "10016",
        good.replace("scope=snsapi_base", "scope="): "10010",
        good.replace("snsapi_base", "snsapi_login"): "10005",
        re.sub("redirect_uri=[^&]*", "redirect_uri=", good): "10011",
        good.replace("response_type=code", "response_type=token"): "response_type",
        good.replace("&response_type=code&scope=snsapi_base", "&scope=snsapi_base&response_type=code"): "顺序",
        re.sub("redirect_uri=[^&]*", "redirect_uri=javascript%3Aalert(1)", good): "10003",
    }
    for url, text in pages.items():
        view = await wechat.act(openid, "open", url=url)
        assert (view["outcome"], view["status"]) == ("page", 200), url
        assert text in view["body"], url
    assert (await wechat.act(openid, "open", url=good.partition("#")[0]))["outcome"] == "no_fragment"
    assert "code" in query_of(await wechat.act(openid, "open", url=link(wechat, site, state=None)))
    netloc = urlsplit(site).netloc
    for domain, allowed in ((netloc, True), (netloc.partition(":")[0], False), ("example.com", False)):
        await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"oauth_domain": domain})
        view = await wechat.act(openid, "open", url=good)
        assert ("10003" not in view["body"]) == allowed
    await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"oauth_domain": None, "kind": "test"})
    stranger = await wechat.user("bob", follow=False)
    assert "10006" in (await wechat.act(stranger, "open", url=good))["body"]


async def test_authorize_over_http_with_a_cookie(wechat, site):
    openid = await wechat.user("王小明")
    path = link(wechat, site, "snsapi_userinfo", base="/connect/oauth2/authorize").partition("#")[0]
    client = wechat.client
    async with client.get(path, allow_redirects=False) as response:
        assert "请在微信客户端打开链接" in await response.text()
    headers = {"Cookie": f"sandbox_person={quote('王小明')}"}
    async with client.get(path, headers=headers, allow_redirects=False) as response:
        text = await response.text()
    ticket = re.search(r'name="ticket" value="([^"]+)"', text)[1]
    form = {"ticket": ticket, "answer": "allow"}
    async with client.post(path, data=form, headers=headers, allow_redirects=False) as response:
        assert response.status == 302
        code = parse_qs(urlsplit(response.headers["Location"]).query)["code"][0]
    assert (await exchange(wechat, code))["openid"] == openid
    async with client.post(path, data=form, headers=headers, allow_redirects=False) as response:
        assert "页面已失效" in await response.text()
    base = path.replace("snsapi_userinfo", "snsapi_base")
    async with client.get(base, headers={"X-Sandbox-Person": openid}, allow_redirects=False) as response:
        assert response.status == 302


async def test_one_time_subscription(wechat, site):
    openid = await wechat.user()
    page = (
        f"https://mp.weixin.qq.com/mp/subscribemsg?action=get_confirm&appid={wechat.spec.appid}&scene=1000"
        f"&template_id=T1&redirect_url={quote(site, safe='')}&reserved=r#wechat_redirect"
    )
    send = "/cgi-bin/message/template/subscribe"
    body = {
        "touser": openid,
        "template_id": "T1",
        "url": "https://example.com/",
        "scene": "1000",
        "title": "验证码",
        "data": {"content": {"value": "482913", "color": "red"}},
    }
    assert (await wechat.api(send, body))["errcode"] == 43101
    cancelled = query_of(await wechat.act(openid, "open", url=page, consent="deny"))
    assert cancelled == {"template_id": "T1", "scene": "1000", "action": "cancel", "reserved": "r"}
    confirmed = query_of(await wechat.act(openid, "open", url=page))
    assert confirmed == {"openid": openid, "template_id": "T1", "scene": "1000", "action": "confirm", "reserved": "r"}
    assert (await wechat.api(send, {**body, "title": "x" * 16}))["errcode"] == 40035
    for value in ({}, {"content": {"value": ""}}, {"content": {"value": "字" * 201}}):
        assert (await wechat.api(send, {**body, "data": value}))["errcode"] == 47003
    assert [(await wechat.api(send, body))["errcode"] for _ in range(2)] == [0, 43101]
    [message] = await wechat.messages(openid)
    assert (message["title"], message["content"]) == ("验证码", "482913")
    for scene in ("10001", "0000001000000", "-1", "1" * 5_000):
        bad = page.replace("scene=1000", f"scene={scene}")
        assert "错误" in (await wechat.act(openid, "open", url=bad))["body"], scene[:20]
    # A scene is a number, on the page as in the call.
    query_of(await wechat.act(openid, "open", url=page.replace("scene=1000", "scene=01000")))
    assert (await wechat.api(send, body))["errcode"] == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_the_page_of_one_time_subscriptions_belongs_to_whom_may_send_them(wechat, site, kind):
    await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"kind": kind})
    page = f"/mp/subscribemsg?action=get_confirm&appid={wechat.spec.appid}&scene=1&template_id=T1&redirect_url={site}"
    shown = await wechat.act(await wechat.user(), "open", url=f"https://mp.weixin.qq.com{page}#wechat_redirect")
    allowed = kind in {"verified_service", "verified_subscription", "test"}
    assert ("权限" in shown["body"]) is not allowed


async def test_browser_gives_up_politely(wechat, unused_tcp_port):
    openid = await wechat.user()
    assert (await wechat.act(openid, "open", url=f"http://127.0.0.1:{unused_tcp_port}/"))["outcome"] == "unreachable"
    await wechat.control("POST", f"/users/{openid}/open", {"url": "file:///etc/passwd"}, status=400)


async def test_users(wechat):
    openid, other = await wechat.user(), await wechat.user("bob", follow=False)
    seen = await wechat.api("/cgi-bin/user/info", openid=openid, lang="zh_CN")
    assert re.fullmatch(r"o[0-9A-Za-z_-]{27}", openid)
    assert seen["subscribe"] == 1
    assert seen["subscribe_scene"] == "ADD_SCENE_SEARCH"
    assert set(await wechat.api("/cgi-bin/user/info", openid=other)) == {"subscribe", "openid", "unionid"}
    for bad in (openid + ";", "\r" + openid, "oNobody"):
        assert (await wechat.api("/cgi-bin/user/info", openid=bad))["errcode"] == 40003
    assert (await wechat.api("/cgi-bin/user/info"))["errcode"] == 41009
    batch = "/cgi-bin/user/info/batchget"
    listed = await wechat.api(batch, {"user_list": [{"openid": openid, "lang": "en"}, {"openid": other}]})
    assert [u["subscribe"] for u in listed["user_info_list"]] == [1, 0]
    assert (await wechat.api(batch, {"user_list": []}))["errcode"] == 40032
    assert (await wechat.api(batch, {"user_list": [{"openid": openid}] * 101}))["errcode"] == 40032
    assert (await wechat.api(batch, {"user_list": ["x"]}))["errcode"] == 40003
    assert (await wechat.api("/cgi-bin/user/info/updateremark", {"openid": openid, "remark": "备注"}))["errcode"] == 0
    assert (await wechat.api("/cgi-bin/user/info", openid=openid))["remark"] == "备注"


async def test_pages_of_followers(wechat):
    await wechat.settings(page_size=2)
    followers = [await wechat.user(name) for name in "abcd"]
    seen, after = [], ""
    for _ in range(2):
        page = await wechat.api("/cgi-bin/user/get", next_openid=after)
        assert (page["total"], page["count"], page["next_openid"]) == (4, 2, page["data"]["openid"][-1])
        seen += page["data"]["openid"]
        after = page["next_openid"]
    assert seen == followers
    assert await wechat.api("/cgi-bin/user/get", next_openid=after) == {"total": 4, "count": 0, "next_openid": ""}
    assert (await wechat.api("/cgi-bin/user/get", next_openid="oNobody"))["errcode"] == 40003
