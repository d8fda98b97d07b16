"""`python -m bench.failover`: acknowledged writes that a fail-over loses, and seconds without a store.

Calls go through the same acts as the service's. The stories:

- *killed*: a primary with two replicas and three Sentinels; `kill -9` of the primary under load, some rounds. What was
  acknowledged and is not on the next primary is lost.
- *cut off*: the primary's links to its replicas hang, as when a switch fails and the callers are on the primary's side.
  The other side makes a new primary, and whatever the old one goes on to acknowledge is lost. So we count what it
  acknowledges until it stops by itself: with `min-replicas-to-write` and without, and in a cluster.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from dataclasses import dataclass, field

from codesvc.domain.clock import Offset
from codesvc.domain.errors import StoreUnavailable
from codesvc.store.act import Act
from codesvc.store.connection import connect
from codesvc.store.deployment_keys import PartitionKeys
from codesvc.store.replies import Reply
from codesvc.store.store import Store
from tests import stores

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
CALLERS = 16
PAUSE = 0.01
CUT_OFF_SECONDS = 15


@dataclass
class Load:
    """Callers who write, each key once, and remember what they were told."""

    store: Store
    acknowledged: list[tuple[str, float]] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    going: bool = True

    async def caller(self, name: str) -> None:
        number, note = 0, Act(self.store.deployment, "note_activity", Reply)
        while self.going:
            number += 1
            key = f"cs:{{p00}}:bench:{name}:{number}"
            try:
                await note.raw(PartitionKeys("cs", 0), {"spoke": key}, {"window": 600_000})
            except StoreUnavailable:
                self.refused.append(time.monotonic())
            else:
                self.acknowledged.append((key, time.monotonic()))
            await asyncio.sleep(PAUSE)

    async def run(self, story) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(CALLERS):
                group.create_task(self.caller(str(number)))
            await story
            self.going = False


async def loaded(url: str, story) -> Load:
    servers = await connect(url, timeout=2)
    load = Load(Store(servers, offset=Offset(movable=False), prefix="cs"))
    await load.run(story(load))
    await servers.aclose()
    return load


async def killed() -> tuple[int, int, int, float]:
    """Acknowledged, lost, refused, seconds from the kill to the next acknowledgement."""
    with stores.sentinels(down_after=1000) as watched:
        moment = 0.0

        async def story(load):
            nonlocal moment
            await asyncio.sleep(2)
            moment = time.monotonic()
            watched.servers[0].process.send_signal(signal.SIGKILL)
            await stores.until(lambda: load.acknowledged[-1][1] > moment + 0.5)
            await asyncio.sleep(0.5)

        load = await loaded(watched.url, story)
        stores.wait_until(watched.agree)
        there = watched.primary.client
        lost = sum(not there.exists(key) for key, _ in load.acknowledged)
        back = min(at for _, at in load.acknowledged if at > moment + 0.1)
        return len(load.acknowledged), lost, len(load.refused), back - moment


async def cut_off(url: str, others: list[stores.Process]) -> str:
    """What was acknowledged after all others had fallen silent, and when the primary stopped by itself."""
    moment = 0.0

    async def story(_load):
        nonlocal moment
        await asyncio.sleep(1)
        for other in others:
            other.process.send_signal(signal.SIGSTOP)
        moment = time.monotonic()
        await asyncio.sleep(CUT_OFF_SECONDS)

    load = await loaded(url, story)
    after = [at for _, at in load.acknowledged if at > moment]
    stopped = f"stopped by itself after {max(after) - moment:.1f} s" if load.refused else "never stopped by itself"
    return f"{len(after)} acknowledged that a fail-over loses; {stopped}"


async def main() -> None:
    rounds = [await killed() for _ in range(ROUNDS)]
    print(f"killed, {ROUNDS} rounds, about {CALLERS / PAUSE:,.0f} writes a second at most, down-after 1 s:")
    print("| acknowledged | lost | refused | seconds without a store |\n| --- | --- | --- | --- |")
    for acknowledged, lost, refused, seconds in rounds:
        print(f"| {acknowledged} | {lost} | {refused} | {seconds:.2f} |")
    print(f"median without a store: {statistics.median(r[3] for r in rounds):.2f} s\n")
    for name, options in [
        ("without min-replicas-to-write", ()),
        ("min-replicas-to-write 1, max-lag 10 (the servers' default lag)", ("--min-replicas-to-write", "1")),
        ("min-replicas-to-write 1, max-lag 2", ("--min-replicas-to-write", "1", "--min-replicas-max-lag", "2")),
    ]:
        with stores.sentinels(*options, down_after=60_000) as watched:
            print(f"cut off for {CUT_OFF_SECONDS} s, {name}: {await cut_off(watched.url, watched.servers[1:])}")
    with stores.cluster(node_timeout=2000) as nodes:
        holder = nodes.holder("{p00}")
        told = await cut_off(nodes.url, [node for node in nodes.primaries if node is not holder])
        print(f"cut off for {CUT_OFF_SECONDS} s from the rest of a cluster, cluster-node-timeout 2 s: {told}")


if __name__ == "__main__":
    asyncio.run(main())
