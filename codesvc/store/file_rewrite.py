"""Writes the store's append-only files anew, so that what was deleted is no longer on the disk.

Deleting a key appends a line to the file and removes none. The server makes a new file of its present data
(BGREWRITEAOF), in the background, and deletes the old one. It does that by itself when the file has doubled, which may
take weeks.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from redis.exceptions import RedisError, ResponseError

if TYPE_CHECKING:
    from codesvc.store.servers import Server, Servers

_POLL_SECONDS: Final = 0.05


class Rewrite(StrEnum):
    """What became of a server's file."""

    DONE = "done"
    FAILED = "failed"
    FORBIDDEN = "forbidden"
    NO_FILE = "no-file"


class Rewritten(NamedTuple):
    """One server.

    Attributes:
        server: its address, without login.
        result: what became of its append-only file.
        replicas: how many replicas it has. Each has a file of its own.
    """

    server: str
    result: Rewrite
    replicas: int


async def rewrite_files(servers: Servers) -> list[Rewritten]:
    """Rewrite the append-only file of each server that holds partitions, and wait until it is done."""
    return [await _rewrite(server) for server in servers.primaries()]


async def _rewrite(server: Server) -> Rewritten:
    try:
        known: dict[str, Any] = await server.redis.info("replication")
        replicas = int(known.get("connected_slaves", 0))
        return Rewritten(server.shown, await _rewritten(server.redis), replicas)
    except ResponseError:
        # An ACL without the command, or a provider that has renamed it.
        return Rewritten(server.shown, Rewrite.FORBIDDEN, 0)
    except (RedisError, OSError):
        return Rewritten(server.shown, Rewrite.FAILED, 0)


async def _rewritten(redis: Any) -> Rewrite:
    state = await redis.info("persistence")
    if not state.get("aof_enabled"):
        return Rewrite.NO_FILE
    # A rewrite that runs already has begun before the deletion, so its file may hold what was deleted.
    await _idle(redis)
    await redis.execute_command("BGREWRITEAOF")
    state = await _idle(redis)
    return Rewrite.DONE if state.get("aof_last_bgrewrite_status") == "ok" else Rewrite.FAILED


async def _idle(redis: Any) -> dict[str, Any]:
    """Wait until no rewriting runs or is scheduled; the state then."""
    while True:
        state: dict[str, Any] = await redis.info("persistence")
        if not state.get("aof_rewrite_in_progress") and not state.get("aof_rewrite_scheduled"):
            return state
        await asyncio.sleep(_POLL_SECONDS)
