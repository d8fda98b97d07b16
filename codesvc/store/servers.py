"""Which server holds a partition, and the three kinds of connections to a server.

A single server holds all partitions. In a cluster, a partition's keys are on the node that owns the partition's slot.
Callers name the partition and get the server; they do not know how many servers there are.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import AskError, ClusterError
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import TimeoutError as TooLate

from codesvc.runtime.tasks import whole
from codesvc.store.pipelined_connection import PipelinedConnection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import ConnectionPool

_CONNECTIONS = 32
_BLOCKING_CONNECTIONS = 64
_BLOCKING_EXTRA = 2.0
"""Seconds for which a blocking read may wait for something to come, beside the time for an answer."""


class _Client(Redis):
    """redis-py's client, which calls `trouble` after an error that may mean that partitions have moved."""

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
        redis: for commands that are not frequent; callers wait for a connection at most as long as for an answer.
        reader: for reads that block on purpose (streams, subscriptions); waits a little longer for an answer.
        shown: where it is.

    Args:
        pool: makes a pool of connections, given seconds to wait and how many at most.
        timeout: seconds to wait for a connection and for an answer.
        shown: where it is.
        trouble: called after an error that a change of the cluster could explain.
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
            if isinstance(client, _Client):  # always; redis-py's annotation says `Redis`
                client.trouble = trouble
        self.line = PipelinedConnection(self.redis.connection_pool.make_connection, timeout=timeout)
        self.shown = shown

    async def aclose(self) -> None:
        """Close all connections, also where the caller is cancelled; all waiting callers get an error."""
        parts = (self.line.aclose(), self.redis.aclose(), self.reader.aclose())
        await whole(asyncio.gather(*parts, return_exceptions=True))


class Servers(Protocol):
    """The servers of the store.

    Attributes:
        shown: the store's address, without login.
        several: whether partitions lie on different servers and may move.
    """

    shown: str
    several: bool

    def at(self, partition: int) -> Server:
        """The server that holds a partition.

        Raises:
            StoreUnavailable: no server is known for it now.
        """

    def anyone(self) -> Server:
        """Any server, for publishing and subscribing, which belong to no partition.

        Raises:
            StoreUnavailable: no server is known now.
        """

    def primaries(self) -> list[Server]:
        """All known servers that hold partitions."""

    async def redirected(self, partition: int, said: str) -> bool:
        """Handle a refusal. Returns whether to send the same command again, because nothing was executed."""

    def doubt(self) -> None:
        """Learn the cluster's map again soon, in the background, after a failure that a change could explain."""

    async def aclose(self) -> None:
        """End all connections."""


class OneServer:
    """One server that holds all partitions: `redis://`, `unix://`, or the primary that the Sentinels name.

    Args:
        closing: called after the server is closed.
    """

    several = False

    def __init__(self, server: Server, closing: Callable[[], Awaitable[None]] | None = None) -> None:
        self._server = server
        self._closing = closing
        self.shown = server.shown

    def at(self, partition: int) -> Server:  # noqa: ARG002  one server holds all partitions
        """The server."""
        return self._server

    def anyone(self) -> Server:
        """The server."""
        return self._server

    def primaries(self) -> list[Server]:
        """The server."""
        return [self._server]

    async def redirected(self, partition: int, said: str) -> bool:  # noqa: ARG002  there is no other server
        """Always False: there is no other server."""
        return False

    def doubt(self) -> None:
        """Does nothing: the next connection is opened to the present primary anyway."""

    async def aclose(self) -> None:
        """End all connections."""
        try:
            await self._server.aclose()
        finally:
            if self._closing is not None:
                await self._closing()
