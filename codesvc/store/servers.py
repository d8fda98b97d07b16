"""Which server holds a partition, and the three ways to a server.

One server holds everything; in a cluster each partition's keys lie on the node that owns the partition's slot. Whoever
wants something of the store names the partition and is given the server; nobody else knows how many there are.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import AskError, ClusterError
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import TimeoutError as TooLate

from codesvc.store.pipelined_connection import PipelinedConnection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import ConnectionPool

_CONNECTIONS = 32
_BLOCKING_CONNECTIONS = 64
_BLOCKING_EXTRA = 2.0


class _Client(Redis):
    """redis-py's client, which tells when what it met may mean that the partitions have moved."""

    trouble: Callable[[], None] | None = None

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py
        except (AskError, ClusterError, Unreachable, TooLate, OSError):  # MOVED is a kind of AskError
            if self.trouble is not None:
                self.trouble()
            raise


class Server:
    """One server.

    Attributes:
        line: the shared connection for scripts; see `codesvc.store.pipelined_connection`.
        redis: for commands off the hot path; callers wait for a connection, no longer than for an answer.
        reader: for reads that block on purpose (streams, subscriptions); waits a little longer for an answer.
        shown: where it is.

    Args:
        pool: makes a pool of connections, given seconds to wait and how many at most.
        timeout: seconds to wait for a connection and for an answer.
        shown: where it is.
        trouble: called when a command met something that a change of the cluster explains.
    """

    def __init__(
        self,
        pool: Callable[[float, int], ConnectionPool],
        *,
        timeout: float,
        shown: str,
        trouble: Callable[[], None] | None = None,
    ) -> None:
        self.redis: Redis = _Client.from_pool(pool(timeout, _CONNECTIONS))
        self.reader: Redis = _Client.from_pool(pool(timeout + _BLOCKING_EXTRA, _BLOCKING_CONNECTIONS))
        for client in (self.redis, self.reader):
            if isinstance(client, _Client):
                client.trouble = trouble
        self.line = PipelinedConnection(self.redis.connection_pool.make_connection, timeout=timeout)
        self.shown = shown

    async def aclose(self) -> None:
        """End all connections; whoever still waits is told."""
        await asyncio.gather(self.line.aclose(), self.redis.aclose(), self.reader.aclose(), return_exceptions=True)


class Servers(Protocol):
    """Where the partitions are.

    Attributes:
        shown: where the store is, without login.
        several: whether partitions lie on different servers and may move.
    """

    shown: str
    several: bool

    def at(self, partition: int) -> Server:
        """The server that holds a partition.

        Raises:
            StoreUnavailable: nobody knows just now.
        """

    def anyone(self) -> Server:
        """Some server, for what concerns no partition: publishing and subscribing.

        Raises:
            StoreUnavailable: none is known just now.
        """

    def primaries(self) -> list[Server]:
        """All servers that hold partitions, as far as known."""

    async def redirected(self, partition: int, said: str) -> bool:
        """Take notice of a refusal; whether the same command may now be sent again, because nothing has happened."""

    def doubt(self) -> None:
        """Something went wrong that a change of the cluster would explain: look again soon, in the background."""

    async def aclose(self) -> None:
        """End all connections."""


class OneServer:
    """One server that holds everything: `redis://`, `unix://`, or whoever the Sentinels name.

    Args:
        server: the server.
        closing: what else to end with it.
    """

    several = False

    def __init__(self, server: Server, closing: Callable[[], Awaitable[None]] | None = None) -> None:
        self._server = server
        self._closing = closing
        self.shown = server.shown

    def at(self, partition: int) -> Server:  # noqa: ARG002  it holds them all
        """The server."""
        return self._server

    def anyone(self) -> Server:
        """The server."""
        return self._server

    def primaries(self) -> list[Server]:
        """The server."""
        return [self._server]

    async def redirected(self, partition: int, said: str) -> bool:  # noqa: ARG002  there is no other to go to
        """Never."""
        return False

    def doubt(self) -> None:
        """Nothing: the next connection is opened anew anyway, to whoever is primary by then."""

    async def aclose(self) -> None:
        """End all connections."""
        await self._server.aclose()
        if self._closing is not None:
            await self._closing()
