"""Nothing is lost and nothing is stuck: crashes, several processes, leases, and the bounds of the queue."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import pytest
from aiohttp import web

from codesvc.config import parse
from codesvc.domain import webhook
from codesvc.domain.clock import Offset
from codesvc.service.webhooks import Webhooks
from codesvc.sites.registry.reading import configured_directory
from codesvc.store import script
from codesvc.store.connection import connect
from codesvc.store.outcomes import Outcome
from codesvc.store.store import Store
from codesvc.store.webhook_queue import Tried
from tests.process.processes import KEY as PROCESS_KEY
from tests.process.processes import ready, serving, write_config
from tests.webhooks.receiver import SECRET, hook, quiet, receiving, send_test, until
from tests.world import OPERATOR_KEY, OTHER_KEY, document

AUTH = {"Authorization": f"Bearer {PROCESS_KEY}"}


def with_webhook(path, receiver, store_url):
    """A configuration file's service, over the test's store, with a webhook."""
    text = path.read_text().replace('data_dir = "data"\nfsync = "always"', f'url = "{store_url}"')
    text += f'[sites.shop.webhook]\nurl = "{receiver.url}"\nsecrets = ["{SECRET}"]\nallow_private = true\n'
    path.write_text(text)


async def bind(http, base, user):
    async with http.put(f"{base}/v1/bindings/{user}", json={"openid": f"o-person-{user}"}) as answer:
        assert answer.status == 201


async def test_a_process_killed_in_the_middle_of_a_delivery_hands_it_back(tmp_path, store_url, valkey):
    killed = asyncio.Event()

    async def answers_late(_):
        await killed.wait()
        return web.Response()

    path, base = write_config(tmp_path)
    async with receiving(answers=[answers_late]) as receiver, aiohttp.ClientSession(headers=AUTH) as http:
        with_webhook(path, receiver, store_url)
        async with serving(path, forked=True) as process:
            await ready(http, base, process)
            await bind(http, base, "alice")
            await bind(http, base, "bob")
            await receiver.wait(2)
            process.kill()
            await process.wait()
        killed.set()
        [lane] = valkey.keys("*webhook-lane:shop")
        [sites] = valkey.keys("*webhook-sites")
        # Fifteen seconds pass: nobody has said that he is at it.
        valkey.hset(lane, "until", 0)
        valkey.zadd(sites, {"shop": 0})
        async with serving(path, forked=True) as process:
            await ready(http, base, process)
            await until(lambda: asyncio.to_thread(lambda: not valkey.keys("*webhook-due:shop")))
        sent = [(received.id, received.data["user"]) for received in receiver.got]
        # Alice's was under way when the process died; bob's may have been noted before.
        assert {user for _, user in sent} == {"alice", "bob"}
        assert len({event for event, _ in sent}) == 2
        assert [user for _, user in sent].count("alice") == 2


async def test_between_the_act_and_the_sending_nothing_is_lost_or_doubled(new_world, receiver):
    """A process that answers calls and never sends is one that died before it could."""
    sites = {"sites__shop__webhook": hook(receiver)}
    async with new_world(**sites, service__deliver=False) as world:
        started, person = await world.start(), await world.person()
        await person.say(started["scan"]["keyword"])
        headers = {"Idempotency-Key": "once"}
        code = await person.code_in_chat()
        for _ in range(3):
            assert (await world.check(started, code, headers=headers)).status == 200
        assert receiver.got == []
    async with new_world(**sites) as world:
        await receiver.wait()
        assert await quiet(world, receiver) == ["verification.approved"]


async def test_a_script_that_fails_leaves_neither_the_change_nor_the_event(told, receiver, valkey, dump):
    """One act: where the event cannot be written, the binding is not made either."""
    valkey.config_set("maxmemory", 1)
    try:
        person = {"openid": "o-person-1"}
        assert (await told.call("PUT", "/v1/bindings/alice", person)).status == 503
    finally:
        valkey.config_set("maxmemory", 0)
    assert not [key for key in dump() if ":binding:" in key or ":webhook:" in key]
    assert (await told.call("PUT", "/v1/bindings/alice", person)).status == 201
    await receiver.wait()
    assert await quiet(told, receiver) == ["binding.created"]


async def test_two_processes_share_the_work_and_send_nothing_twice(new_world):
    async with receiving() as shop, receiving() as cafe:
        sites = {"sites__shop__webhook": hook(shop), "sites__cafe__webhook": hook(cafe)}
        async with new_world(**sites) as first, new_world(**sites) as second:
            for number in range(60):
                world = (first, second)[number % 2]
                path, body = f"/v1/bindings/u-{number}", {"openid": f"o-person-{number:04}"}
                assert (await world.call("PUT", path, body)).status == 201
                assert (await world.call("PUT", path, body, key=OTHER_KEY)).status == 201
            await shop.wait(60)
            await cafe.wait(60)
            await quiet(first, shop)
            await quiet(second, cafe, "cafe")
            for receiver in (shop, cafe):
                assert len({received.id for received in receiver.got}) == len(receiver.got) == 60


async def test_a_process_that_stops_lets_another_go_on_at_once(new_world, receiver):
    over = asyncio.Event()

    async def hangs(_):
        await over.wait()
        return web.Response()

    sites = {"sites__shop__webhook": hook(receiver)}
    async with new_world(**sites) as second:
        async with new_world(**sites) as first:
            receiver.answers = [hangs]
            await send_test(first)
            await receiver.wait()
            over.set()
        event = await send_test(second)
        await receiver.wait(2)
        assert receiver.got[-1].id == event


@pytest.fixture
async def queue(store_url, tmp_path):
    """The queue without anybody who sends: a maker of owners, and the site's own view."""
    table = {"url": "https://shop.example/", "secrets": [SECRET]}
    tables = document("http://127.0.0.1:1", "http://127.0.0.1:2", sites__shop__webhook=table)
    settings = parse(tables, env={}, directory=tmp_path)
    servers = await connect(store_url, timeout=5)
    store = Store(servers, offset=Offset(movable=True), prefix="cs")
    site = configured_directory(settings).sites["shop"]
    yield site, Webhooks(store), store.webhooks.queue, store
    await servers.aclose()


async def test_one_process_at_a_time_has_a_site(queue, valkey):
    site, webhooks, of, _ = queue
    partition, a, b = site.store_keys.partition, of("a"), of("b")
    event = (await webhooks.test(site)).hook.id
    assert (await a.claim(partition, most=5)).sites == ("shop",)
    assert (await b.claim(partition, most=5)).sites == ()
    work = await a.take(partition, "shop", most=5, release=True)
    assert [job.id for job in work.jobs] == [event]
    # What happens meanwhile does not put the site up for others; and if it were, they would see that it is taken.
    sites = site.store_keys.root + "webhook-sites"
    held = valkey.zscore(sites, "shop")
    await webhooks.test(site)
    assert valkey.zscore(sites, "shop") == held
    valkey.zadd(sites, {"shop": 0})
    assert (await b.claim(partition, most=5)).sites == ()
    assert (await b.take(partition, "shop", most=5, release=True)).outcome is Outcome.STALE
    # The lease runs out: b has it, and a finds that out.
    valkey.hset(site.store_keys.root + "webhook-lane:shop", "until", 0)
    valkey.zadd(sites, {"shop": 0})
    assert (await b.claim(partition, most=5)).sites == ("shop",)
    assert (await a.take(partition, "shop", most=5, release=True)).outcome is Outcome.STALE
    await a.release(partition, "shop", after_ms=0)
    work = await b.take(partition, "shop", most=5, release=True)
    assert len(work.jobs) == 2
    # Events of one millisecond have no order among themselves.
    (job,) = (job for job in work.jobs if job.id == event)
    # Both made the attempt; only the first that says so counts.
    await b.record(partition, "shop", job, Tried("delivered", 5, 204), "delivered")
    await a.record(partition, "shop", job, Tried("refused", 5, 500), "again", pause_ms=1000)
    assert [tried.result for tried in (await webhooks.get(site, event)).tried] == ["delivered"]
    await b.release(partition, "shop", after_ms=0)
    assert (await a.claim(partition, most=5)).sites == ("shop",)


async def test_a_site_that_is_done_is_nobodys(queue, valkey):
    site, webhooks, of, store = queue
    partition, a = site.store_keys.partition, of("a")
    event = (await webhooks.test(site)).hook
    [name] = (await a.claim(partition, most=5)).sites
    [job] = (await a.take(partition, name, most=5, release=True)).jobs
    await a.record(partition, name, job, Tried("refused", 5, 500), "again", pause_ms=5000)
    assert (await a.take(partition, name, most=5, release=False)).jobs == ()
    assert (await a.take(partition, name, most=5, release=True)).outcome is Outcome.EMPTY
    assert (await a.claim(partition, most=5)).sites == ()
    store.offset.move_to(5001)
    assert (await a.claim(partition, most=5)).sites == (name,)
    await a.record(partition, name, job, Tried("delivered", 5, 204), "delivered")
    assert (await a.take(partition, name, most=5, release=True)).outcome is Outcome.EMPTY
    assert not valkey.exists(site.store_keys.root + "webhook-sites")
    assert len((await webhooks.get(site, event.id)).tried) == 2


@pytest.fixture
def narrow(monkeypatch):
    """A queue that holds three events, two that are done, and four attempts."""
    monkeypatch.setattr(script, "MOST_PENDING", 3)
    monkeypatch.setattr(script, "MOST_DONE", 2)
    monkeypatch.setattr(script, "ATTEMPTS_SHOWN", 4)
    script.load.cache_clear()
    yield
    script.load.cache_clear()


@pytest.mark.usefixtures("narrow")
async def test_the_queue_is_bounded(queue, valkey):
    site, webhooks, of, store = queue
    partition, a = site.store_keys.partition, of("a")
    events = []
    for number in range(8):
        store.offset.move_to(number + 1)
        events.append((await webhooks.test(site)).hook.id)
    page = await webhooks.find(site, limit=100)
    # Three wait. Of those that gave way the latest two are remembered.
    assert [hook.status.value for hook in page.hooks] == ["pending", "failed", "failed", "pending", "pending"]
    assert {hook.reason for hook in page.hooks if hook.status.value == "failed"} == {"overflow"}
    assert len(valkey.keys("*:webhook:shop:*")) == 5
    [name] = (await a.claim(partition, most=1)).sites
    for _ in range(9):
        [job, *_] = (await a.take(partition, name, most=9, release=True)).jobs
        await a.record(partition, name, job, Tried("refused", 5, 500), "again")
    assert max(len(hook.tried) for hook in (await webhooks.find(site, limit=100)).hooks) <= 4
    for job in (await a.take(partition, name, most=9, release=True)).jobs:
        await a.record(partition, name, job, Tried("delivered", 5, 204), "delivered")
    assert len((await webhooks.find(site, limit=100)).hooks) == 2
    assert len(valkey.keys("*:webhook:shop:*")) == 2


async def test_what_is_too_old_is_listed_no_more(queue):
    site, webhooks, _, store = queue
    old = (await webhooks.test(site)).hook.id
    store.offset.move_to(webhook.KEPT_MS + 1000)
    new = (await webhooks.test(site)).hook.id
    assert [hook.id for hook in (await webhooks.find(site)).hooks] == [new]
    assert old != new


async def test_a_site_that_no_process_knows_waits_without_being_lost(new_world, receiver):
    async with new_world(sites__shop__webhook=hook(receiver), service__deliver=False) as world:
        await send_test(world)
    # The cafe's webhook keeps the worker at this partition; the shop's has gone from the configuration.
    async with receiving() as cafe, new_world(sites__cafe__webhook=hook(cafe)) as world:
        assert (await world.bind("bob", await world.person(), key=OTHER_KEY)).status == 201
        await cafe.wait()
        assert receiver.got == []
        assert re.search(
            r"codesvc_webhooks_waiting\{[^}]*\} 1\.0", (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
        )
    async with new_world(sites__shop__webhook=hook(receiver)) as world:
        await world.advance(11)
        await receiver.wait()
