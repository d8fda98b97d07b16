"""Walks the keys of one server that match a pattern, in batches as SCAN gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

_COUNT: Final = 1_000


async def key_batches(redis: Redis, pattern: str) -> AsyncIterator[list[bytes]]:
    """The names of keys, each at least once, in batches of about a thousand or fewer; none is empty.

    Args:
        redis: a connection that decodes nothing.
        pattern: the pattern of the names, as for KEYS.

    Raises:
        RedisError, OSError: the server does not answer.
    """
    cursor = -1
    while cursor:
        names: list[bytes]
        cursor, names = await redis.scan(max(cursor, 0), match=pattern, count=_COUNT)  # type: ignore[assignment]  # nothing is decoded
        if names:
            yield names
