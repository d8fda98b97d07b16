"""What a WeChat account was sent and may still be used is found, however short the list of the latest is."""

import random

import pytest

from codesvc.domain.codes import VerificationId
from codesvc.domain.verification import PROOF_LIFE_MS
from codesvc.store import script
from codesvc.store.outcomes import Outcome

OPENID, NEIGHBOUR = "o_owner", "o_neighbour"
MANY = {"user_pushes": [(500, 3600)], "openid_pushes": [(500, 86_400)]}


async def not_me(shop, number=0, openid=OPENID):
    names = shop.site.store_keys
    keys = {"recent": names.recent(openid), "muted": names.muted(openid), "seen": names.seen(f"{number}/disown")}
    return await shop.script("disown", keys, openid=openid, mute=86_400_000, declined=0)


async def spend(shop, record):
    keys = {"record": shop.site.store_keys.record(record.id)}
    return (await shop.script("spend_proof", keys, consume=1)).outcome


def addresses():
    number = 0
    while True:
        number += 1
        yield f"198.51.{number >> 8}.{number & 255}"


async def test_only_what_may_still_be_used_is_kept_and_no_longer(quiet_shop, valkey):
    shop, site = quiet_shop, quiet_shop.limited(**MANY)
    await shop.bind("u-1", OPENID)
    keyed = f"*:sent:{OPENID}"
    # Of one address, all but the latest few are superseded.
    for _ in range(3 * script.MOST_RECENT):
        await shop.started("u-1", site=site, ip="203.0.113.5")
    assert valkey.keys(keyed) == []
    elsewhere = addresses()
    for _ in range(3 * script.MOST_RECENT):
        latest = await shop.started("u-1", site=site, ip=next(elsewhere))
    [name] = valkey.keys(keyed)
    assert valkey.zcard(name) <= 2 * script.MOST_RECENT + site.purpose("register").max_live
    life = int(latest.code_max_life_ms) + PROOF_LIFE_MS
    assert life < valkey.pttl(name) <= life + 600_000
    shop.move(life)
    for _ in range(2 * script.MOST_RECENT):
        await shop.started("u-1", site=site, ip=next(elsewhere))
    assert valkey.zcard(name) == script.MOST_RECENT
    assert (await not_me(shop)).stopped == 2 * script.MOST_RECENT


async def test_a_withdrawal_of_permission_keeps_no_id(quiet_shop, valkey):
    shop, site, elsewhere = quiet_shop, quiet_shop.limited(**MANY), addresses()
    await shop.bind("u-1", OPENID)
    for _ in range(script.MOST_RECENT + 1):
        await shop.started("u-1", site=site, ip=next(elsewhere))
    names = shop.site.store_keys
    assert valkey.keys(f"*:sent:{OPENID}")
    keys = {"recent": names.recent(OPENID), "gone": names.gone(OPENID), "leavers": names.leavers}
    await shop.script("forget_person", keys, openid=OPENID, sites="shop/", once=0)
    assert valkey.keys(f"*:sent:{OPENID}") == []


async def whatever(shop, site, rng):
    """Start, claim, approve, use, cancel and resend verifications of two people; all that were begun."""
    sent, elsewhere = [], addresses()
    for step in range(60):
        act = rng.choice(["start", "start", "start", "claim", "approve", "spend", "cancel", "resend", "wait"])
        if act == "wait":
            shop.move(rng.choice([1, 2_500, 70_000]))
        elif act == "start" or not sent:
            user, purpose = rng.choice(["u-1", "u-1", "u-2"]), rng.choice(["register", "reset"])
            sent.append(await shop.started(user, purpose, site=site, ip=rng.choice(["203.0.113.5", next(elsewhere)])))
        else:
            await act_on(shop, site, rng.choice(sent), act, openid=rng.choice([OPENID, NEIGHBOUR]), push=str(step))
    return sent


async def act_on(shop, site, one, act, *, openid, push):
    match act:
        case "claim":
            await shop.claim(one, openid, push=push)
        case "approve":
            await shop.check(one, site=site)
        case "spend":
            await spend(shop, one)
        case "cancel":
            await shop.here.verifications.cancel(shop.site, VerificationId.parse(one.id))
        case "resend":
            await shop.here.verifications.resend(site, VerificationId.parse(one.id))


@pytest.fixture(params=range(12))
def seed(request, monkeypatch):
    """Of a story, whose lists are short. To be asked for before the shop, which reads the scripts."""
    monkeypatch.setattr(script, "MOST_RECENT", 1 + request.param % 3)
    script.load.cache_clear()
    yield request.param
    script.load.cache_clear()


async def test_not_me_stops_and_counts_all_whatever_came_in_whatever_order(seed, quiet_shop):
    """Two people, of whom one says so. The test keeps all that was begun, and the records say to whom it was sent."""
    shop, site = quiet_shop, quiet_shop.limited(**MANY)
    await shop.bind("u-1", OPENID)
    await shop.bind("u-2", NEIGHBOUR)
    sent = await whatever(shop, site, random.Random(seed))  # noqa: S311  a test repeats itself by its seed
    before = {one.id: await shop.read(one) for one in sent}
    mine = [one for one in before.values() if one.sent_to == OPENID]
    pending = [one for one in mine if one.status == "pending"]
    entered = [one for one in mine if one.status == "approved"]
    answer = await not_me(shop)
    assert (answer.stopped, answer.entered) == (len(pending), len(entered))
    for one in mine:
        assert (await shop.check(one, site=site)).outcome is not Outcome.APPROVED
        assert await spend(shop, one) is not Outcome.DONE
    for one in before.values():
        if one.sent_to != OPENID and one.status == "pending":
            after = await shop.read(one)
            assert (after.status, bool(after.disarmed)) == ("pending", False)
    later = await shop.started("u-1", site=site, ip="192.0.2.99")
    await shop.claim(later, OPENID, push="later")
    assert (await shop.check(later, site=site)).outcome is Outcome.APPROVED


@pytest.fixture
def few(monkeypatch):
    """Short lists. To be asked for before the shop, which reads the scripts."""
    monkeypatch.setattr(script, "MOST_RECENT", 2)
    monkeypatch.setattr(script, "MOST_SENT", 3)
    script.load.cache_clear()
    yield 2 + 3
    script.load.cache_clear()


async def claimed(shop, site, number):
    one = await shop.started(f"new-{number}", site=site, ip=f"198.51.100.{number}")
    return one, await shop.claim(one, OPENID, push=str(number))


async def test_what_not_me_has_to_stop_is_bounded_by_no_claim_beyond_it(few, quiet_shop, valkey):
    """The script that stops them all holds the store, for every site."""
    shop, site = quiet_shop, quiet_shop.limited(**MANY)
    for number in range(few):
        assert (await claimed(shop, site, number))[1].outcome is Outcome.CLAIMED
    one, answer = await claimed(shop, site, few)
    assert (answer.outcome, answer.limit) == (Outcome.LIMITED, "openid_pushes")
    assert 0 < answer.wait_ms <= int(one.code_max_life_ms) + PROOF_LIFE_MS
    [name] = valkey.keys(f"*:sent:{OPENID}")
    assert valkey.zcard(name) == 3
    shop.move(answer.wait_ms)
    again, answer = await claimed(shop, site, few + 1)
    assert answer.outcome is Outcome.CLAIMED
    assert (await shop.check(again, site=site)).outcome is Outcome.APPROVED


async def test_nor_by_a_push_beyond_it(few, quiet_shop, valkey):
    shop, site, elsewhere = quiet_shop, quiet_shop.limited(**MANY), addresses()
    await shop.bind("u-1", OPENID)
    sent = [await shop.started("u-1", site=site, ip=next(elsewhere)) for _ in range(few + 2)]
    assert [str(one.delivery) for one in sent] == ["queued"] * few + ["awaiting_scan"] * 2
    assert valkey.zcard(valkey.keys(f"*:sent:{OPENID}")[0]) == 3


async def test_who_says_not_me_again_has_nothing_read_again(few, quiet_shop, valkey):
    shop, site = quiet_shop, quiet_shop.limited(**MANY)
    for number in range(few):
        await claimed(shop, site, number)
    assert (await not_me(shop)).stopped == few
    assert (await not_me(shop, 1)).stopped == 0
    assert valkey.keys(f"*:sent:{OPENID}") == []
