"""What strangers found who used the sandbox for projects of their own."""

import re

import pytest

from codesvc.sandbox.account import DEFAULT_ACCOUNT
from codesvc.sandbox.api.call import Call
from codesvc.sandbox.api.token import fetch_token
from codesvc.sandbox.errcodes import ApiError
from codesvc.sandbox.platform import Platform
from tests.sandbox.test_sandbox_callback import reply


async def oauth(wechat, openid, scope="snsapi_userinfo", **more):
    link = (
        f"https://open.weixin.qq.com/connect/oauth2/authorize?appid={wechat.spec.appid}"
        f"&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2F&response_type=code&scope={scope}&state=a#wechat_redirect"
    )
    view = await wechat.act(openid, "open", url=link)
    code = re.search("code=([^&]+)", view["url"])[1]
    keys = {"appid": wechat.spec.appid, "secret": wechat.spec.secret, "grant_type": "authorization_code"}
    return await wechat.call("GET", "/sns/oauth2/access_token", code=code, **keys, **more)


async def test_an_account_bound_to_no_open_platform_sees_no_unionid(wechat):
    await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"owner": None})
    openid, other = await wechat.user(), await wechat.user("bob", follow=False)
    assert "unionid" not in await wechat.api("/cgi-bin/user/info", openid=openid)
    assert await wechat.api("/cgi-bin/user/info", openid=other) == {"subscribe": 0, "openid": other}
    session = await oauth(wechat, openid)
    assert "unionid" not in session
    token = {"access_token": session["access_token"], "openid": session["openid"]}
    assert "unionid" not in await wechat.call("GET", "/sns/userinfo", **token)
    await wechat.control("PATCH", f"/users/{openid}", {"snapshot": True})
    virtual = await oauth(wechat, openid)
    assert (virtual["is_snapshotuser"], "unionid" in virtual) == (1, False)
    assert (await wechat.control("GET", f"/users/{openid}"))["unionid"] is None


async def test_a_unionid_follows_the_account_to_another_owner(wechat):
    openid = await wechat.user()
    before = (await wechat.api("/cgi-bin/user/info", openid=openid))["unionid"]
    await wechat.control("PATCH", f"/accounts/{wechat.spec.appid}", {"owner": "else"})
    after = (await wechat.api("/cgi-bin/user/info", openid=openid))["unionid"]
    assert before != after == (await oauth(wechat, openid))["unionid"]


async def test_tokens_of_every_account_are_revoked_where_none_is_named(wechat):
    other = await wechat.control("POST", "/accounts", {}, status=201)
    keys = {"grant_type": "client_credential", "appid": other["appid"], "secret": other["secret"]}
    foreign = (await wechat.call("GET", "/cgi-bin/token", **keys))["access_token"]
    own = await wechat.token()
    await wechat.control("POST", "/faults", {"kind": "revoke_token", "account": other["appid"]})
    assert (await wechat.call("GET", "/cgi-bin/getcallbackip", access_token=foreign))["errcode"] == 40001
    assert "ip_list" in await wechat.call("GET", "/cgi-bin/getcallbackip", access_token=own)
    await wechat.call("GET", "/cgi-bin/token", **keys)
    assert (await wechat.control("POST", "/faults", {"kind": "revoke_token"}))["revoked"] == 2


async def test_a_fault_of_an_account_hits_a_call_that_names_it_in_its_body(wechat):
    other = await wechat.control("POST", "/accounts", {}, status=201)
    path, keys = "/cgi-bin/stable_token", {"grant_type": "client_credential"}
    theirs = keys | {"appid": other["appid"], "secret": other["secret"]}
    ours = keys | {"appid": wechat.spec.appid, "secret": wechat.spec.secret}
    await wechat.control(
        "POST", "/faults", {"kind": "errcode", "errcode": 40164, "path": path, "account": other["appid"]}, status=201
    )
    assert (await wechat.call("POST", path, theirs))["errcode"] == 40164
    assert "access_token" in await wechat.call("POST", path, ours)


async def test_a_reply_to_an_unsubscribe_is_read_by_nobody(wechat, callback):
    openid = await wechat.user()
    await wechat.callback_at(callback.url)
    callback.will(lambda _query, _text: reply(wechat.spec, openid))
    said = await wechat.act(openid, "unfollow")
    assert (said["callback"]["status"], said["messages"]) == ("success", [])
    assert await wechat.messages(openid) == []


async def test_a_message_is_answered_with_one_article_an_event_with_eight(wechat, callback):
    item = "<item><Title>t</Title><Description>d</Description><PicUrl>p</PicUrl><Url>u</Url></item>"
    openid = await wechat.user(follow=False)
    news = (
        f"<xml><ToUserName>{openid}</ToUserName><FromUserName>{wechat.spec.original_id}</FromUserName>"
        f"<CreateTime>1</CreateTime><MsgType>news</MsgType><ArticleCount>9</ArticleCount>"
        f"<Articles>{item * 9}</Articles></xml>"
    )
    await wechat.callback_at(callback.url, mode="plaintext")
    callback.will(news, news)
    followed, sent = await wechat.act(openid, "follow"), await wechat.act(openid, "send", text="x")
    assert [len(said["messages"][0]["articles"]) for said in (followed, sent)] == [8, 1]


async def test_quotas_of_calls_that_the_sandbox_does_not_have(wechat):
    for path, limit in (("message/mass/send", 100), ("media/upload", 100_000), ("media/get", 200_000)):
        shown = await wechat.api("/cgi-bin/openapi/quota/get", {"cgi_path": f"/cgi-bin/{path}"})
        assert shown["quota"] == {"daily_limit": limit, "used": 0, "remain": limit}


async def test_a_question_does_not_outlive_a_reset(wechat):
    openid = await wechat.user()
    link = (
        f"https://open.weixin.qq.com/connect/oauth2/authorize?appid={wechat.spec.appid}"
        "&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2F&response_type=code&scope=snsapi_userinfo&state=a#wechat_redirect"
    )
    view = await wechat.act(openid, "open", url=link, consent=None)
    ticket = re.search('name="ticket" value="([^"]+)"', view["body"])[1]
    await wechat.control("POST", "/reset")
    form = {"ticket": ticket, "answer": "allow"}
    response, raw = await wechat.raw("POST", "/connect/oauth2/authorize", data=form)
    assert (response.status, "页面已失效" in raw.decode()) == (200, True)


@pytest.mark.parametrize(("remote", "mapped"), [("1.2.3.4", "::ffff:1.2.3.4"), ("2001:db8::7", "2001:db8::7")])
async def test_the_address_in_40164(remote, mapped):
    platform = Platform()
    platform.put_account(type(DEFAULT_ACCOUNT)(**{**vars(DEFAULT_ACCOUNT), "ip_whitelist": ("9.9.9.9",)}))
    query = {"grant_type": "client_credential", "appid": DEFAULT_ACCOUNT.appid, "secret": DEFAULT_ACCOUNT.secret}
    with pytest.raises(ApiError, match=f"40164: invalid ip {remote} ipv6 {mapped}, not in whitelist"):
        fetch_token(Call(platform, "/cgi-bin/token", query, b"", remote, 0.0, ""))
