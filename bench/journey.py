"""What a person costs from beginning to end: a sign-up by scan, a reset by push and a login by scan.

Each is done as a back end, a browser and a phone do it together: with its page and assets, picture, event stream,
callback in safe mode, the panel that the page fetches after a change, check by its form, proof and binding. First one
person after the other, with the CPU of service and store for each step; then many at once, for how many a core carries.
Beside them stand as many requests to the multiplexed floor, sent in the same way in the same run.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import aiohttp
import redis

from bench import floors
from bench.meter import Meter, Uncounted
from bench.person import JOURNEYS, Person
from bench.processes import cpu_seconds
from bench.service import bind_users, platform, service, start_body

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.person import Journey
    from bench.service import Running

AT_ONCE: Final = 200
_IDLE_SECONDS = 10


@dataclass(frozen=True)
class Found:
    """What was measured.

    Attributes:
        steps: by journey and step, CPU of service and store in µs, medians over the people.
        crowd: by journey, CPU of service and store in µs for each of many at once, and how many went a second.
        requests: by journey, how many requests one person makes.
        floor: CPU of the multiplexed floor for one request, sent one after the other.
        idle: CPU of the service without requests, ms for each second; None: not measured.
    """

    steps: dict[str, dict[str, tuple[float, float]]]
    crowd: dict[str, tuple[float, float, float]]
    requests: dict[str, float]
    floor: float
    idle: float | None

    def ratio(self, name: str) -> float:
        """A journey's CPU in the service, in that of as many requests to the floor."""
        return sum(mine for mine, _ in self.steps[name].values()) / (self.floor * self.requests[name])

    @property
    def picture_ratio(self) -> float:
        """The first request for a QR code, which WeChat is asked for, in requests to the floor."""
        return self.steps["sign-up by scan"]["picture"][0] / self.floor


def measure(directory: Path, store: str, *, people: int, crowd: int, idle_seconds: int = _IDLE_SECONDS) -> Found:
    """So many people one after the other, then so many, `AT_ONCE` at a time."""
    with ExitStack() as stack:
        stub = stack.enter_context(platform())
        here = stack.enter_context(
            service(directory, store, stub, deliver=True, more="[sites.shop.purposes.register]\n")
        )
        bind_users(here)
        floor = stack.enter_context(floors.serving("multiplexed", store))
        client = stack.enter_context(redis.Redis.from_url(store))
        return asyncio.run(_measure(here, client, floor, people, crowd, idle_seconds=idle_seconds))


@dataclass(frozen=True)
class _Street:
    """Where people come from, one after the other or many at once."""

    here: Running
    http: aiohttp.ClientSession
    store: redis.Redis
    pids: tuple[int, int]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def person(self, meter: Meter) -> Person:
        return Person(self.here, self.http, self.store, meter, next(self.numbers))

    async def one_by_one(self, journey: Journey, people: int) -> Meter:
        await journey(self.person(Uncounted(self.pids)))  # pages and templates are made now
        meter = Meter(self.pids)
        for _ in range(people):
            await journey(self.person(meter))
        return meter

    async def crowd(self, journey: Journey, count: int) -> tuple[float, float, float]:
        """CPU of service and store for each of so many, µs, and how many a second."""
        meter = Uncounted(self.pids)
        waiting = iter([self.person(meter) for _ in range(count)])

        async def one_after_the_other() -> None:
            for each in waiting:
                await journey(each)

        before, began = [cpu_seconds(pid) for pid in self.pids], time.perf_counter()
        await asyncio.gather(*(one_after_the_other() for _ in range(min(AT_ONCE, count))))
        took = time.perf_counter() - began
        mine, its = ((cpu_seconds(pid) - was) / count * 1e6 for pid, was in zip(self.pids, before, strict=True))
        return mine, its, count / took


async def _measure(
    here: Running, client: redis.Redis, floor: tuple[int, int], people: int, crowd: int, *, idle_seconds: int
) -> Found:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        street = _Street(here, http, client, (here.pid, client.info("server")["process_id"]))
        meters = {name: await street.one_by_one(journey, people) for name, journey in JOURNEYS.items()}
        many = {name: await street.crowd(journey, crowd) for name, journey in JOURNEYS.items()}
        before = cpu_seconds(here.pid)
        await asyncio.sleep(idle_seconds)
        idle = (cpu_seconds(here.pid) - before) / idle_seconds * 1000 if idle_seconds else None
        return Found(
            {name: meter.medians() for name, meter in meters.items()},
            many,
            {name: meter.requests / people for name, meter in meters.items()},
            await _floor(floor, http, people * 8),
            idle,
        )


async def _floor(floor: tuple[int, int], http: aiohttp.ClientSession, count: int) -> float:
    """CPU of the floor for each of so many requests, one after the other, µs."""
    pid, port = floor
    before = cpu_seconds(pid)
    for number in range(count):
        async with http.post(f"http://127.0.0.1:{port}/", json=start_body(number)) as answer:
            await answer.read()
        await asyncio.sleep(0.003)
    return (cpu_seconds(pid) - before) / count * 1e6


def table(found: Found) -> list[str]:
    lines = []
    for name, steps in found.steps.items():
        mine, its = (sum(each[at] for each in steps.values()) for at in (0, 1))
        floor = found.floor * found.requests[name]
        lines += [f"**{name}**", "", "| step | service, CPU µs | store, CPU µs |", "| --- | --- | --- |"]
        lines += [f"| {step} | {service_us:,.0f} | {store_us:,.0f} |" for step, (service_us, store_us) in steps.items()]
        lines += [f"| **one person** | **{mine:,.0f}** | **{its:,.0f}** |", ""]
        count = f"{found.requests[name]:.0f} requests"
        lines += [f"{count}; as many to the multiplexed floor: {floor:,.0f} µs ({found.ratio(name):.2f}).", ""]
    lines += [
        "| many at once | service, CPU µs each | store, CPU µs each | a second here | a core of the service carries |"
    ]
    lines += ["| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {mine:,.0f} | {its:,.0f} | {rate:,.0f} | {1e6 / mine:,.0f} a second |"
        for name, (mine, its, rate) in found.crowd.items()
    ]
    return [*lines, "", f"Without requests: {found.idle:.2f} ms of CPU a second."] if found.idle is not None else lines
