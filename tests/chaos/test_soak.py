"""Hours in minutes: at a steady rate nothing grows: no memory, no file descriptor, no key, no latency.

The store lives faster than the wall: every tick moves the service's clock ahead and takes the same off every TTL, so
that keys really end while the test watches. What the first third shows is warm-up; the second and the last are held
against one another.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.chaos.processes import OUTBOX, a_town

SECONDS = float(os.environ.get("SOAK_SECONDS", "30"))
RATE = 12
"""Verifications a second; bounded, so that the machine is far from its limits."""
TICKS = 30
MONTH_MS = 31 * 86_400_000
KIND = re.compile(rb"cs:\{p\d\d\}:(?:wx[0-9a-f]{16}:)?([a-z-]+)")
A_TICK = 9_000
"""Seconds of the store's life: what a verification leaves behind ends after a day, in the first third of the ticks."""
AGE = """
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, math.max(1, left - ARGV[1])) end
end
"""


@pytest.fixture
async def town(tmp_path):
    async with a_town(tmp_path) as town:
        yield town


@dataclass
class Third:
    """What was seen in a third of the time."""

    latencies: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    store: list[int] = field(default_factory=list)

    def figures(self):
        return {
            "median ms": round(statistics.median(self.latencies) * 1000, 2),
            "memory KiB": statistics.median(self.memory),
            "descriptors": max(self.descriptors),
            "keys": max(self.keys),
            "store KiB": round(statistics.median(self.store) / 1024),
        }


def resident(pid):
    """KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def open_files(pid):
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


class Soak:
    def __init__(self, town, store):
        self.town = town
        self.store = store
        self.thirds = [Third(), Third(), Third()]
        self.now = self.thirds[0]
        self.count = 0
        self.under_way = deque()
        self.let_begin = asyncio.Event()
        self.let_begin.set()

    async def one(self, number):
        """A start, a look, a wrong code, and an end: the right code, a cancellation, or neither."""
        began = time.perf_counter()
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        body = {"purpose": "register", "user": f"u-{number % len(self.town.people)}", "client_ip": address}
        status, made = await self.town.call("POST", "/v1/verifications", body)
        assert status == 201, made
        path = f"/v1/verifications/{made['id']}"
        for method, rest, body in (("GET", "", None), ("GET", "/scan", None), ("POST", "/check", {"code": "000000"})):
            status, told = await self.town.call(method, path + rest, body)
            assert status in {200, 422}, told
        self.now.latencies.append(time.perf_counter() - began)
        if number % 3 == 0:
            await self.town.call("POST", path + "/cancel", {})
        self.count += 1

    async def steadily(self, until):
        """So many a second, whatever each takes; the next is late where the machine is."""
        loop, number = asyncio.get_running_loop(), 0
        began = loop.time()
        while loop.time() < until:
            await asyncio.sleep(max(0.0, began + number / RATE - loop.time()))
            await self.let_begin.wait()
            self.under_way.append(asyncio.create_task(self.one(number)))
            number += 1
            if len(self.under_way) > 50:
                await self.under_way.popleft()
        await asyncio.gather(*self.under_way)

    async def look(self, pid):
        """One tick, between two stories: time passes, and everything is measured."""
        self.let_begin.clear()
        await asyncio.gather(*self.under_way)
        await self.town.call("POST", "/test/clock", {"advance": A_TICK})
        self.store.eval(AGE, 0, A_TICK * 1000)
        self.let_begin.set()
        self.now.memory.append(resident(pid))
        self.now.descriptors.append(open_files(pid))
        self.now.keys.append(self.store.dbsize())
        self.now.store.append(self.store.info("memory")["used_memory_dataset"])


@pytest.mark.timeout(SECONDS * 2 + 120)
async def test_a_long_steady_life_leaves_nothing_behind(town, valkey, store_url):
    town.configure(f'url = "{store_url}"')
    async with town.serving() as process:
        await town.people_and_users(40)
        soak, loop = Soak(town, valkey), asyncio.get_running_loop()
        began = loop.time()
        load = asyncio.create_task(soak.steadily(began + SECONDS))
        for tick in range(TICKS):
            soak.now = soak.thirds[tick * 3 // TICKS]
            await asyncio.sleep(max(0.0, began + (tick + 1) * SECONDS / TICKS - loop.time()))
            assert not load.done() or load.exception() is None, load.exception()
            await soak.look(process.pid)
        await load
        valkey.eval(AGE, 0, MONTH_MS)
        await asyncio.sleep(0.1)
        left = Counter(found[1].decode() for key in valkey.scan_iter(count=1000) if (found := KIND.match(key)))
        assert {kind: count for kind, count in left.items() if count > len(town.people) + 60} == {}, "keys that stay"
        before, after = soak.thirds[1].figures(), soak.thirds[2].figures()
        sys.stdout.write(
            f"{SECONDS:.0f} s, {soak.count} verifications\n  second third {before}\n  last third   {after}\n"
        )
        assert soak.count > SECONDS * RATE / 3
        assert after["memory KiB"] < before["memory KiB"] * 1.05 + 2048
        assert after["descriptors"] <= before["descriptors"] + 8
        assert after["keys"] < before["keys"] * 1.2 + 50
        assert after["store KiB"] < before["store KiB"] * 1.2 + 512
        assert after["median ms"] < before["median ms"] * 3
        assert valkey.xlen(OUTBOX) < 50
        assert len(valkey.xinfo_consumers(OUTBOX, "delivery")) == 1
