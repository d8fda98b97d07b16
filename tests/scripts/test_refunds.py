"""A push gives its count back if it is voided before it was sent, and not once it may have reached WeChat."""

import msgspec
import pytest

from codesvc.domain.codes import VerificationId
from codesvc.service.operators.queries import OperatorQueries
from codesvc.store.outcomes import Outcome

OPENID = "o_owner"


async def begin(shop, record, moment="now"):
    """What a worker does before it hands the message to WeChat."""
    names = shop.site.store_keys
    jobs = msgspec.msgpack.encode([["push", record.id, str(record.number), "1-1", "", moment]])
    keys = {"outbox": names.outbox, "day": f"{names.account}quota:test"}
    await shop.raw("begin_deliveries", keys, jobs=jobs, sites=1, assumed_daily=100, reserve="0.1")


async def used(shop, site):
    [use, *_] = await OperatorQueries(shop.here.store, shop.here.directory).uses(site, "u-1")
    assert use.limit == "user_pushes"
    return use.used


@pytest.fixture
async def pushed(quiet_shop):
    await quiet_shop.bind("u-1", OPENID)
    site = quiet_shop.limited(user_pushes=[(5, 3600)], openid_pushes=[(5, 3600)])
    return quiet_shop, site, await quiet_shop.started("u-1", site=site)


async def cancel(shop, record):
    await shop.here.verifications.cancel(shop.site, VerificationId.parse(record.id))


async def test_what_waits_is_given_back_once(pushed):
    shop, site, record = pushed
    assert await used(shop, site) == 1
    for _ in range(2):
        await cancel(shop, record)
        await begin(shop, record)
        assert await used(shop, site) == 0


async def test_what_may_have_reached_wechat_is_not(pushed):
    shop, site, record = pushed
    await begin(shop, record)
    await cancel(shop, record)
    assert await used(shop, site) == 1


def reached(shop, valkey):
    """How many pushes count for the WeChat; its recent activity begins with their number."""
    return (valkey.get(shop.site.store_keys.recent(OPENID)) or b"\0")[0]


async def test_an_undisclosed_push_has_not_begun_while_it_waits_for_its_random_moment(quiet_shop, valkey):
    """It is looked at twice, and only after the second look it may reach WeChat."""
    await quiet_shop.bind("u-1", OPENID)
    site = quiet_shop.limited(user_pushes=[(5, 3600)], openid_pushes=[(5, 3600)])
    for looks, left in ((["first"], 0), (["first", "if-next"], 1), (["first", "now"], 2)):
        record = await quiet_shop.started("u-1", "reset", site=site)
        for moment in looks:
            await begin(quiet_shop, record, moment)
        await cancel(quiet_shop, record)
        assert reached(quiet_shop, valkey) == left


async def resend(shop, record):
    shop.move(60_000)
    await shop.here.verifications.resend(shop.site, VerificationId.parse(record.id))


async def exhaust(shop, record):
    for _ in range(5):
        await shop.guess(record)


async def expire(shop, record):
    shop.move(301_000)
    await begin(shop, record)


async def start_again(shop, record):
    for number in range(5):
        shop.move(3_000 * number)
        await shop.started(record.user, "reset", site=shop.pushing)


@pytest.mark.parametrize("begun", [[], ["first"], ["first", "now"], ["first", "now", "trouble"]])
@pytest.mark.parametrize("act", [cancel, resend, exhaust, expire, start_again])
async def test_what_is_given_back_says_nothing_of_the_binding(quiet_shop, begun, act):
    """Rule 7: which verification is superseded depends on the user's count, so that must be the same."""
    await quiet_shop.bind("u-1", OPENID)
    config = quiet_shop.limited(user_pushes=[(4, 3600)], openid_pushes=[(9, 3600)])
    counts = []
    for user in ("u-1", "u-2"):
        quiet_shop.pushing = config
        record = await quiet_shop.started(user, "reset", site=config)
        assert (record.delivery == "queued") == (user == "u-1")
        quiet_shop.move(10)
        for moment in begun:
            if moment == "trouble":
                keys = {"record": quiet_shop.site.store_keys.record(record.id)}
                await quiet_shop.script("note_trouble", keys, number=str(record.number), reason="busy")
            else:
                await begin(quiet_shop, record, moment)
        await act(quiet_shop, record)
        counts.append(
            [
                use.used
                for use in await OperatorQueries(quiet_shop.here.store, quiet_shop.here.directory).uses(config, user)
            ]
        )
    assert counts[0] == counts[1]


async def test_a_disclosed_push_has_begun_after_its_first_look(pushed):
    shop, site, record = pushed
    await begin(shop, record, "first")
    await cancel(shop, record)
    assert await used(shop, site) == 1


async def test_what_wechat_did_not_take_is_given_back_again(pushed):
    shop, site, record = pushed
    await begin(shop, record)
    keys = {"record": shop.site.store_keys.record(record.id)}
    await shop.script("note_trouble", keys, number=str(record.number), reason="busy")
    await cancel(shop, record)
    assert await used(shop, site) == 0


async def test_what_expires_while_it_waits_is_given_back(pushed):
    shop, site, record = pushed
    shop.move(301_000)
    await begin(shop, record)
    assert await used(shop, site) == 0


async def test_giving_back_makes_no_older_push_forgotten(quiet_shop):
    """Another site without a limit pushes beyond it; what is voided there leaves the window as full as it was."""
    await quiet_shop.bind("u-1", OPENID)
    free = quiet_shop.limited(user_pushes=[], openid_pushes=[(3, 3600)])
    none = quiet_shop.limited(user_pushes=[], openid_pushes=[])
    records = [await quiet_shop.started("u-1", ip=f"192.0.2.{n}", site=free) for n in range(3)]
    more = [await quiet_shop.started("u-1", ip=f"198.51.100.{n}", site=none) for n in range(4)]
    assert {record.delivery for record in [*records, *more]} == {"queued"}
    for record in more:
        await cancel(quiet_shop, record)
    assert (await quiet_shop.started("u-1", ip="203.0.113.1", site=free)).delivery == "awaiting_scan"
    await cancel(quiet_shop, records[0])
    assert (await quiet_shop.started("u-1", ip="203.0.113.2", site=free)).delivery == "queued"


async def test_a_push_that_still_waits_is_sent_again(quiet_shop):
    """It had to wait at its start for a newer one; what takes its place leaves at once."""
    quiet_shop.here.verifications._push_delay_ms = 1_500
    await quiet_shop.bind("u-1", OPENID)
    record = await quiet_shop.started("u-1", "reset", site=quiet_shop.limited(user_pushes=[(5, 3600)]))
    assert record.delivery == "queued"
    quiet_shop.move(60_000)
    result = await quiet_shop.here.verifications.resend(quiet_shop.site, VerificationId.parse(record.id))
    assert result.outcome is Outcome.RESENT
    assert await used(quiet_shop, quiet_shop.site) == 2
