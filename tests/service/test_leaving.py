"""Who unfollows is not pushed to, keeps his binding, and gets through by scanning."""


async def test_after_unfollowing_the_next_code_comes_by_scan(world):
    owner = await world.bound("alice")
    await owner.unfollow()
    started = await world.start("alice")
    assert started["delivery"] == {"channel": "scan", "status": "awaiting_scan", "reason": "unreachable"}
    await owner.scan(await world.scan_url(started))
    await owner.follow()
    assert (await world.check(started, await owner.code_in_chat())).status == 200
    assert (await world.start("alice"))["delivery"]["channel"] == "template"


async def test_a_wechat_that_left_still_guards_its_user(world):
    owner, thief = await world.bound("alice"), await world.person()
    await owner.unfollow()
    started = await world.start("alice")
    await thief.say(started["scan"]["keyword"])
    assert "不能由当前微信使用" in await thief.last_text()


async def test_leaving_between_start_and_send_falls_back_by_itself(world):
    """WeChat says 43004: the same verification waits for a scan, and only the owner's counts."""
    owner = await world.bound("alice")
    await world.fault("errcode", errcode=43004, path="/cgi-bin/message/template/send", times=1)
    started = await world.start("alice")
    found = await world.delivery(started, "awaiting_scan")
    assert found == {"channel": "scan", "status": "awaiting_scan", "reason": "not-following"}
    await owner.scan(await world.scan_url(started))
    assert (await world.check(started, await owner.code_in_chat())).status == 200
