"""A cluster: which node holds which partition, learnt from the nodes themselves and kept up to date.

Each partition has one hash tag, so one slot, so one node; a node is used like a single server. redis-py's own cluster
client is not used: it repeats commands, closes everybody's connections when one node is in trouble, and its errors are
no `RedisError`. What remains to do is small:

- *The map.* All known nodes are asked at once for their state and their slots; the first that says the cluster is up is
  believed. That happens at the start, and in the background whenever something fails that a changed cluster explains.
- *MOVED* names the new owner of a slot. Nothing has been executed, so the call goes there at once.
- *ASK, TRYAGAIN*: the slot's keys are being moved one by one, and lie on two nodes. A script that forms names of keys
  itself could then stop in the middle. So every call to a cluster names one key more, of the same slot, that never
  exists (`codesvc.store.keys.never`): the node sees that a key is missing and refuses before anything runs. The call
  waits a moment, for it may be over soon; else it fails. Nothing is executed by halves (docs/decisions/0013).
- *CLUSTERDOWN* and connections that break fail the call, and the map is asked for again.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis.crc import key_slot
from redis.exceptions import AuthenticationError, RedisError

from codesvc.domain.errors import StoreUnavailable
from codesvc.runtime.tasks import end
from codesvc.store.keys import PARTITIONS, partition_root

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from codesvc.store.servers import Server

SLOTS: Final = tuple(key_slot(partition_root("", partition).encode()) for partition in range(PARTITIONS))
"""The hash slot of each partition; the prefix stands before the tag and does not count."""

Address = tuple[str, int]

_log = structlog.get_logger(__name__)
_BETWEEN_SECONDS: Final = 0.25
_MOVING_SECONDS: Final = 0.05


class Cluster:
    """The nodes of a cluster.

    Args:
        seeds: nodes to begin with.
        make: opens one, given its address and whom to tell of trouble.
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
        """Some node: what is published to one reaches the subscribers of all.

        Raises:
            StoreUnavailable: none is known.
        """
        if not self._primaries:
            self.doubt()
            raise StoreUnavailable("no node of the cluster is known")
        return random.choice(self._primaries)  # noqa: S311  to spread load, not to keep a secret

    def primaries(self) -> list[Server]:
        """All nodes that hold slots."""
        return self._primaries

    async def redirected(self, partition: int, said: str) -> bool:
        """Take notice of a refusal; whether to send the same command again, because nothing was executed."""
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
        """Ask all known nodes, and the seeds, for the map. Where none answers, the old map stays."""
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
                # Whoever came too late to be heard; its error is nobody's.
                task.cancelled() or task.exception()
        if second_best:
            # Nobody says that the cluster is up. What they know of it is still where the answers will come from.
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
        # Replicas as well: they are who is left when all primaries are gone.
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
        for node in self._nodes.values():
            await node.aclose()


def _address(text: str, asked: Server | None) -> Address:
    """`host:port`; no host means the one that was asked, or for IPv6 everything before the last colon."""
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
    """A node as CLUSTER SLOTS names it; a host that it does not know is that of the node that was asked."""
    host = node[0].decode() if node[0] else ""
    return (host if host not in {"", "?"} else own, int(node[1]))
