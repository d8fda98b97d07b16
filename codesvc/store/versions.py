"""Which servers are new enough, asked of the servers themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import RedisError

from codesvc.domain.errors import CodesvcError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.store.servers import Servers

OLDEST: Final = {"redis": (6, 2), "valkey": (7, 2)}
"""The oldest servers that have every command that is used. Redis 6.2 brought XAUTOCLAIM and LPOP with a count; Valkey
begins with 7.2. The tests run on Redis 6.2, Redis 7.0 and the bundled Valkey 9."""


class StoreTooOld(CodesvcError):
    """A server that lacks commands which are needed."""


def version_of(info: Mapping[str, Any]) -> tuple[str, tuple[int, ...]]:
    """`redis` or `valkey`, and its version, from the answer to INFO. Valkey names a Redis version as well."""
    server = "valkey" if "valkey_version" in info else "redis"
    text = str(info.get("valkey_version") or info.get("redis_version") or "0")
    return server, tuple(int(part) for part in re.findall(r"\d+", text))


def shown(server: str, version: tuple[int, ...]) -> str:
    """A server and its version, for people."""
    return f"{server} {'.'.join(map(str, version))}"


async def require_new_enough(servers: Servers) -> bool:
    """Look at the version of every server that holds partitions; whether all of them could be asked.

    Raises:
        StoreTooOld: one is too old; the text says which, and what is needed.
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
