"""What is counted in the store: once, in the right bucket, bounded, and read back as series."""

from collections import Counter

import pytest

from codesvc.domain.errors import StoreUnavailable
from codesvc.service.statistics.fields import BOUNDS, Fact, bound_of, field
from codesvc.service.statistics.reader import StatisticsReader
from codesvc.service.statistics.series import SPANS, details, gathered, quantile, since
from codesvc.web.context import SERVICES
from tests.world import wrong


async def read(world, span="24h", site="shop"):
    here = world.app[SERVICES]
    await here.recorder.flush()
    return await StatisticsReader(here.store).site(here.directory.sites[site], SPANS[span])


async def story(world, user):
    owner = await world.bound(user)
    started = await world.start(user)
    code = await owner.wait_for_push()
    await world.delivery(started, "delivered")
    await world.check(started, wrong(code))
    await world.check(started, code)


async def test_a_story_is_counted_by_purpose_and_step(world):
    await story(world, "alice")
    total = (await read(world)).total
    for fact in ("issued", "pushed", "sent", "sent.template", "delivered", "wrong", "approved"):
        assert total[f"register.{fact}"] == 1, fact
    assert sum(details(total, ["register"], Fact.TO_DELIVERED).values()) == 1
    assert "alice" not in str(total)


async def test_buckets_follow_the_clock_and_leave_the_span(world):
    await world.start("one")
    await world.advance(3 * 3600)
    for user in ("two", "three"):
        await world.start(user)
    day = await read(world)
    counted = [point["register.issued"] for point in day.points if point["register.issued"]]
    assert counted == [1, 2]
    assert day.points[-1]["register.issued"] == 2
    hour = await read(world, "1h")
    assert hour.total["register.issued"] == 2
    await world.advance(2 * 86_400)
    assert (await read(world)).total["register.issued"] == 0
    assert (await read(world, "7d")).total["register.issued"] == 3
    assert sum(point["register.issued"] for point in (await read(world, "90d")).points) == 3


async def test_what_was_counted_while_the_store_was_away_is_added_once(world, monkeypatch):
    here = world.app[SERVICES]
    add, lost = here.store.counts.add, 0

    async def answers_get_lost(*counted):
        nonlocal lost
        await add(*counted)
        if lost < 3:
            lost += 1
            raise StoreUnavailable("the answer is lost")

    monkeypatch.setattr(here.store.counts, "add", answers_get_lost)
    await world.start("one")
    await here.recorder.flush()
    await world.start("two")
    for _ in range(8):
        await here.recorder.flush()
    assert lost == 3
    assert (await read(world)).total["register.issued"] == 2


async def test_the_account_counts_calls_by_endpoint_and_errcode(world):
    here = world.app[SERVICES]
    await world.bound("alice")
    await world.fault("errcode", path="/cgi-bin/message/template/send", errcode=43004, times=1)
    await world.delivery(await world.start("alice"), "awaiting_scan")
    await here.recorder.flush()
    figures = await StatisticsReader(here.store).account(here.directory.accounts["main"], SPANS["1h"])
    assert figures.total["call.template.43004"] == 1
    assert figures.total["call.token.0"] >= 1
    assert since(figures, ["call.template.43004"]) in figures.starts[-2:]


async def test_every_bucket_has_a_life_and_a_bounded_size(world, valkey):
    await story(world, "alice")
    await read(world)
    ages = {"minute": 86_400, "hour": 90 * 86_400}
    for kind, age in ages.items():
        [key] = [key for key in valkey.scan_iter(count=1000) if f":{kind}:site/shop:".encode() in key]
        assert age < valkey.ttl(key) <= age + 600
        # Its compact form, by the names of Redis 7 and Redis 6.
        assert valkey.object("encoding", key) in {b"listpack", b"ziplist"}
    [latest] = [key for key in valkey.scan_iter(count=1000) if b":latest:" in key]
    assert 0 < valkey.ttl(latest) < 3 * 3600


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.5, 1.5), (0.95, 9.0), (1.0, 10.0)],
)
def test_quantiles_lie_where_the_counts_do(share, expected):
    assert quantile({"1": 5, "2": 10, "10": 5}, share) == pytest.approx(expected)
    assert quantile({}, share) is None
    assert quantile({"more": 1}, share) == BOUNDS[-1]


def test_every_duration_has_a_bucket():
    assert [bound_of(ms) for ms in (0, 1000, 1001, 600_000, 600_001)] == ["1", "1", "2", "600", "more"]


@pytest.mark.parametrize("span", SPANS.values(), ids=lambda span: span.name)
def test_a_span_has_few_points_and_the_last_is_now(span):
    now = 1_800_000_123_456
    number = now // span.bucket_ms
    figures = gathered(span, now, [(number, {"x": 1}), (number - span.buckets - span.step, {"x": 9})])
    assert len(figures.points) <= 96
    assert figures.points[-1] == Counter(x=1)
    assert figures.total["x"] == 1
    assert figures.starts[-1] <= now < figures.starts[-1] + span.step_ms


def test_since_stops_at_a_gap():
    name = field("register", Fact.FAILED)
    span = SPANS["1h"]
    now = 1_800_000_000_000
    last = now // span.bucket_ms
    buckets = [(last - back, {name: 1}) for back in (0, 1, 3, 4, 20)]
    figures = gathered(span, now, buckets)
    assert since(figures, [name]) == (last - 4) * span.bucket_ms
    assert since(figures, ["register.other"]) is None
