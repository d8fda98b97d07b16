"""Hours in minutes: at a steady rate nothing grows: no memory, no file descriptor, no key, no processor time.

The store lives faster than the wall: every tick moves the service's clock ahead and takes the same off every TTL, so
that keys really end while the test watches. What the first third shows is warm-up; the second and the last are held
against one another. A busy machine makes it longer and nothing else: each tick has as many verifications, and as many
at once.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.chaos.processes import OUTBOX, a_town

SECONDS = float(os.environ.get("SOAK_SECONDS", "15"))
RATE = 24
"""Verifications a second; bounded, so that the machine is far from its limits."""
TICKS = 30
AT_ONCE = 8
IN_A_TICK = int(SECONDS * RATE / TICKS)
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

    stories: int = 0
    processor: float = 0.0
    memory: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    store: list[int] = field(default_factory=list)

    def figures(self):
        return {
            "processor ms": round(self.processor / self.stories * 1000, 2),
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


def processor_time(pid):
    """Seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Soak:
    def __init__(self, town, store, pid):
        self.town = town
        self.store = store
        self.pid = pid
        self.count = 0
        self.places = asyncio.Semaphore(AT_ONCE)

    async def one(self, number):
        """A start, a look, a wrong code, and an end: the right code, a cancellation, or neither."""
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        body = {"purpose": "register", "user": f"u-{number % len(self.town.people)}", "client_ip": address}
        status, made = await self.town.call("POST", "/v1/verifications", body)
        assert status == 201, made
        path = f"/v1/verifications/{made['id']}"
        for method, rest, body in (("GET", "", None), ("GET", "/scan", None), ("POST", "/check", {"code": "000000"})):
            status, told = await self.town.call(method, path + rest, body)
            assert status in {200, 422}, told
        if number % 3 == 0:
            await self.town.call("POST", path + "/cancel", {})

    async def steadily(self, count):
        """So many, none of them earlier than the rate says; later where the machine is busy."""

        async def placed(number):
            async with self.places:
                await self.one(number)

        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as stories:
            for number in range(count):
                await asyncio.sleep(max(0.0, began + number / RATE - loop.time()))
                stories.create_task(placed(self.count))
                self.count += 1

    async def tick(self, third):
        """Some stories; then, while there are none, time passes and everything is measured."""
        before = processor_time(self.pid)
        await self.steadily(IN_A_TICK)
        third.stories += IN_A_TICK
        third.processor += processor_time(self.pid) - before
        await self.town.call("POST", "/test/clock", {"advance": A_TICK})
        self.store.eval(AGE, 0, A_TICK * 1000)
        third.memory.append(resident(self.pid))
        third.descriptors.append(open_files(self.pid))
        third.keys.append(self.store.dbsize())
        third.store.append(self.store.info("memory")["used_memory_dataset"])


@pytest.mark.timeout(SECONDS * 10 + 300)
async def test_a_long_steady_life_leaves_nothing_behind(town, valkey, store_url):
    town.configure(f'url = "{store_url}"')
    async with town.serving() as process:
        await town.people_and_users(40)
        soak, thirds = Soak(town, valkey, process.pid), [Third(), Third(), Third()]
        for tick in range(TICKS):
            await soak.tick(thirds[tick * 3 // TICKS])
        valkey.eval(AGE, 0, MONTH_MS)
        await asyncio.sleep(0.1)
        left = Counter(found[1].decode() for key in valkey.scan_iter(count=1000) if (found := KIND.match(key)))
        assert {kind: count for kind, count in left.items() if count > len(town.people) + 60} == {}, "keys that stay"
        before, after = thirds[1].figures(), thirds[2].figures()
        sys.stdout.write(
            f"{SECONDS:.0f} s, {soak.count} verifications\n  second third {before}\n  last third   {after}\n"
        )
        assert after["memory KiB"] < before["memory KiB"] * 1.05 + 2048
        assert after["descriptors"] <= before["descriptors"] + AT_ONCE
        assert after["keys"] < before["keys"] * 1.2 + 50
        assert after["store KiB"] < before["store KiB"] * 1.2 + 512
        assert after["processor ms"] < before["processor ms"] * 2
        assert valkey.xlen(OUTBOX) < 50
        assert len(valkey.xinfo_consumers(OUTBOX, "delivery")) == 1
