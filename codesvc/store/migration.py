"""Copies a whole store into another one and verifies the copy.

It works like rsync: only differences are written, so an interrupted copy is continued by starting it again, and the
verification is the same walk without writing. What the source has deleted since then is deleted from the copy first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from codesvc.store.deployment_keys import PartitionKeys, topic
from codesvc.store.key_contents import read, write
from codesvc.store.key_patterns import place_of
from codesvc.store.key_scan import key_batches
from codesvc.store.partitions import PARTITIONS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codesvc.runtime.progress import Progress
    from codesvc.store.key_contents import Content
    from codesvc.store.servers import Servers


class Walk:
    """The result of a walk over a store that compares it with another one.

    Attributes:
        found: keys by kind.
        different: keys by kind that the other store lacks or has with another content. In a walk that only compares,
            one that the other store lacks and that expires within a minute does not count: it expired there first.
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


async def is_copy(target: Servers, source: Servers, prefix: str) -> bool:
    """Whether no service has used the target since it was copied from the source; a part of a copy is one too.

    A service writes a mark into each partition that has none, and later turns of its own into all. So the store of a
    running deployment, given as the target by mistake, is not taken for a copy of an older one.

    Raises:
        RedisError: a store does not answer.
        StoreUnavailable: no node of a cluster holds a partition.
    """
    for partition in range(PARTITIONS):
        keys = PartitionKeys(prefix, partition)
        mark, turns = keys.mark.encode(), keys.turns.encode()
        here = await read(source.at(partition).redis, [mark, turns])
        there = await read(target.at(partition).redis, [mark, turns])
        if mark in there and (mark not in here or there[mark].value != here[mark].value):
            return False
        if _latest(there.get(turns)) > _latest(here.get(turns)):
            return False
    return True


def _latest(turns: Content | None) -> float:
    return max((turn for _, turn in turns.value), default=0.0) if turns is not None else 0.0


async def delete_gone(target: Servers, source: Servers, prefix: str, progress: Progress) -> int:
    """Delete from the target what the source does not have; returns how many keys.

    Raises:
        RedisError: a store does not answer. Started again, it continues.
        StoreUnavailable: no node of a cluster holds a partition.
    """
    done = deleted = 0
    async for names in _batches(target, prefix):
        for partition, kinds in _by_partition(names, prefix, Walk()).items():
            there = await read(source.at(partition).redis, list(kinds))
            gone = [name for name in kinds if name not in there]
            if gone:
                await target.at(partition).redis.unlink(*gone)
            deleted += len(gone)
        done += len(names)
        progress.show(done, done, f", {deleted:,} deleted")
    progress.show(done, done, f", {deleted:,} deleted", last=True)
    return deleted


async def compare(source: Servers, target: Servers, prefix: str, progress: Progress, *, copy: bool) -> Walk:
    """Walk the source; with `copy`, write every difference into the target.

    Raises:
        RedisError: a store does not answer. Started again, the copy continues.
        StoreUnavailable: no node of a cluster holds a partition.
    """
    walk, done = Walk(), 0
    async for names in _batches(source, prefix):
        for partition, kinds in _by_partition(names, prefix, walk).items():
            here = await read(source.at(partition).redis, list(kinds))
            there = await read(target.at(partition).redis, list(here))
            walk.found.update(kinds[name] for name in here)
            missing = [name for name in here if not here[name].like(there.get(name))]
            if not copy:
                missing = [name for name in missing if name in there or not here[name].ends_soon]
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


def _by_partition(names: list[bytes], prefix: str, walk: Walk) -> dict[int, dict[bytes, str]]:
    """The kinds of this service's keys, by partition. The others are counted in `walk`."""
    found: defaultdict[int, dict[bytes, str]] = defaultdict(dict)
    for name in names:
        text = name.decode(errors="replace")
        place = place_of(text)
        # SCAN takes the prefix for a pattern.
        if place and text.startswith(f"{prefix}:"):
            found[place[0]][name] = place[1]
        else:
            walk.strange += 1
    return found


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
