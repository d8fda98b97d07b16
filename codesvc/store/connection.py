"""Where the store is, and a redis-py client that behaves (DESIGN, known traps).

redis-py repeats a command by itself when the answer is lost, which would run a script twice, and its default pool
raises when it is empty. Here nothing is ever retried, and callers wait for a connection, no longer than for an answer.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from codesvc.store.embedded import run_embedded
from codesvc.store.multiplex import Multiplexed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codesvc.config import Store as StoreSettings

_CONNECTIONS = 32
_BLOCKING_READ_EXTRA = 5.0


def open_redis(url: str, *, timeout: float, connections: int = _CONNECTIONS) -> Redis:
    """A client for `redis://`, `rediss://` or `unix://`; connects on first use.

    Args:
        url: may hold a password; it appears in no error of ours.
        timeout: seconds to wait for a connection and for an answer.
        connections: at most so many at once.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=timeout,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        retry_on_error=[],
        protocol=2,
    )
    return Redis.from_pool(pool)


def open_reader(url: str, *, timeout: float) -> Redis:
    """A client for reads that block on purpose (streams, subscriptions): it waits a little longer for an answer."""
    return open_redis(url, timeout=timeout + _BLOCKING_READ_EXTRA, connections=64)


def open_transport(redis: Redis, *, timeout: float) -> Multiplexed:
    """The connection for scripts, to the server that this client talks to; see `codesvc.store.multiplex`."""
    return Multiplexed(redis.connection_pool.make_connection, timeout=timeout)


@asynccontextmanager
async def store_url(settings: StoreSettings) -> AsyncIterator[str]:
    """The store's URL: the configured one, or that of an embedded Valkey that lives as long as this context."""
    if settings.url is not None:
        yield settings.url.reveal()
        return
    async with run_embedded(settings.data_dir, fsync=settings.fsync) as embedded:
        yield embedded.url
