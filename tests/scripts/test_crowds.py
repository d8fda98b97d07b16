"""However many start for one user from however many addresses, what is kept stays small and nothing is missed."""

from codesvc.domain.record import Record
from codesvc.domain.verification import Status
from codesvc.service.operators.queries import OperatorQueries
from codesvc.store import script

HOME, MOST_LIVE = "203.0.113.5", 3


def crowd(number):
    return f"198.51.{number >> 8}.{number & 255}"


async def statuses(shop, records):
    return [(await shop.read(record)).status for record in records]


async def test_a_crowd_of_addresses_hides_no_live_verification_of_another(shop, valkey):
    """The oldest of the same address is superseded, though it has long left the list of the user's latest."""
    own = [await shop.started(ip=HOME) for _ in range(MOST_LIVE)]
    for number in range(2 * script.MOST_RECENT):
        await shop.started(ip=crowd(number))
    assert await statuses(shop, own) == [Status.PENDING] * MOST_LIVE
    own.append(await shop.started(ip=HOME))
    assert await statuses(shop, own) == [Status.SUPERSEDED] + [Status.PENDING] * MOST_LIVE
    for _ in range(script.MOST_RECENT):
        own.append(await shop.started(ip=HOME))
        found = await statuses(shop, own)
        assert found == [Status.SUPERSEDED] * (len(own) - MOST_LIVE) + [Status.PENDING] * MOST_LIVE
    assert valkey.llen(shop.site.store_keys.live("shop", "register", HOME, "u-1")) <= MOST_LIVE


async def test_what_is_kept_of_a_user_does_not_grow_with_the_crowd(shop, valkey):
    name = shop.site.store_keys.lately("shop", "u-1")
    started = [await shop.started(ip=crowd(number)) for number in range(script.MOST_RECENT)]
    full = valkey.strlen(name)
    started += [await shop.started(ip=crowd(1000 + number)) for number in range(60)]
    assert valkey.strlen(name) == full < 1200
    book = OperatorQueries(shop.here.store, shop.here.directory)
    listed = await book.of_user(shop.site, "u-1")
    assert [record.id for record in listed] == [record.id for record in started[: -script.MOST_RECENT - 1 : -1]]
    assert max(valkey.llen(key) for key in valkey.keys("*:live:*")) == 1


async def test_a_claimed_one_among_the_crowd_is_not_superseded(shop):
    first = await shop.started(ip=HOME)
    assert isinstance((await shop.claim(first, "o_someone")).shown, Record)
    others = [await shop.started(ip=HOME) for _ in range(MOST_LIVE + 1)]
    assert await statuses(shop, [first, *others]) == [Status.PENDING, Status.SUPERSEDED] + [Status.PENDING] * MOST_LIVE


async def test_a_user_s_pushes_are_counted_over_strings_and_lists(new_shop, valkey, monkeypatch):
    """Past what a string holds the times go into a list, and the limit stays what it was; so does what it shows."""
    monkeypatch.setattr(script, "MOST_PACKED", 3)
    script.load.cache_clear()
    async with new_shop() as shop:
        script.load.cache_clear()
        await shop.bind("u-9", "o_nine")
        site = shop.limited(user_pushes=[(6, 3600)], openid_pushes=[(50, 3600)])
        found = [(await shop.started("u-9", ip=crowd(n), site=site)).delivery for n in range(8)]
        assert [status != "awaiting_scan" for status in found] == [True] * 6 + [False] * 2
        assert valkey.llen(site.store_keys.lately("shop", "u-9").replace(":user:", ":long-user:")) == 6
        [use, *_] = await OperatorQueries(shop.here.store, shop.here.directory).uses(site, "u-9")
        assert (use.limit, use.count, use.used) == ("user_pushes", 6, 6)
        assert len(valkey.keys("*:long-recent:*")) == 1
