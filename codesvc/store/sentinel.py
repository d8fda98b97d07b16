"""Sentinels: every new connection asks them for the primary, and asks the server itself whether it is primary.

A fail-over breaks the connections. Calls fail until the Sentinels have agreed on another primary; then the next
connection goes there. A server that a Sentinel still names, but that has become a replica, is refused at once. A
replica would answer reads with old data, and no answer is better than a wrong one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.asyncio import BlockingConnectionPool, SSLConnection
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.exceptions import ConnectionError as Unreachable

from codesvc.runtime.tasks import whole
from codesvc.store.answer_timeouts import answered_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio.connection import AbstractConnection

    from codesvc.config.store_address import StoreAddress


class _Pool(SentinelConnectionPool, BlockingConnectionPool):
    """Asks the Sentinels for each new connection, and lets callers wait for one."""


async def _as_primary(connection: AbstractConnection) -> None:
    await connection.on_connect()
    await connection.send_command("ROLE")
    role = await connection.read_response()
    if role[0] != b"master":
        raise Unreachable("the server that Sentinel names is not the primary")


class Sentinels:
    """The Sentinels that watch one primary.

    Args:
        address: their hosts, and the name under which they watch the primary (redis-py: service name).
        options: redis-py's options for the data servers.
        sentinel_options: redis-py's options for the Sentinels. Their timeout is shorter than a caller's, so that there
            is time to ask another Sentinel if one does not answer.
    """

    def __init__(self, address: StoreAddress, options: dict[str, Any], sentinel_options: dict[str, Any]) -> None:
        self._service = address.service
        self._options = {name: value for name, value in options.items() if name not in {"host", "port"}}
        tls = self._options.pop("connection_class", None) is SSLConnection
        self._class = SentinelManagedSSLConnection if tls else SentinelManagedConnection
        user, password = address.sentinel_login
        login = {"username": user or None, "password": password or None}
        trust = {name: value for name, value in options.items() if name.startswith("ssl_")}
        self._sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis-py
            address.hosts, sentinel_kwargs={**login, **sentinel_options, **trust, **({"ssl": True} if tls else {})}
        )

    def pool(
        self, timed_options: Callable[[float], dict[str, Any]], timeout: float, connections: int
    ) -> BlockingConnectionPool:
        """Connections to the present primary; `timed_options` makes redis-py's options for a timeout in seconds.

        Reads have no timeout of redis-py: `answered_within` counts the whole answer.
        """
        return _Pool(  # type: ignore[no-untyped-call]  # redis-py
            self._service,
            self._sentinel,
            connection_class=answered_within(self._class, timeout),
            redis_connect_func=_as_primary,
            max_connections=connections,
            timeout=timeout,
            **(self._options | timed_options(timeout) | {"socket_timeout": None}),
        )

    async def aclose(self) -> None:
        """End the connections to the Sentinels, also where the caller is cancelled."""
        await whole(self._sentinel.aclose())
