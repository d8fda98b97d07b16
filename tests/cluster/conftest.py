"""A service on a cluster of its own, and what its callers are told while the cluster is in trouble."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from codesvc.web.context import SERVICES
from tests import stores
from tests.world import running_world


class Ground:
    """A service, the store below it, and the ways to look at both."""

    def __init__(self, world):
        self.world = world
        self.started = []

    @property
    def here(self):
        return self.world.app[SERVICES]

    @property
    def keys(self):
        return self.here.directory.accounts["main"].store_keys

    async def start(self):
        """One start with an address of its own: 201, or 503 with Retry-After, and nothing else."""
        number = len(self.started)
        answer = await self.world.start(f"u-{number}", ip=f"2001:db8:{number:x}::1")
        self.started.append(answer)
        if answer.status != 201:
            assert (answer.status, answer.problem) == (503, "unavailable"), answer.text
            assert int(answer.headers["Retry-After"]) > 0
        return answer

    async def ready(self):
        return await self.world.call("GET", "/readyz", key=None)

    async def until_ready(self):
        """Wait until the service says that it is ready; bounded by tries."""
        for _ in range(600):
            answer = await self.ready()
            if answer.status == 200:
                return
            assert (answer.status, answer["status"]) == (503, "unavailable")
            assert answer.headers["Retry-After"] == "2"
            await asyncio.sleep(0.05)
        raise AssertionError(f"never ready again: {answer.text}")

    async def until_unready(self, *states):
        """Wait until it says that it is not, and why; the state."""
        for _ in range(600):
            answer = await self.ready()
            if answer.status == 503 and answer["store"] in states:
                return answer["store"]
            await asyncio.sleep(0.05)
        raise AssertionError(f"never {states}: {answer.text}")


@asynccontextmanager
async def ground_on(url, directory):
    limits = {"site_starts": "none", "address_starts": "none"}
    async with running_world(url, directory, sites__shop__limits=limits) as world:
        yield Ground(world)


@pytest.fixture(scope="module")
def nodes():
    with stores.cluster(node_timeout=1000) as nodes:
        yield nodes


@pytest.fixture
async def ground(nodes, tmp_path):
    with nodes.client() as client:
        client.flushall()
    async with ground_on(nodes.url, tmp_path) as ground:
        yield ground
