"""Leaving keeps what rule 6 needs and nothing else, for as long as the retention; coming back mends it."""

from codesvc.web.context import SERVICES

DAY = 86_400


def upkeep(world):
    services = world.app[SERVICES]
    return services.followers, services.directory.accounts["main"]


async def test_who_left_is_not_pushed_to_and_still_guards_his_user(world):
    owner, stranger = await world.bound("alice"), await world.person()
    await owner.unfollow()
    assert (await world.call("GET", "/v1/bindings/alice"))["reachable"] is False
    started = await world.start("alice")
    assert started["delivery"] == {"channel": "scan", "status": "awaiting_scan", "reason": "unreachable"}
    url = await world.scan_url(started)
    await stranger.scan(url)
    assert (await world.get(started))["delivery"]["status"] == "awaiting_scan"
    await owner.scan(url)
    await owner.follow()
    assert (await world.check(started, await owner.code_in_chat())).status == 200
    assert (await world.call("GET", "/v1/bindings/alice"))["reachable"] is True
    await world.start("alice")
    await owner.wait_for_push()


async def test_after_the_retention_the_binding_is_forgotten(world):
    owner = await world.bound("alice")
    await owner.unfollow()
    followers, account = upkeep(world)
    await world.advance(179 * DAY)
    assert await followers.forget_leavers(account) == 0
    assert (await world.call("GET", "/v1/bindings/alice")).status == 200
    await world.advance(2 * DAY)
    assert await followers.forget_leavers(account) == 1
    assert (await world.call("GET", "/v1/bindings/alice")).status == 404


async def test_coming_back_in_time_keeps_it(world):
    owner = await world.bound("alice")
    await owner.unfollow()
    await world.advance(100 * DAY)
    await owner.follow()
    await world.advance(100 * DAY)
    followers, account = upkeep(world)
    assert await followers.forget_leavers(account) == 0
    assert (await world.call("GET", "/v1/bindings/alice")).status == 200


async def test_withdrawing_the_use_of_data_deletes_it_at_once(world):
    owner = await world.bound("alice")
    started = await world.start("alice")
    code = await owner.wait_for_push()
    followers, account = upkeep(world)
    assert await followers.forget(account, owner.openid) == 1
    assert (await world.call("GET", "/v1/bindings/alice")).status == 404
    assert (await world.check(started, code)).status == 422
