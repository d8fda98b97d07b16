"""Whether time could tell who is bound: within a request the store does the same work, bound or not.

Seconds say little on a machine that has other work; `make oracle` measures them over HTTP. Here the commands are
counted that the store carries out for a request, those inside scripts among them. That is where a difference of time
would come from.
"""

from __future__ import annotations

from collections import Counter

import pytest
from redis import Redis

from tests.service.inside import code_of
from tests.world import wrong

ROUNDS = 4
UNLIMITED = {"address_starts": "none", "user_pushes": "none"}
MOST_MORE = 8
"""Commands that an act on a push may take more or fewer than one on none (docs/security.md, What time tells)."""


class Meter:
    """Counts the commands of the store."""

    def __init__(self, client):
        self._client = client

    def counts(self):
        stats = self._client.info("commandstats")
        own = {"cmdstat_info", "cmdstat_client|setinfo", "cmdstat_hello", "cmdstat_ping"}
        return Counter({name: each["calls"] for name, each in stats.items() if name not in own})

    async def of(self, call):
        """What a call makes the store do; what the service does beside it counts too."""
        before = self.counts()
        answer = await call
        return answer, self.counts() - before


def least(counters):
    """The work that each of these has in common: what happened beside a single one does not count."""
    seen = counters[0]
    for each in counters[1:]:
        seen &= each
    return seen


async def work(world, meter, users, act, purpose="reset"):
    """The store's work in an act upon a started verification, for users of one kind."""
    seen = []
    for number, user in enumerate(users):
        started = await world.start(user, purpose, ip=f"198.51.100.{number}")
        seen.append((await meter.of(act(started)))[1])
    return least(seen)


@pytest.fixture
async def town(new_world, valkey):
    if not isinstance(valkey, Redis):
        pytest.skip("a cluster's commands are counted by no one server")
    # Without a pool, so that none is filled beside the calls.
    async with new_world(service__deliver=False, accounts__main__qr_pool=0, sites__shop__limits=UNLIMITED) as world:
        for number in range(ROUNDS):
            await world.bound(f"bound-{number}")
        yield world


KINDS = {kind: [f"{kind}-{number}" for number in range(ROUNDS)] for kind in ("bound", "unknown")}


async def test_a_call_about_somebody_who_is_bound_is_the_same_work(town, valkey):
    acts = {
        "read": town.get,
        "page": lambda started: town.page("GET", started),
        "state": lambda started: town.page("GET", started, "/state"),
        "scan": lambda started: town.call("GET", f"/v1/verifications/{started['id']}/scan"),
        "picture": lambda started: town.page("GET", started, "/qr.svg"),
        "malformed code": lambda started: town.check(started, "x"),
        "early resend": town.resend,
    }
    meter = Meter(valkey)
    for name, act in acts.items():
        seen = {kind: await work(town, meter, users, act) for kind, users in KINDS.items()}
        assert seen["bound"] == seen["unknown"], name


@pytest.mark.parametrize("name", ["start", "wrong code", "cancel"])
async def test_an_act_on_a_push_differs_by_a_few_commands(town, valkey, name):
    acts = {
        "wrong code": lambda started: town.check(started, wrong(code_of(town, started))),
        "cancel": town.cancel,
    }
    meter, seen = Meter(valkey), {}
    for kind, users in KINDS.items():
        if name == "start":
            starts = [town.start(user, "reset", ip=f"203.0.113.{number}") for number, user in enumerate(users)]
            seen[kind] = least([(await meter.of(start))[1] for start in starts])
        else:
            seen[kind] = await work(town, meter, users, acts[name])
    differing = (seen["bound"] - seen["unknown"]) + (seen["unknown"] - seen["bound"])
    assert differing.total() <= MOST_MORE, differing
    assert seen["unknown"]["cmdstat_evalsha"] == seen["bound"]["cmdstat_evalsha"] == 1
