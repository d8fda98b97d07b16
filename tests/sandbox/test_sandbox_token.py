"""Tokens, quotas, network calls (WECHAT.md 3, 4)."""

import pytest

CODE = "errcode"


async def ips(wechat, token):
    return (await wechat.call("GET", "/cgi-bin/get_api_domain_ip", access_token=token)).get(CODE, 0)


async def test_shape(wechat):
    answer = await wechat.call(
        "GET", "/cgi-bin/token", grant_type="client_credential", appid=wechat.spec.appid, secret=wechat.spec.secret
    )
    assert set(answer) == {"access_token", "expires_in"}
    assert answer["expires_in"] == 7200
    assert len(answer["access_token"]) == 136
    assert answer["access_token"][:2].isdigit()
    assert answer["access_token"][2] == "_"


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"grant_type": "x"}, 40002),
        ({"grant_type": ""}, 40002),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": "0" * 32}, 40125),
        ({"secret": "秘密"}, 40125),
    ],
)
async def test_wrong_credentials(wechat, change, errcode):
    query = {"grant_type": "client_credential", "appid": wechat.spec.appid, "secret": wechat.spec.secret, **change}
    assert (await wechat.call("GET", "/cgi-bin/token", **query))[CODE] == errcode
    assert (await wechat.call("POST", "/cgi-bin/stable_token", query))[CODE] == errcode


async def test_old_token_overlaps_and_third_kills_first(wechat):
    first, second = await wechat.token(), await wechat.token()
    assert [await ips(wechat, t) for t in (first, second)] == [0, 0]
    third = await wechat.token()
    assert [await ips(wechat, t) for t in (first, second, third)] == [40001, 0, 0]
    await wechat.advance(300)
    assert [await ips(wechat, t) for t in (second, third)] == [40001, 0]
    await wechat.advance(6900)
    assert await ips(wechat, third) == 42001


async def test_kinds_are_apart(wechat):
    ordinary, stable = await wechat.token(), (await wechat.stable())["access_token"]
    await wechat.token()
    await wechat.token()
    assert [await ips(wechat, t) for t in (ordinary, stable)] == [40001, 0]
    await wechat.stable(force_refresh=True)
    assert await ips(wechat, stable) == 40001


async def test_stable_is_stable(wechat):
    first = await wechat.stable()
    await wechat.advance(6855)
    again = await wechat.stable()
    assert again["access_token"] == first["access_token"]
    assert 340 <= again["expires_in"] <= 345
    await wechat.advance(60)
    renewed = await wechat.stable()
    assert renewed["access_token"] != first["access_token"]
    assert renewed["expires_in"] == 7200
    assert await ips(wechat, first["access_token"]) == 0
    await wechat.advance(300)
    assert await ips(wechat, first["access_token"]) in {40001, 42001}
    assert await ips(wechat, renewed["access_token"]) == 0


async def test_forced_limits(wechat):
    first = await wechat.stable()
    forced = await wechat.stable(force_refresh=True)
    assert forced["access_token"] != first["access_token"]
    assert (await wechat.stable(force_refresh=True))["access_token"] == forced["access_token"]
    for _ in range(19):
        await wechat.advance(30)
        assert CODE not in await wechat.stable(force_refresh=True)
    await wechat.advance(30)
    assert (await wechat.stable(force_refresh=True))[CODE] == 45009
    assert CODE not in await wechat.stable()
    await wechat.advance(86400)
    assert CODE not in await wechat.stable(force_refresh=True)


async def test_other_reading_of_forced(wechat):
    await wechat.settings(forced_overlap=True)
    first = (await wechat.stable())["access_token"]
    await wechat.stable(force_refresh=True)
    assert await ips(wechat, first) == 0
    await wechat.advance(30)
    await wechat.stable(force_refresh=True)
    assert await ips(wechat, first) == 40001


async def test_daily_quota_of_tokens_and_beijing_midnight(wechat):
    await wechat.control("PUT", f"/accounts/{wechat.spec.appid}/quotas", {"path": "/cgi-bin/token", "daily": 2})
    first = await wechat.token()
    await wechat.token()
    query = {"grant_type": "client_credential", "appid": wechat.spec.appid, "secret": wechat.spec.secret}
    refused = await wechat.call("GET", "/cgi-bin/token", **query)
    assert refused[CODE] == 45009
    assert await ips(wechat, first) == 0
    await wechat.advance(86400)
    assert "access_token" in await wechat.call("GET", "/cgi-bin/token", **query)


async def test_quota_calls(wechat):
    path = "/cgi-bin/user/get"
    await wechat.control("PUT", f"/accounts/{wechat.spec.appid}/quotas", {"path": path, "daily": 9, "minute": 2})
    assert [(await wechat.api(path)).get(CODE) for _ in range(3)] == [None, None, 45011]
    seen = await wechat.api("/cgi-bin/openapi/quota/get", {"cgi_path": path})
    assert seen["errcode"] == 0
    assert seen["quota"] == {"daily_limit": 9, "used": 2, "remain": 7}
    assert seen["rate_limit"] == {"call_count": 2, "refresh_second": 60}
    assert (await wechat.api("/cgi-bin/openapi/quota/clear", {"cgi_path": path}))[CODE] == 0
    seen = await wechat.api("/cgi-bin/openapi/quota/get", {"cgi_path": path})
    assert seen["quota"]["used"] == 0
    cases = {"cgi-bin/x": 76003, "https://api.weixin.qq.com/cgi-bin/x": 76003, "/sns/auth": 76022, "/nothing": 76021}
    for wrong, errcode in cases.items():
        assert (await wechat.api("/cgi-bin/openapi/quota/get", {"cgi_path": wrong}))[CODE] == errcode


async def test_clear_quota_ten_times_a_month(wechat):
    assert (await wechat.api("/cgi-bin/clear_quota", {"appid": "wx0000000000000000"}))[CODE] == 40013
    for _ in range(9):
        assert (await wechat.api("/cgi-bin/clear_quota", {"appid": wechat.spec.appid})) == {
            "errcode": 0,
            "errmsg": "ok",
        }
    keys = {"appid": wechat.spec.appid, "appsecret": wechat.spec.secret}
    assert (await wechat.call("POST", "/cgi-bin/clear_quota/v2", None, **keys))[CODE] == 0
    assert (await wechat.call("POST", "/cgi-bin/clear_quota/v2", keys))[CODE] == 48006
    await wechat.advance(32 * 86400)
    assert (await wechat.call("POST", "/cgi-bin/clear_quota/v2", keys))[CODE] == 0


async def test_addresses_and_diagnosis(wechat):
    for path in ("/cgi-bin/get_api_domain_ip", "/cgi-bin/getcallbackip"):
        answer = await wechat.api(path)
        assert set(answer) == {"ip_list"}
        assert answer["ip_list"]
    found = await wechat.api("/cgi-bin/callback/check", {"action": "all", "check_operator": "DEFAULT"})
    assert set(found["dns"][0]) == {"ip", "real_operator"}
    assert set(found["ping"][0]) == {"ip", "from_operator", "package_loss", "time"}
    assert (await wechat.api("/cgi-bin/callback/check", {"action": "x"}))[CODE] == 40035


async def test_rid_tells_the_call_and_masks_the_secret(wechat):
    body = {"grant_type": "client_credential", "appid": wechat.spec.appid, "secret": "f" * 32}
    errmsg = (await wechat.call("POST", "/cgi-bin/stable_token", body))["errmsg"]
    rid = errmsg.rpartition("rid: ")[2]
    request = (await wechat.api("/cgi-bin/openapi/rid/get", {"rid": rid}))["request"]
    assert int(rid[:8], 16) == request["invoke_time"]
    assert "********" in request["request_body"]
    assert "f" * 32 not in request["request_body"]
    assert rid in request["response_body"]
    assert (await wechat.api("/cgi-bin/openapi/rid/get", {"rid": "zz"}))[CODE] == 76002
    assert (await wechat.api("/cgi-bin/openapi/rid/get", {"rid": "0" * 8 + "-" + "0" * 8 + "-" + "0" * 8}))[
        CODE
    ] == 76001
