"""The content of a key, as a value that can be compared and written to another store.

DUMP and RESTORE are not used. Their format differs between Valkey and Redis and between versions, and a different
server is the usual reason to move a store. Only the protocol's own commands are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline

_TIME: Final = 6
"""Octets of a time."""
_ELSEWHERE: Final = b"L"
_ELSEWHERE_COUNT: Final = 255
"""Says, of a window and of recent activity, that the times are in a list of their own."""
_HEAD: Final = 2
"""Octets before the times of recent activity: their number, and whether other lists have live verifications too."""
_GROUP_AND_END: Final = 6
"""Octets before the id of a user's verification: those that tell purpose and address apart, and when it ends."""


def unpacked(kind: str, value: bytes) -> dict[str, list[int] | list[str]] | None:
    """Times (ms) of events and ids of verifications, oldest first; None if keys of this kind are not packed.

    The layouts are those of `fragments/windows.lua` and `fragments/recent_activity.lua`, which alone write them. Times
    that are in a list of their own are left out.
    """
    if kind == "window":
        return {"times": [] if value == _ELSEWHERE else _times(value)}
    if kind not in {"user", "recent"}:
        return None
    count = 0 if value[0] == _ELSEWHERE_COUNT else value[0]
    place = _HEAD + _TIME * count
    verifications = []
    while place < len(value):
        length = value[place]
        entry = value[place + 1 : place + 1 + length]
        verifications.append("vf_" + entry[_GROUP_AND_END if kind == "user" else 0 :].decode())
        place += 1 + length
    return {"times": _times(value[_HEAD : _HEAD + _TIME * count]), "verifications": verifications}


def _times(packed: bytes) -> list[int]:
    return [int.from_bytes(packed[at : at + _TIME], "big") for at in range(0, len(packed), _TIME)]


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """One key's value.

    Attributes:
        kind: the type of the value as the command TYPE reports it, not the kind of the key.
        value: its shape depends on the type. Equal keys have equal values.
        left_ms: ms until it expires, -1 for never.
    """

    kind: str
    value: Any
    left_ms: int

    def like(self, other: Content | None) -> bool:
        """Whether the other is equal. Remaining times may differ as much as two clocks and two reads explain."""
        if other is None or (self.kind, self.value) != (other.kind, other.value):
            return False
        both_stay = self.left_ms < 0 and other.left_ms < 0
        return both_stay or (
            min(self.left_ms, other.left_ms) >= 0 and abs(self.left_ms - other.left_ms) < _SAME_TIME_MS
        )

    @property
    def ends_soon(self) -> bool:
        """Whether it expires so soon that another copy of it may have expired before."""
        return 0 <= self.left_ms < _SAME_TIME_MS


_SAME_TIME_MS: Final = 60_000


_NOTHING: Final[tuple[Any, ...]] = (b"", [], {}, set(), None)


async def read(redis: Redis, names: Sequence[bytes]) -> dict[bytes, Content]:
    """The contents of these keys. A key that no longer exists and an empty stream are left out.

    Raises:
        RedisError: the store does not answer.
    """
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.type(name)
            pipe.pttl(name)
        replies = await pipe.execute()
    kinds = [kind.decode() for kind in replies[::2]]
    async with redis.pipeline(transaction=False) as pipe:
        for name, kind in zip(names, kinds, strict=True):
            _ask(pipe, name, kind)
        values = await pipe.execute()
    return {
        name: Content(kind, _comparable(kind, value), left)
        for name, kind, left, value in zip(names, kinds, replies[1::2], values, strict=True)
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
    """Queue the commands that write a content to a key and replace its former content."""
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
    if content.left_ms >= 0:
        pipe.pexpire(name, max(content.left_ms, 1))
