"""Many people at the same moment: open pages, pages of one verification, a burst of starts, callbacks beside starts.

Pages are opened as browsers do it: the page, then its event stream. Where a page is refused a stream it asks for the
state every three seconds, as the page's script does.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import aiohttp
import redis

from bench import calls, phone
from bench.bindings import KEYS
from bench.processes import cpu_seconds, resident_mb, scaled
from bench.service import KEY, bind_users, openid, platform, service, start_body, with_client
from bench.streams import Watcher, changes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.service import Running

_CONNECTIONS: Final = 400
_CHANGES: Final = 200
_WATCHED_SECONDS: Final = 6.0
_POLL_SECONDS: Final = 3.0
_CALLBACKS: Final = 500
_STARTS_BESIDE: Final = 1_000
_BURST: Final = 2_000
_STRANGERS: Final = 30_000_000


@dataclass(frozen=True)
class Pages:
    """Open pages, each of another verification.

    Attributes:
        count: how many.
        idle_mb: resident memory of the process before.
        resident_mb: and with all of them open.
        p50_ms: from the call that changes a verification to the change in its page's stream, at the median.
        p99_ms: the same, at the 99th percentile.
    """

    count: int
    idle_mb: float
    resident_mb: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class OnePage:
    """Many pages of one verification.

    Attributes:
        count: how many pages.
        streams: how many of them have an event stream; the others ask again and again.
        change_us: CPU of service and store for one change that all of them see.
        idle_us: CPU of the service for each second in which nothing changes.
    """

    count: int
    streams: int
    change_us: float
    idle_us: float


@dataclass(frozen=True)
class Found:
    """What was measured; loads are those of `bench.load`, and `kept` are the burst's starts that the store has."""

    pages: Pages
    same: list[OnePage]
    burst: dict[str, Any]
    kept: int
    callbacks: dict[str, Any]
    starts: dict[str, Any]


def _started(here: Running, numbers: Iterator[int], count: int) -> list[tuple[str, str]]:
    """Id and page path of so many verifications of unbound users."""

    async def ask(http: aiohttp.ClientSession, _: int) -> tuple[str, str]:
        number = next(numbers)
        async with http.post("/v1/verifications", json=start_body(number) | {"user": f"page-{number}"}) as answer:
            assert answer.status == 201, await answer.text()
            made = await answer.json()
        return made["id"], urlsplit(made["page_url"]).path

    return with_client(here.base, count, ask)


async def _cancel(http: aiohttp.ClientSession, identifier: str) -> None:
    async with http.post(f"/v1/verifications/{identifier}/cancel", json={}) as answer:
        assert answer.status == 200, await answer.text()


async def _pages(here: Running, opened: list[tuple[str, str]]) -> Pages:
    idle, watcher = resident_mb(here.pid), Watcher(here.port)
    await watcher.watch(opened)
    assert not watcher.refused, f"{watcher.refused} pages have no stream"
    await asyncio.sleep(1)
    resident = resident_mb(here.pid)
    some = [identifier for identifier, _ in opened[:: max(1, len(opened) // _CHANGES)]]
    took = await changes(here.port, some, watcher)
    await watcher.close()
    return Pages(len(opened), idle, resident, took[len(took) // 2], took[int(len(took) * 0.99)])


async def _poll(http: aiohttp.ClientSession, path: str, pages: int) -> None:
    """As so many pages without a stream: each asks every three seconds."""
    async with asyncio.TaskGroup() as group:

        async def one(first: float) -> None:
            await asyncio.sleep(first)
            while True:
                async with http.get(f"{path}/state") as answer:
                    await answer.read()
                await asyncio.sleep(_POLL_SECONDS)

        for number in range(pages):
            group.create_task(one(number * _POLL_SECONDS / pages))


async def _of_one(here: Running, store_pid: int, opened: list[tuple[str, str]], pages: int) -> OnePage:
    """The same number of pages of each of a few verifications in turn, so that the median of their changes is known."""
    changed, idle, streams = [], [], 0
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(here.base, headers=headers) as http:
        for identifier, path in opened:
            watcher = Watcher(here.port)
            await watcher.watch([(f"{identifier}-{number}", path) for number in range(pages)])
            streams = watcher.open
            polls = asyncio.create_task(_poll(http, path, watcher.refused)) if watcher.refused else None
            before = cpu_seconds(here.pid)
            await asyncio.sleep(_WATCHED_SECONDS)
            idle.append((cpu_seconds(here.pid) - before) / _WATCHED_SECONDS * 1e6)
            if polls:
                polls.cancel()
                await asyncio.gather(polls, return_exceptions=True)
                await asyncio.sleep(0.2)
            before = cpu_seconds(here.pid) + cpu_seconds(store_pid)
            await _cancel(http, identifier)
            while len(watcher.seen) < streams:  # noqa: ASYNC110  a benchmark may poll
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
            changed.append((cpu_seconds(here.pid) + cpu_seconds(store_pid) - before) * 1e6)
            await watcher.close()
    middle = len(opened) // 2
    return OnePage(pages, streams, sorted(changed)[middle], sorted(idle)[middle])


def _burst(here: Running, client: redis.Redis, numbers: Iterator[int], count: int) -> tuple[dict[str, Any], int]:
    """So many starts within a second; the answers, and how many of those that were answered 201 the store has."""
    stream = KEYS.outbox
    before = client.xlen(stream)
    plan = [("/v1/verifications", start_body(next(numbers))) for _ in range(count)]
    found = calls.load(here.port, plan, [here.pid], rate=count, connections=_CONNECTIONS)
    return found, client.xlen(stream) - before


def _beside(here: Running, numbers: Iterator[int], seconds: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Callbacks of scans and starts at the same time."""
    strangers = list(itertools.islice(numbers, _CALLBACKS * seconds))
    scenes = zip(strangers, phone.scenes(here, strangers), strict=True)
    scans = [phone.scan(openid(_STRANGERS + number), scene) for number, scene in scenes]
    starts = [("/v1/verifications", start_body(next(numbers))) for _ in range(_STARTS_BESIDE * seconds)]
    with ThreadPoolExecutor(2) as threads:
        both = [
            threads.submit(calls.load, here.port, plan, [here.pid], rate=rate, connections=128)
            for plan, rate in ((scans, _CALLBACKS), (starts, _STARTS_BESIDE))
        ]
        return both[0].result(), both[1].result()


def measure(directory: Path, store: str, *, pages: int) -> Found:
    """Each by itself, one after the other, in one process of the service that does not deliver."""
    numbers = itertools.count()
    with ExitStack() as stack:
        here = stack.enter_context(service(directory, store, stack.enter_context(platform())))
        bind_users(here)
        client = stack.enter_context(redis.Redis.from_url(store))
        store_pid = client.info("server")["process_id"]
        opened = asyncio.run(_pages(here, _started(here, numbers, pages)))
        same = [
            asyncio.run(_of_one(here, store_pid, _started(here, numbers, 5), count)) for count in (1, scaled(1_000))
        ]
        burst, kept = _burst(here, client, numbers, scaled(_BURST))
        callbacks, starts = _beside(here, numbers, 4)
    return Found(opened, same, burst, kept, callbacks, starts)


def table(found: Found) -> list[str]:
    pages = found.pages
    lines = [
        "| open pages | memory with them | without | change seen after, p50 and p99 |",
        "| --- | --- | --- | --- |",
        (
            f"| {pages.count:,} | {pages.resident_mb:.0f} MB | {pages.idle_mb:.0f} MB "
            f"| {pages.p50_ms:.1f} ms, {pages.p99_ms:.1f} ms |"
        ),
        "",
        "| pages of one verification | streams | a change, CPU µs with the store | no change, CPU µs a second |",
        "| --- | --- | --- | --- |",
        *(f"| {one.count:,} | {one.streams} | {one.change_us:,.0f} | {one.idle_us:,.0f} |" for one in found.same),
        "",
        "| load | answers | p50 ms | p99 ms |",
        "| --- | --- | --- | --- |",
    ]
    loads = {
        f"{found.burst['count']:,} starts in a second ({found.kept:,} of them in the outbox)": found.burst,
        f"{_CALLBACKS} callbacks a second": found.callbacks,
        f"beside {_STARTS_BESIDE:,} starts a second": found.starts,
    }
    return lines + [
        f"| {name} | {json.dumps(one['statuses'])} | {one['p50_ms']:.1f} | {one['p99_ms']:.1f} |"
        for name, one in loads.items()
    ]
