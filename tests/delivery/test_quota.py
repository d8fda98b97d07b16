"""A day's quota shared out: a reserve for resets, a sure part for each site, nothing beyond what WeChat allows."""

from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesvc.domain.quota import RESERVE, THRESHOLDS, day_of
from codesvc.store.connection import connect

SITES = ("a", "b", "c")
DAY = "cs:{p00}:quota:template:1"
OUTBOX = "cs:{p00}:outbox"


def beside_the_reserve(daily):
    """How much of a day's quota is for other purposes than resets."""
    return daily - round(daily * RESERVE)


def guaranteed_to_each(daily, sites):
    """How much of a day's quota each site can count on."""
    return int(beside_the_reserve(daily) * 0.5) // sites


@pytest.fixture
async def take(store_url):
    """Takes one from a quota, by the fragment that start and delivery use."""
    servers = await connect(store_url, timeout=2)
    redis, line = servers.at(0).redis, servers.at(0).line
    fragments = files("codesvc.store") / "scripts" / "fragments"
    alert_and_quota = "".join((fragments / f"{name}.lua").read_text() for name in ("quota_alert", "quota"))

    async def one(day, site, *, reset=False, sites=3, stranger=False):
        script = (
            "local K, A = {day = KEYS[1], outbox = KEYS[2]}, "
            "{sites = ARGV[3], assumed_daily = '100000', reserve = '0.1', offset = 0, appid = 'wx'}\n"
            f"local QUOTA_THRESHOLDS = '{' '.join(map(str, THRESHOLDS))}'\n"
            "local now = 1700000000000\n"
            f"{alert_and_quota}\nreturn take_quota(K.day, ARGV[1], ARGV[2] == '1', nil, ARGV[4] == '1')"
        )
        return await line.execute("EVAL", script, 2, day, OUTBOX, site, int(reset), sites, int(stranger)) == b"yes"

    yield redis, one
    await redis.delete(DAY, OUTBOX, *await redis.keys(f"{DAY}:*"))
    await servers.aclose()


@pytest.mark.parametrize("daily", [0, 1, 9, 10, 97, 100])
async def test_resets_can_use_all_of_it_and_nothing_else_the_reserve(take, daily):
    redis, one = take
    await redis.hset(DAY, mapping={"daily": daily})
    general = sum([await one(DAY, "a", reset=False, sites=1) for _ in range(daily + 5)])
    assert general == beside_the_reserve(daily)
    assert sum([await one(DAY, "a", reset=True, sites=1) for _ in range(daily + 5)]) == daily - general


async def test_little_left_is_noted_once_for_each_threshold(take):
    redis, one = take
    await redis.hset(DAY, mapping={"daily": 100})
    for _ in range(110):
        await one(DAY, "a", reset=True, sites=1)
    noted = [(job[b"id"], job[b"number"]) for _, job in await redis.xrange(OUTBOX)]
    assert noted == [(b"template:1:100:20", b"80"), (b"template:1:100:5", b"95"), (b"template:1:100:0", b"100")]


async def test_resets_of_one_site_use_no_other_sites_share(take):
    """Anybody may begin resets, for users who do not exist: they took every QR code that was left."""
    redis, one = take
    await redis.hset(DAY, mapping={"daily": 100, "calls": 70, "seconds": 60})
    of_day, of_minute = guaranteed_to_each(100, 3), guaranteed_to_each(70, 3)
    assert sum([await one(DAY, "a", reset=True) for _ in range(200)]) == 70 - 2 * of_minute
    assert sum([await one(DAY, "b") for _ in range(200)]) == of_minute
    assert sum([await one(DAY, "c", reset=True) for _ in range(200)]) == of_minute
    await redis.delete(DAY, *await redis.keys(f"{DAY}:*"))
    await redis.hset(DAY, mapping={"daily": 100})
    assert sum([await one(DAY, "a", reset=True) for _ in range(200)]) == 100 - 2 * of_day
    assert sum([await one(DAY, "b") for _ in range(200)]) == of_day
    assert sum([await one(DAY, "c", reset=True) for _ in range(200)]) == of_day


async def test_a_busy_site_cannot_silence_its_neighbours(take):
    redis, one = take
    await redis.hset(DAY, mapping={"daily": 100})
    general, guaranteed = beside_the_reserve(100), guaranteed_to_each(100, 3)
    busy = sum([await one(DAY, "a", reset=False) for _ in range(200)])
    assert busy == general - 2 * guaranteed
    for neighbour in ("b", "c"):
        assert sum([await one(DAY, neighbour, reset=False) for _ in range(200)]) == guaranteed


@pytest.mark.parametrize("sites", [1, 3])
async def test_what_takes_no_key_uses_no_sites_share(take, sites):
    """Logins that strangers begin at apps: of every site together, and before or after the sites' own."""
    redis, one = take
    await redis.hset(DAY, mapping={"daily": 100})
    general, guaranteed = beside_the_reserve(100), guaranteed_to_each(100, sites)
    strangers = sum([await one(DAY, SITES[number % sites], sites=sites, stranger=True) for number in range(200)])
    assert strangers == general - sites * guaranteed
    # A reading of WeChat's own number changes nothing.
    await redis.hdel(DAY, "over")
    assert not await one(DAY, "a", sites=sites, stranger=True)
    for site in SITES[:sites]:
        assert sum([await one(DAY, site, sites=sites) for _ in range(200)]) == guaranteed


@pytest.mark.parametrize("first", ["a", "strangers"])
async def test_the_minute_is_shared_as_the_day_is(take, first):
    """WeChat may name a limit of calls in a minute, which one site fills in a second."""
    redis, one = take
    await redis.hset(DAY, mapping={"daily": 100_000, "calls": 60, "seconds": 60})
    general, guaranteed = beside_the_reserve(60), guaranteed_to_each(60, 3)
    busy = sum([await one(DAY, "a", stranger=first == "strangers") for _ in range(100)])
    assert busy == general - guaranteed * (2 if first == "a" else 3)
    for neighbour in {"b", "c"} if first == "a" else SITES:
        assert sum([await one(DAY, neighbour) for _ in range(100)]) == guaranteed
    assert sum([await one(DAY, "b", reset=True) for _ in range(100)]) == 60 - general
    assert await redis.hget(DAY, "total") == b"60"


@settings(max_examples=40)
@given(
    daily=st.integers(0, 60),
    asked=st.lists(st.tuples(st.sampled_from(SITES), st.booleans()), max_size=90),
)
async def test_never_more_than_wechat_allows_and_never_less_than_is_sure(take, daily, asked):
    redis, one = take
    await redis.delete(DAY)
    await redis.hset(DAY, mapping={"daily": daily})
    general, guaranteed = beside_the_reserve(daily), guaranteed_to_each(daily, len(SITES))
    given_to = dict.fromkeys(SITES, 0)
    total = resets = 0
    for site, reset in asked:
        allowed = await one(DAY, site, reset=reset)
        if not allowed and not reset:
            assert given_to[site] >= guaranteed
        if not allowed and reset:
            assert given_to[site] >= guaranteed
            kept = sum(max(0, guaranteed - each) for each in given_to.values())
            assert total + kept >= daily
        if allowed:
            total += 1
            resets += reset
            given_to[site] += 1
    assert total <= daily
    assert total - resets <= general


async def test_the_minute_is_counted_where_wechat_limits_it(take):
    redis, one = take
    await redis.hset(DAY, mapping={"daily": 1000, "calls": 7, "seconds": 60})
    assert sum([await one(DAY, "a", reset=True, sites=1) for _ in range(20)]) == 7
    await redis.delete(f"{DAY}:28333333")


def test_the_day_turns_at_midnight_in_beijing():
    midnight = 1_761_926_400_000  # 2025-11-01 00:00 in Beijing
    assert day_of(midnight) == day_of(midnight - 1) + 1


async def test_what_wechat_says_of_its_quota_is_taken_over(world):
    from codesvc.domain.quota import Api
    from codesvc.web.context import SERVICES

    services = world.app[SERVICES]
    account = services.directory.accounts["main"]
    quotas = services.store.quotas
    assert (await quotas.learn(account.store_keys, Api.QRCODE, daily=5, used=5)).left == 0
    await services.store.at(account.store_keys.partition).delete(account.store_keys.pool)
    started = await world.start()
    refused = await world.call("GET", f"/v1/verifications/{started['id']}/scan")
    assert (refused.status, refused.problem) == (503, "wechat-unavailable")
    assert "Retry-After" in refused.headers
    # The word remains.
    person = await world.person()
    await person.say(started["scan"]["keyword"])
    assert (await world.check(started, await person.code_in_chat())).status == 200
