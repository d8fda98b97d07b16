"""Checks that the store's servers are new enough."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import RedisError

from codesvc.domain.errors import CodesvcError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.store.servers import Servers

OLDEST: Final = {"redis": (6, 2), "valkey": (7, 2)}
"""The oldest supported servers. Redis 6.2 brought XAUTOCLAIM and LPOP with a count; Valkey begins with 7.2. The tests
run on Redis 6.2, Redis 7.0 and the bundled Valkey 9.
"""


class StoreTooOld(CodesvcError):
    """A server is too old: it lacks commands that the service needs."""


def version_of(info: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """`redis` or `valkey`, and its version, from the answer to INFO. Valkey names a Redis version as well."""
    server = "valkey" if "valkey_version" in info else "redis"
    text = str(info.get("valkey_version") or info.get("redis_version") or "0")
    return server, tuple(int(part) for part in re.findall(r"\d+", text))


def shown(server: str, version: tuple[int, ...]) -> str:
    """A server and its version, for people."""
    return f"{server} {'.'.join(map(str, version))}"


async def require_new_enough(servers: Servers) -> bool:
    """Check the version of every server that holds partitions. Returns whether all of them answered.

    Raises:
        StoreTooOld: a server is too old. The text says which one and what is needed.
    """
    nodes = servers.primaries()
    for node in nodes:
        try:
            server, version = version_of(await node.redis.info("server"))
        except (RedisError, OSError, StoreUnavailable):
            return False
        if version < OLDEST[server]:
            needed = shown(server, OLDEST[server])
            raise StoreTooOld(f"the store at {node.shown} is {shown(server, version)}; codesvc needs {needed} or newer")
    return bool(nodes)
