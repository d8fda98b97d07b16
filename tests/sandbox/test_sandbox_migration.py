"""`/cgi-bin/changeopenid`, and what it says of openids that are not of the account (KINDS.md 9)."""

import pytest

NEW = "wx00000000000000aa"
PATH = "/cgi-bin/changeopenid"


@pytest.fixture
async def moved(wechat):
    """Two followers of the default account, one who left, and a migration into another account."""
    old = wechat.spec
    openids = [await wechat.user(name) for name in ("alice", "bob", "carol")]
    await wechat.act(openids[2], "unfollow")
    await wechat.control("POST", "/accounts", {"appid": NEW})
    wechat.spec = wechat.platform.account(NEW).spec
    assert (await wechat.api(PATH, {"from_appid": old.appid, "openid_list": openids}))["errcode"] == -1
    answer = await wechat.control("POST", f"/accounts/{NEW}/migrate", {"from": old.appid})
    assert answer["followers"] == 2
    return old, openids


async def test_each_follower_has_a_successor_who_follows(wechat, moved):
    old, openids = moved
    answer = await wechat.api(PATH, {"from_appid": old.appid, "openid_list": [*openids, "oNOBODY"]})
    assert answer["errcode"] == 0
    results = answer["result_list"]
    assert [each["err_msg"] for each in results] == ["ok", "ok", "ori_openid error", "ori_openid error"]
    assert [each["ori_openid"] for each in results] == [*openids, "oNOBODY"]
    assert ["new_openid" in each for each in results] == [True, True, False, False]
    known = await wechat.api("/cgi-bin/user/info", openid=results[0]["new_openid"])
    assert (known["subscribe"], known["subscribe_scene"]) == (1, "ADD_SCENE_ACCOUNT_MIGRATION")
    before = (await wechat.control("GET", f"/users/{openids[0]}"))["unionid"]
    assert known["unionid"] == before
    # The old one is no openid of the new account, in any call.
    assert (await wechat.api("/cgi-bin/user/info", openid=openids[0]))["errcode"] == 40003
    text = {"touser": openids[0], "msgtype": "text", "text": {"content": "x"}}
    assert (await wechat.api("/cgi-bin/message/custom/send", text))["errcode"] == 40003
    listed = {"user_list": [{"openid": results[0]["new_openid"]}, {"openid": openids[0]}]}
    assert (await wechat.api("/cgi-bin/user/info/batchget", listed))["errcode"] == 40003


async def test_its_errors(wechat, moved):
    old, openids = moved
    for listed in ([], [openids[0]] * 101, "x", None):
        assert (await wechat.api(PATH, {"from_appid": old.appid, "openid_list": listed}))["errcode"] == 40032
    assert (
        len((await wechat.api(PATH, {"from_appid": old.appid, "openid_list": [openids[0]] * 100}))["result_list"])
        == 100
    )
    for name in ("wxffffffffffffffff", old.original_id, ""):
        assert (await wechat.api(PATH, {"from_appid": name, "openid_list": openids}))["errcode"] == 63178
    await wechat.advance(15 * 86_400)
    assert (await wechat.api(PATH, {"from_appid": old.appid, "openid_list": openids}))["errcode"] == -1


async def test_until_both_administrators_have_confirmed(wechat, moved):
    old, openids = moved
    how = {"from": old.appid, "confirmed": False}
    await wechat.control("POST", f"/accounts/{NEW}/migrate", how)
    assert (await wechat.api(PATH, {"from_appid": old.appid, "openid_list": openids}))["errcode"] == 63178
    await wechat.control("POST", f"/accounts/{NEW}/migrate", how | {"confirmed": True, "named_by": "original_id"})
    assert (await wechat.api(PATH, {"from_appid": old.appid, "openid_list": openids}))["errcode"] == 63178
    assert (await wechat.api(PATH, {"from_appid": old.original_id, "openid_list": openids}))["errcode"] == 0
    await wechat.control("POST", f"/accounts/{NEW}/migrate", {"from": NEW}, status=400)
