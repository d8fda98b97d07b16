"""Checks of the Sentinels: whether there are enough of them, and a replica that can replace the primary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.asyncio.sentinel import SentinelConnectionPool
from redis.exceptions import RedisError

from codesvc.doctor.finding import Finding, fail, ok, warn

if TYPE_CHECKING:
    from codesvc.store.servers import Server

_WHAT = "store: Sentinels"


async def findings(primary: Server) -> list[Finding]:
    """Whether a fail-over would be possible now."""
    pool = primary.redis.connection_pool
    if not isinstance(pool, SentinelConnectionPool):
        return []
    states: list[dict[str, Any]] = []
    asked = list(pool.sentinel_manager.sentinels)
    for sentinel in asked:
        try:
            states.append((await sentinel.sentinel_masters())[pool.service_name])
        except (RedisError, OSError, KeyError):
            continue
    found = f"{len(states)} of {len(asked)} in store.url answer"
    if not states:
        return [fail(_WHAT, found, "Start them, and compare store.url with their addresses and the primary's name.")]
    seen, quorum = max(state["num-other-sentinels"] for state in states) + 1, states[0]["quorum"]
    found += f"; {seen} know each other, quorum {quorum}, {states[0]['num-slaves']} replicas"
    if len(states) < len(asked):
        return [warn(_WHAT, found, "Start the others, or remove them from store.url.")]
    if states[0]["num-slaves"] == 0:
        return [warn(_WHAT, found, "Add a replica. Without one, a primary that fails means 503 until it is back.")]
    if seen // 2 + 1 > len(states) or quorum > seen:
        return [warn(_WHAT, found, "Run at least three Sentinels: a failover needs a majority of them.")]
    return [ok(_WHAT, found)]
