"""Opens a store by its address, with redis-py set so that it retries nothing (DESIGN, known traps).

By default redis-py repeats a command when the answer is lost, which would run a script twice, and its pool raises when
it is empty. With these options nothing is retried, and callers wait for a connection, at most as long as for an answer.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import structlog
from redis import DriverInfo
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from codesvc.config.store_address import StoreAddress, Topology
from codesvc.store.answer_timeouts import answered_within
from codesvc.store.cluster import Cluster
from codesvc.store.embedded import run_embedded
from codesvc.store.retention import Retention
from codesvc.store.sentinel import Sentinels
from codesvc.store.servers import OneServer, Server
from codesvc.store.store import Store
from codesvc.store.versions import require_new_enough

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from contextlib import AsyncExitStack

    from codesvc.config import Store as StoreSettings
    from codesvc.domain.clock import Offset
    from codesvc.store.cluster import Address
    from codesvc.store.servers import Servers

_log = structlog.get_logger(__name__)


async def opened(
    stack: AsyncExitStack, settings: StoreSettings, url: str, offset: Offset, tag_keys: Sequence[str]
) -> Store:
    """The store, closed with the stack. A store that does not answer yet is not an error.

    Raises:
        StoreTooOld: a server of the store is too old.
    """
    servers = await connect(url, timeout=settings.timeout)
    stack.push_async_callback(servers.aclose)
    if not await require_new_enough(servers):
        _log.warning("store_silent", store=servers.shown)
    return Store(servers, offset=offset, prefix=settings.prefix, retention=retention_of(settings), tag_keys=tag_keys)


_DRIVER: Final = DriverInfo()
"""What a store lists for each connection. Without it redis-py reads its version from its files for each of them."""


def timed_options(timeout: float) -> dict[str, Any]:
    """redis-py's options for a connection that waits `timeout` seconds and repeats nothing."""
    return {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_error": [],
        "protocol": 2,
        "driver_info": _DRIVER,
    }


async def connect(url: str, *, timeout: float) -> Servers:  # noqa: ASYNC109  a setting, handed on
    """Open a store. Single servers and Sentinels are connected on first use; a cluster is asked for its map at once.

    A store that does not answer is not an error at this point. Its callers get errors until it answers.

    Args:
        url: see `codesvc.config.store_address`. It may hold a password, so it appears in no error of ours.
        timeout: seconds to wait for a connection and for an answer.

    Raises:
        ValueError: it is not a valid address.
    """
    address = StoreAddress.parse(url)
    options: dict[str, Any] = dict(parse_url(address.url))
    match address.way:
        case Topology.SERVER:
            return OneServer(Server(partial(_pool, options), timeout=timeout, shown=address.shown))
        case Topology.SENTINEL:
            sentinels = Sentinels(address, options, timed_options(timeout / (len(address.hosts) + 1)))
            server = Server(partial(sentinels.pool, timed_options), timeout=timeout, shown=address.shown)
            return OneServer(server, sentinels.aclose)
        case Topology.CLUSTER:
            cluster = Cluster(address.hosts, partial(_node, options, timeout), shown=address.shown)
            await cluster.discover()
            return cluster


def _pool(options: dict[str, Any], timeout: float, connections: int) -> BlockingConnectionPool:
    made = answered_within(options.get("connection_class", Connection), timeout)
    chosen = options | timed_options(timeout) | {"connection_class": made, "socket_timeout": None}
    return BlockingConnectionPool(max_connections=connections, timeout=timeout, **chosen)


def _node(options: dict[str, Any], timeout: float, address: Address, trouble: Callable[[], None]) -> Server:
    host, port = address
    here = options | {"host": host, "port": port}
    return Server(partial(_pool, here), timeout=timeout, shown=f"{host}:{port}", trouble=trouble)


def retention_of(settings: StoreSettings) -> Retention:
    """The retention times of the configuration."""
    return Retention(
        history=settings.history_retention * 1_000,
        audit=settings.audit_retention * 1_000,
        audit_lines=settings.audit_lines,
    )


@asynccontextmanager
async def store_url(settings: StoreSettings) -> AsyncIterator[str]:
    """The store's URL: the configured one, or that of an embedded Valkey that lives as long as this context."""
    if settings.url is not None:
        yield settings.url.reveal()
        return
    async with run_embedded(settings.data_dir, fsync=settings.fsync, prefix=settings.prefix) as embedded:
        yield embedded.url
