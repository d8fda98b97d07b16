"""What a site and an operator can see and do: pages, filters, scopes, the command line, the numbers."""

from __future__ import annotations

import pytest

from codesvc.client import schema
from codesvc.domain.webhook import EVENTS, TEST_EVENT, HookStatus, Result
from codesvc.web.context import SERVICES
from codesvc.web.contract import examples
from tests.command_line import codesvc
from tests.doctor.conftest import toml
from tests.webhooks.receiver import deliveries, delivery, hook, quiet, send_test
from tests.world import OPERATOR_KEY, OTHER_KEY, document


def test_published_words_are_those_there_are():
    assert set(schema.EVENT_SHAPES) == {*EVENTS, TEST_EVENT} == examples.EVENTS.keys() == schema.EVENT_MEANINGS.keys()
    assert set(schema.HOOK_STATUSES) == set(HookStatus)
    assert set(schema.HOOK_RESULTS) == set(Result)


async def pages(world, **filters):
    """Every page from the first to the last."""
    cursor, found = "", []
    for _ in range(100):
        query = "&".join(f"{name}={value}" for name, value in {**filters, "cursor": cursor}.items())
        page = await world.call("GET", f"/v1/webhooks/deliveries?{query}")
        assert page.status == 200, page.text
        found.append([one["id"] for one in page["deliveries"]])
        if page["next"] is None:
            return found
        cursor = page["next"]
    raise AssertionError("pages without end")


async def test_pages_hold_everything_once_latest_first(told, receiver):
    person = await told.bound("alice")
    events = [await send_test(told) for _ in range(12)]
    await person.unfollow()
    await receiver.wait(14)
    await quiet(told, receiver)
    found = await pages(told, limit=5)
    flat = [event for page in found for event in page]
    assert len(flat) == len(set(flat)) == 14
    assert [event for event in flat if event in events] == events[::-1]
    assert max(map(len, found)) == 5
    assert [event for page in await pages(told, limit=5, event="webhook.test") for event in page] == events[::-1]
    assert [page for page in await pages(told, event="quota.low") if page] == []
    assert len(await deliveries(told, status="delivered", limit=100)) == 14
    assert await deliveries(told, status="failed") == []


async def test_events_of_one_and_the_same_moment_stand_on_some_page_once(new_world, receiver):
    async with new_world(sites__shop__webhook=hook(receiver), sites__shop__users_per_wechat="many") as world:
        person = await world.person()
        for number in range(7):
            assert (await world.bind(f"u-{number}", person)).status == 201
        await person.unfollow()
        left = [received.id for received in await receiver.of("binding.unreachable", 7)]
        found = await pages(world, limit=3, event="binding.unreachable")
        assert [len(page) for page in found if page] == [3, 3, 1]
        assert sorted(event for page in found for event in page) == sorted(left)


@pytest.mark.parametrize(
    "query",
    ["status=gone", "event=verification.aproved", "limit=0", "limit=101", "limit=x", "limit=", "cursor=x", "colour=1",
     "cursor=MSB4", "limit=%D9%A1"],
)  # fmt: skip
async def test_a_filter_at_fault(told, query):
    answer = await told.call("GET", f"/v1/webhooks/deliveries?{query}")
    assert (answer.status, answer.problem) == (400, "invalid")
    assert answer["errors"][0]["pointer"] == "/" + query.partition("=")[0]


async def test_only_keys_with_the_scope_and_only_their_own(new_world, receiver):
    async with new_world(sites__shop__webhook=hook(receiver)) as world:
        event = await send_test(world)
        for method, path in (
            ("GET", "/v1/webhooks"),
            ("GET", "/v1/webhooks/deliveries"),
            ("GET", f"/v1/webhooks/deliveries/{event}"),
            ("POST", f"/v1/webhooks/deliveries/{event}/resend"),
            ("POST", "/v1/webhooks/test"),
            ("POST", "/v1/webhooks/enable"),
        ):
            body = {} if method == "POST" else None
            assert (await world.call(method, path, body, key=OTHER_KEY)).status == 403
            assert (await world.call(method, path, body, key=None)).status == 401
    scopes = [{"name": "a", "hash": hash_of(OTHER_KEY), "scopes": ["admin"]}]
    async with new_world(sites__shop__webhook=hook(receiver), sites__cafe__keys=scopes) as world:
        event = await send_test(world)
        assert (await world.call("GET", f"/v1/webhooks/deliveries/{event}", key=OTHER_KEY)).status == 404
        assert (await world.call("GET", "/v1/webhooks/deliveries", key=OTHER_KEY))["deliveries"] == []
        for method, path in (("GET", ""), ("POST", "/test"), ("POST", "/enable")):
            answer = await world.call(method, f"/v1/webhooks{path}", {} if method == "POST" else None, key=OTHER_KEY)
            assert (answer.status, answer.problem) == (404, "not-found")


def hash_of(key):
    from codesvc.config.api_keys import hash_line

    return hash_line(key)


async def test_an_id_that_is_none(told):
    for event in ("wh_x", "wh_" + "0" * 32, "..", "wh_" + "A" * 32):
        assert (await told.call("GET", f"/v1/webhooks/deliveries/{event}")).status == 404
        assert (await told.call("POST", f"/v1/webhooks/deliveries/{event}/resend", {})).status == 404


async def test_a_test_with_an_idempotency_key_is_sent_once(told, receiver):
    headers = {"Idempotency-Key": "abc"}
    first = await told.call("POST", "/v1/webhooks/test", {}, headers=headers)
    await delivery(told, first["id"], "delivered")
    again = await told.call("POST", "/v1/webhooks/test", {}, headers=headers)
    assert (first.status, again.status, first["id"]) == (201, 201, again["id"])
    assert first.headers["Location"] == f"/v1/webhooks/deliveries/{first['id']}"
    other = await send_test(told)
    await delivery(told, other, "delivered")
    await quiet(told, receiver)
    assert len(receiver.got) == 2
    payload = (await told.call("GET", first.headers["Location"]))["payload"]
    assert payload == receiver.got[0].event


async def test_what_a_site_asks_for_itself_is_limited_as_its_starts_are_and_apart_from_them(new_world, receiver):
    """Each of these calls makes an outgoing request, and there could be any number of them."""
    limits = {"site_starts": ["3/hour"]}
    async with new_world(sites__shop__webhook=hook(receiver), sites__shop__limits=limits) as world:
        event, once = await send_test(world), {"Idempotency-Key": "once"}
        again = [await world.call("POST", "/v1/webhooks/test", {}, headers=once) for _ in range(3)]
        assert [answer.status for answer in again] == [201] * 3  # one event, which counts once
        assert (await world.call("POST", f"/v1/webhooks/deliveries/{event}/resend", {})).status == 200
        for path in ("test", f"deliveries/{event}/resend"):
            refused = await world.call("POST", f"/v1/webhooks/{path}", {})
            assert (refused.status, refused.problem, refused["limit"]) == (429, "rate-limited", "webhook_requests")
            assert 0 < int(refused.headers["Retry-After"]) <= 3600
        # It uses up no starts, and what it refused is sent by the operator.
        assert (await world.start()).status == 201
        webhooks, site = world.app[SERVICES].webhooks, world.app[SERVICES].directory.sites["shop"]
        assert (await webhooks.resend(site, event, actor="operator:lan")).hook is not None
        await world.advance(3_600)
        await send_test(world)


async def test_the_endpoint_is_shown_without_its_query(new_world, receiver):
    async with new_world(sites__shop__webhook=hook(receiver) | {"url": receiver.url + "?token=secret"}) as world:
        await delivery(world, await send_test(world), "delivered")
        shown = await world.call("GET", "/v1/webhooks")
        assert shown["url"] == receiver.url
        assert (shown["enabled"], shown["waiting"], shown["failures"]) == (True, 0, 0)
        assert shown["delivered_at"]


async def test_the_numbers(told, receiver):
    receiver.answers = [204, 500]
    await delivery(told, await send_test(told), "delivered")
    await delivery(told, await send_test(told), "pending", attempts=1)
    text = (await told.call("GET", "/metrics", key=OPERATOR_KEY)).text
    for result in ("delivered", "refused"):
        assert f'codesvc_webhook_attempts_total{{result="{result}",site="shop"}}' in text
    assert "codesvc_webhook_seconds_count" in text
    (waiting,) = [line for line in text.splitlines() if line.startswith("codesvc_webhooks_waiting{")]
    assert waiting.endswith(" 1.0")
    assert "codesvc_webhooks_overdue_seconds{" in text


async def test_the_command_line(new_world, receiver, tmp_path, store_url):
    changes = {"sites__shop__webhook": hook(receiver), "store__url": store_url}
    async with new_world(**changes) as world:
        path = tmp_path / "config.toml"
        path.touch(mode=0o600)
        path.write_text(toml(document(world.service, world.sandbox, **changes)), encoding="utf-8")
        where = ("--config", str(path), "--site", "shop")
        receiver.answers = [410]
        status, out, err = await codesvc("webhooks", "test", *where)
        assert status == 0, err
        event = out.split()[-1]
        await delivery(world, event, "pending", attempts=1)
        status, out, _ = await codesvc("webhooks", "list", *where)
        assert status == 0
        assert "DISABLED since" in out
        assert f"{event}  webhook.test  pending  gone 410" in out
        status, out, _ = await codesvc("webhooks", "enable", *where)
        assert out.startswith("endpoint enabled")
        await delivery(world, event, "delivered")
        status, out, _ = await codesvc("webhooks", "resend", event, *where)
        assert (status, out) == (0, f"{event}: queued\n")
        await receiver.wait(3)
        await world.call("POST", f"/v1/webhooks/deliveries/{event}/resend", {})
        lines = (await world.app[SERVICES].auditing.search()).lines
        done = [(line.actor, line.act) for line in reversed(lines) if line.act.startswith("webhook")]
        assert done == [("cli", "webhook.enabled"), ("cli", "webhook.resent"), ("key:server", "webhook.resent")]
        status, out, _ = await codesvc("webhooks", "resend", "wh_x", *where)
        assert (status, out) == (1, "wh_x: no such event\n")
        status, out, err = await codesvc("webhooks", "resend", "--failed", *where)
        assert (status, out) == (0, "")
        status, _, err = await codesvc("webhooks", "resend", *where)
        assert (status, err) == (1, "codesvc webhooks: give event ids, or --failed\n")
        status, _, err = await codesvc("webhooks", "list", "--config", str(path), "--site", "cafe")
        assert (status, err) == (1, "codesvc webhooks: sites.cafe has no webhook\n")


async def test_a_secret_is_made_as_the_configuration_wants_it(document_of):
    status, out, _ = await codesvc("webhooks", "secret")
    assert status == 0
    secret = next(word for word in out.split() if word.startswith("whsec_"))
    assert document_of(secret).sites["shop"].webhook.secrets[0].reveal() == secret


@pytest.fixture
def document_of(tmp_path):
    from codesvc.config import parse

    def made(secret):
        webhook = {"url": "https://shop.example/hook", "secrets": [secret]}
        tables = document("http://127.0.0.1:1", "http://127.0.0.1:2", sites__shop__webhook=webhook)
        return parse(tables, env={}, directory=tmp_path)

    return made
