"""Copies a whole store into another one and verifies the copy.

It works like rsync: only differences are written, so an interrupted copy is continued by starting it again, and the
verification is the same walk without writing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from codesvc.store.deployment_keys import topic
from codesvc.store.key_contents import read, write
from codesvc.store.key_patterns import place_of
from codesvc.store.key_scan import key_batches

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codesvc.runtime.progress import Progress
    from codesvc.store.servers import Servers


class Walk:
    """The result of a walk over a store that compares it with another one.

    Attributes:
        found: keys by kind.
        different: keys by kind that the other store lacks or has with another content.
        strange: keys that do not belong to this service; they are not copied.
    """

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.different: Counter[str] = Counter()
        self.strange = 0


async def count(servers: Servers) -> int:
    """The number of keys, including those of other programs.

    Raises:
        RedisError: the store does not answer.
    """
    return sum([await server.redis.dbsize() for server in servers.primaries()])


async def in_use(servers: Servers, prefix: str) -> bool:
    """Whether a service runs on this store: each of its processes subscribes to the deployment's topic.

    Raises:
        RedisError: no answer.
    """
    for server in servers.primaries():
        [(_, listeners)] = await server.redis.pubsub_numsub(topic(prefix))
        if listeners:
            return True
    return False


async def compare(source: Servers, target: Servers, prefix: str, progress: Progress, *, copy: bool) -> Walk:
    """Walk the source; with `copy`, write every difference into the target.

    Raises:
        RedisError: a store does not answer. Started again, the copy continues.
        StoreUnavailable: no node of a cluster holds a partition.
    """
    walk, done = Walk(), 0
    async for names in _batches(source, prefix):
        by_partition: defaultdict[int, dict[bytes, str]] = defaultdict(dict)
        for name in names:
            if place := place_of(name.decode(errors="replace")):
                by_partition[place[0]][name] = place[1]
            else:
                walk.strange += 1
        for partition, kinds in by_partition.items():
            here = await read(source.at(partition).redis, list(kinds))
            there = await read(target.at(partition).redis, list(here))
            walk.found.update(kinds[name] for name in here)
            missing = [name for name in here if not here[name].like(there.get(name))]
            walk.different.update(kinds[name] for name in missing)
            if copy and missing:
                # One transaction for each batch, whose keys are all in one slot.
                async with target.at(partition).redis.pipeline(transaction=True) as pipe:
                    for name in missing:
                        write(pipe, name, here[name])
                    await pipe.execute()
        done += len(names)
        progress.show(done, done, f", {walk.different.total():,} {'written' if copy else 'different'}")
    progress.show(done, done, f", {walk.different.total():,} {'written' if copy else 'different'}", last=True)
    return walk


async def _batches(servers: Servers, prefix: str) -> AsyncIterator[list[bytes]]:
    """All keys of a deployment, each once, in batches of some hundred."""
    for server in servers.primaries():
        seen = set[bytes]()
        async for names in key_batches(server.redis, f"{prefix}:*"):
            # SCAN may return a key twice, in one batch or in two. It is counted once.
            fresh = [name for name in dict.fromkeys(names) if name not in seen]
            seen.update(fresh)
            if fresh:
                yield fresh
