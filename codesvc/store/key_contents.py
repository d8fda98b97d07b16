"""What stands under a key, as a value that can be compared and written elsewhere.

Not DUMP and RESTORE: their format differs between Valkey and Redis and between versions of each, and a store is moved
for just that reason. Here only what the protocol itself says of a key is carried.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """One key's value.

    Attributes:
        kind: its type as TYPE says it.
        value: of a shape that depends on the type; of equal keys equal.
        left: ms that it has left, -1 for ever.
    """

    kind: str
    value: Any
    left: int

    def like(self, other: Content | None) -> bool:
        """Whether the other is the same; of time that is left, as far as two clocks and two looks can tell."""
        if other is None or (self.kind, self.value) != (other.kind, other.value):
            return False
        both_stay = self.left < 0 and other.left < 0
        return both_stay or (min(self.left, other.left) >= 0 and abs(self.left - other.left) < _SAME_TIME_MS)


_SAME_TIME_MS: Final = 60_000


_NOTHING: Final[tuple[Any, ...]] = (b"", [], {}, set(), None)


async def read(redis: Redis, names: Sequence[bytes]) -> dict[bytes, Content]:
    """What stands under these keys; one that has gone, or an empty stream, is left out.

    Raises:
        RedisError: no answer.
    """
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.type(name)
            pipe.pttl(name)
        told = await pipe.execute()
    kinds = [kind.decode() for kind in told[::2]]
    async with redis.pipeline(transaction=False) as pipe:
        for name, kind in zip(names, kinds, strict=True):
            _ask(pipe, name, kind)
        values = await pipe.execute()
    return {
        name: Content(kind, _comparable(kind, value), left)
        for name, kind, left, value in zip(names, kinds, told[1::2], values, strict=True)
        if kind != "none" and value not in _NOTHING
    }


def _ask(pipe: Pipeline, name: bytes, kind: str) -> None:
    match kind:
        case "hash":
            pipe.hgetall(name)
        case "list":
            pipe.lrange(name, 0, -1)
        case "set":
            pipe.smembers(name)
        case "zset":
            pipe.zrange(name, 0, -1, withscores=True)
        case "stream":
            pipe.xrange(name)
        case _:
            pipe.get(name)


def _comparable(kind: str, value: Any) -> Any:
    return sorted(value) if kind in {"set", "zset"} else value


def write(pipe: Pipeline, name: bytes, content: Content) -> None:
    """Queue the commands that put a content under a key, in place of whatever stands there."""
    pipe.delete(name)
    match content.kind:
        case "hash":
            pipe.hset(name, mapping=content.value)
        case "list":
            pipe.rpush(name, *content.value)
        case "set":
            pipe.sadd(name, *content.value)
        case "zset":
            pipe.zadd(name, dict(content.value))
        case "stream":
            for entry, fields in content.value:
                pipe.xadd(name, fields, id=entry)
        case _:
            pipe.set(name, content.value)
    if content.left >= 0:
        pipe.pexpire(name, max(content.left, 1))
