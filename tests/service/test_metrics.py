"""Numbers for operators: they move with the story, and tell nothing about anybody."""

import re

from prometheus_client import generate_latest

from codesvc.runtime import metrics
from codesvc.service.statistics.counter_groups import CounterGroups
from codesvc.store.outcomes import Outcome
from tests.world import OPERATOR_KEY, discloses, wrong


async def numbers(world):
    answer = await world.call("GET", "/metrics", key=OPERATOR_KEY)
    assert answer.status == 200
    return answer.text


def value(text, name, **labels):
    """The sum over all series with these labels: other tests of this process have counted too."""
    total = 0.0
    for line in text.splitlines():
        found = re.fullmatch(rf"{name}(?:\{{(.*)\}})? ([0-9.e+-]+)", line)
        if found and all(f'{key}="{wanted}"' in (found[1] or "") for key, wanted in labels.items()):
            total += float(found[2])
    return total


class Moves:
    """What a story has moved."""

    def __init__(self, before, after):
        self.before, self.after = before, after

    def __call__(self, name, **labels):
        return value(self.after, name, **labels) - value(self.before, name, **labels)

    def steps(self, purpose="register"):
        names = ("issued", "pushed", "unbound", "sent", "delivered", "fallen_back", "scanned", "approved", "wrong")
        moved = {step: self("codesvc_verification_steps_total", step=step, purpose=purpose) for step in names}
        return {step: count for step, count in moved.items() if count}


async def test_they_move_with_the_story(world):
    before = await numbers(world)
    owner = await world.bound("alice-0815")
    started = await world.start("alice-0815", ip="203.0.113.77")
    code = await owner.wait_for_push()
    await world.delivery(started, "delivered")
    await world.check(started, wrong(code))
    await world.check(started, code)
    after = await numbers(world)
    moved = Moves(before, after)

    assert moved("codesvc_verifications_total", act="start", outcome="started", purpose="register") == 1
    assert moved("codesvc_verifications_total", act="check", outcome="wrong") == 1
    assert moved("codesvc_verifications_total", act="check", outcome="approved") == 1
    assert moved("codesvc_delivery_attempts_total", channel="template", ending="sent") == 1
    assert moved("codesvc_http_request_seconds_count", route="/v1/verifications", status="201") == 1
    assert moved.steps() == {"issued": 1, "pushed": 1, "sent": 1, "delivered": 1, "wrong": 1, "approved": 1}
    for latency in ("issue_to_delivered", "issue_to_approved", "issue"):
        assert moved(f"codesvc_{latency}_seconds_count", site="shop") == 1
    assert moved("codesvc_wechat_calls_total", endpoint="template", errcode="0") == 1
    assert moved("codesvc_wechat_seconds_count", endpoint="template") == 1
    assert moved("codesvc_store_seconds_count", script="check") == 2
    for secret in ("alice-0815", "203.0.113", owner.openid, started["id"]):
        assert secret not in after
    assert not discloses(after, code)


async def test_each_step_counts_once_whatever_is_repeated(world):
    before = await numbers(world)
    person, started = await world.person(), await world.start("newcomer", headers={"Idempotency-Key": "one"})
    await world.start("newcomer", headers={"Idempotency-Key": "one"})
    url = await world.scan_url(started)
    for _ in range(3):
        await person.scan(url)
    code = await person.code_in_chat()
    for _ in range(3):
        assert (await world.check(started, code, headers={"Idempotency-Key": "check"})).status == 200
    moved = Moves(before, await numbers(world))
    assert moved.steps() == {"issued": 1, "unbound": 1, "scanned": 1, "sent": 1, "approved": 1}
    assert moved("codesvc_issue_to_approved_seconds_count") == 1


async def test_a_code_that_is_carried_twice_counts_once(world):
    before = await numbers(world)
    owner, started = await world.bound("erin"), await world.start("erin")
    await owner.wait_for_push()
    await world.delivery(started, "delivered")
    await world.advance(61)
    assert (await world.resend(started)).status == 200
    await owner.wait_for_push(2)
    await world.delivery(started, "delivered")
    assert Moves(before, await numbers(world)).steps() == {"issued": 1, "pushed": 1, "sent": 1, "delivered": 1}


async def test_a_push_that_fails_is_a_fallback_with_its_reason(world):
    before = await numbers(world)
    owner = await world.bound("bob")
    await world.fault("errcode", path="/cgi-bin/message/template/send", errcode=43004, times=1)
    started = await world.start("bob")
    await world.delivery(started, "awaiting_scan")
    moved = Moves(before, await numbers(world))
    assert moved.steps() == {"issued": 1, "pushed": 1, "fallen_back": 1}
    assert moved("codesvc_fallbacks_total", reason="not-following") == 1
    assert moved("codesvc_wechat_calls_total", endpoint="template", errcode="43004") == 1
    assert owner.openid not in moved.after


async def test_refusals_are_counted_by_limit(new_world):
    async with new_world(sites__shop__limits={"address_starts": "2/hour", "user_pushes": "1/hour"}) as world:
        before = await numbers(world)
        await world.bound("carol")
        for status in (201, 201, 429, 429):
            assert (await world.start("carol")).status == status
            # A start two seconds after another is no double click.
            await world.advance(3)
        moved = Moves(before, await numbers(world))
        assert moved("codesvc_refused_total", site="shop", limit="address_starts") == 2
        assert moved("codesvc_refused_total", site="shop", limit="user_pushes") == 1
        assert moved("codesvc_fallbacks_total", reason="limited") == 1


async def test_gauges_say_how_things_stand(world):
    await world.bound("dora")
    started = await world.start("dora")
    await world.delivery(started, "sent", "delivered")
    text = await numbers(world)
    assert value(text, "codesvc_store_up") == 1
    assert value(text, "codesvc_qr_pool_size", account="main") == 2
    assert value(text, "codesvc_token_left_seconds", account="main") > 6000
    assert 0 <= value(text, "codesvc_token_age_seconds", account="main") < 100
    assert 0 < value(text, "codesvc_quota_left", call="template") < value(text, "codesvc_quota_daily", call="template")
    assert "codesvc_outbox_age_seconds" in text


async def test_a_store_that_is_down_is_a_number_too(world, valkey):
    valkey.config_set("requirepass", "changed under us")
    try:
        valkey.client_kill_filter(_type="normal", skipme=True)
        text = await numbers(world)
    finally:
        valkey.config_set("requirepass", "")
    assert value(text, "codesvc_store_up") == 0
    assert "codesvc_http_request_seconds" in text
    # What was read before it went down is not shown as if it held now.
    for stored in ("outbox_jobs", "outbox_age_seconds", "quota_left", "token_left_seconds", "qr_codes_unheard"):
        assert f"codesvc_{stored}" not in text
    assert value(await numbers(world), "codesvc_store_up") == 1


async def test_a_store_whose_memory_is_full_is_read_and_is_not_said_to_be_down(world, valkey):
    await numbers(world)
    valkey.config_set("maxmemory", 1)
    try:
        text = await numbers(world)
    finally:
        valkey.config_set("maxmemory", 0)
    assert value(text, "codesvc_store_up") == 1
    assert "codesvc_outbox_age_seconds" in text


async def test_a_made_up_method_makes_no_new_label(world):
    async with world.http.request("PROPFIND", world.service + "/healthz") as answer:
        assert answer.status == 405
    text = await numbers(world)
    assert "PROPFIND" not in text
    assert value(text, "codesvc_http_request_seconds_count", method="OTHER", status="405") >= 1


def series_of(site):
    return sum(f'site="{site}"' in line for line in generate_latest(metrics.REGISTRY).decode().splitlines())


def test_purposes_and_apps_that_come_and_go_leave_a_bounded_number_of_series():
    """Whoever sets up a site chooses these names, and a series stays until the process ends."""
    groups, add = CounterGroups(), lambda *_: None

    def used(names):
        for name in names:
            groups.of(("check", "comes-and-goes", name, Outcome.WRONG, "", "wrong")).times += 1
            metrics.OIDC_LOGINS.labels("comes-and-goes", metrics.bounded("comes-and-goes", name), "started").inc()
        groups.settle(add)

    used(f"p-{number}" for number in range(300))
    most = series_of("comes-and-goes")
    used(f"q-{number}" for number in range(300))
    used(["p-0"])
    assert series_of("comes-and-goes") == most < 4_000
    text = generate_latest(metrics.REGISTRY).decode()
    assert value(text, "codesvc_verification_steps_total", site="comes-and-goes", step="wrong") == 601
    assert value(text, "codesvc_verification_steps_total", site="comes-and-goes", step="wrong", purpose="p-0") == 2
