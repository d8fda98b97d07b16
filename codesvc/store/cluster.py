"""A cluster. Which node holds which partition is learnt from the nodes and kept up to date.

Each partition has one hash tag, so one slot, so one node. A node is used like a single server. redis-py's own cluster
client is not used: it repeats commands, closes all connections when one node fails, and its errors are no `RedisError`.
This module does the rest:

- *The map.* All known nodes are asked at once for their state and their slots. The first answer that says that the
  cluster is up is used. This happens at the start, and in the background after each failure that a changed cluster
  could explain.
- *MOVED* names the new owner of a slot. Nothing has been executed, so the call goes there at once.
- *ASK, TRYAGAIN*: the slot's keys are being moved one by one and are on two nodes. A script that forms key names itself
  could stop in the middle. So every call to a cluster names one more key of the same slot that never exists
  (`codesvc.store.deployment_keys.never`): the node sees that a key is missing and refuses before anything runs. The
  call waits a moment, because the move may end soon; otherwise it fails. No script runs in part (docs/decisions/0013).
- *CLUSTERDOWN* and broken connections fail the call, and the map is asked for again.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.crc import key_slot
from redis.exceptions import AuthenticationError, RedisError

from codesvc.domain.errors import StoreUnavailable
from codesvc.runtime.tasks import end, whole
from codesvc.store.partitions import PARTITIONS, partition_root

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codesvc.store.servers import Server

SLOTS: Final = tuple(key_slot(partition_root("", partition).encode()) for partition in range(PARTITIONS))
"""The hash slot of each partition. The prefix is outside the tag and does not change the slot."""

Address = tuple[str, int]

_log = structlog.get_logger(__name__)
_BETWEEN_SECONDS: Final = 0.25
_MOVING_SECONDS: Final = 0.05


class Cluster:
    """The nodes of a cluster.

    Args:
        seeds: nodes to begin with.
        make: opens a node, given its address and a callback for failures.
        shown: where the cluster is, without login.
    """

    several = True

    def __init__(
        self, seeds: Sequence[Address], make: Callable[[Address, Callable[[], None]], Server], *, shown: str
    ) -> None:
        self._seeds = seeds
        self._make = make
        self.shown = shown
        self._nodes: dict[Address, Server] = {}
        self._holders: list[Server | None] = [None] * PARTITIONS
        self._primaries: list[Server] = []
        self._mentioned: set[Address] = set()
        self._looking: asyncio.Task[None] | None = None
        self._doubted = False
        self._closed = False
        self._why_unknown = "no answer"

    def at(self, partition: int) -> Server:
        """The node that holds a partition.

        Raises:
            StoreUnavailable: no node is known to hold it.
        """
        holder = self._holders[partition]
        if holder is None:
            self.doubt()
            raise StoreUnavailable(
                "no node of the cluster is known to hold the partition",
                "cluster down" if self._primaries else self._why_unknown,
            )
        return holder

    def anyone(self) -> Server:
        """Any node. A message published at one node reaches the subscribers of all.

        Raises:
            StoreUnavailable: no node is known.
        """
        if not self._primaries:
            self.doubt()
            raise StoreUnavailable("no node of the cluster is known")
        return random.choice(self._primaries)  # noqa: S311  to spread load, not to keep a secret

    def primaries(self) -> list[Server]:
        """All nodes that hold slots."""
        return self._primaries

    async def redirected(self, partition: int, said: str) -> bool:
        """Handle a refusal. Returns whether to send the same command again, because nothing was executed."""
        word, _, rest = said.partition(" ")
        match word:
            case "MOVED":
                self._holders[partition] = self._node(_address(rest.rpartition(" ")[2], self._holders[partition]))
                self.doubt()
                return True
            case "ASK" | "TRYAGAIN":
                self.doubt()
                await asyncio.sleep(_MOVING_SECONDS)
                return True
            case "CLUSTERDOWN" | "MASTERDOWN" | "READONLY" | "LOADING":
                self.doubt()
        return False

    def doubt(self) -> None:
        """Ask the nodes for the map again, soon and in the background."""
        self._doubted = True
        if not self._closed and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look(), name="cluster map")

    async def _look(self) -> None:
        while self._doubted:
            self._doubted = False
            await self.discover()
            await asyncio.sleep(_BETWEEN_SECONDS)

    async def discover(self) -> None:
        """Ask all known nodes and the seeds for the map. If no node answers, the old map stays."""
        known = dict.fromkeys([*self._nodes, *self._mentioned, *self._seeds])
        asked = [self._node(address) for address in known]
        tasks = [asyncio.create_task(_ask(node)) for node in asked]
        second_best: list[tuple[Any, ...]] = []
        try:
            for answered in asyncio.as_completed(tasks):
                try:
                    up, ranges = await answered
                except (RedisError, OSError) as error:
                    _log.debug("cluster_node_silent", error=type(error).__name__)
                    self._why_unknown = "login refused" if isinstance(error, AuthenticationError) else "no answer"
                    continue
                if up:
                    await self._take(ranges)
                    return
                second_best = second_best or ranges
        finally:
            await end(task for task in tasks if not task.done())
            for task in tasks:
                # Retrieve the error of a late answer, so that asyncio does not report it.
                task.cancelled() or task.exception()
        if second_best:
            # No node says that the cluster is up. The map they know is still the best one.
            await self._take(second_best)

    async def _take(self, ranges: list[tuple[Any, ...]]) -> None:
        primaries: dict[Address, Server] = {}
        mentioned: set[Address] = set()
        holders: list[Server | None] = [None] * PARTITIONS
        for first, last, primary, *replicas in ranges:
            owner = primaries.setdefault(primary, self._node(primary))
            mentioned.update([primary, *replicas])
            for partition, slot in enumerate(SLOTS):
                if first <= slot <= last:
                    holders[partition] = owner
        # Replicas too: they remain when all primaries have failed.
        self._holders, self._primaries, self._mentioned = holders, list(primaries.values()), mentioned
        for address in [*self._nodes]:
            if address not in mentioned and address not in self._seeds:
                await self._nodes.pop(address).aclose()

    def _node(self, address: Address) -> Server:
        if address not in self._nodes:
            self._nodes[address] = self._make(address, self.doubt)
        return self._nodes[address]

    async def aclose(self) -> None:
        """End all connections."""
        self._closed = True
        if self._looking is not None:
            await end([self._looking])
        await whole(asyncio.gather(*(node.aclose() for node in self._nodes.values())))


def _address(text: str, asked: Server | None) -> Address:
    """Read `host:port`. An empty host is that of the asked node; an IPv6 host is all before the last colon."""
    host, _, port = text.rpartition(":")
    if not host and asked is not None:
        host = asked.shown.rpartition(":")[0]
    return host, int(port)


async def _ask(node: Server) -> tuple[bool, list[tuple[Any, ...]]]:
    """Whether a node says that the cluster is up, and the slots' ranges as (first, last, primary, replicas…).

    Raises:
        RedisError: no answer, or no cluster.
        OSError: no connection.
    """
    async with node.redis.pipeline(transaction=False) as pipe:
        pipe.execute_command("CLUSTER INFO")
        pipe.execute_command("CLUSTER SLOTS")
        info, slots = await pipe.execute()
    own = node.shown.rpartition(":")[0]
    ranges = [(int(first), int(last), *(_listed(each, own) for each in nodes)) for first, last, *nodes in slots]
    return info.get("cluster_state") == "ok", ranges


def _listed(node: Sequence[Any], own: str) -> Address:
    """The address of a node in CLUSTER SLOTS. If it has no host, it is the host of the node that was asked."""
    host = node[0].decode() if node[0] else ""
    return (host if host not in {"", "?"} else own, int(node[1]))
