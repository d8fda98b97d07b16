"""Under which appid the bindings of a site lie.

The names of bindings' keys hold the account's partition, not its appid, and an openid does not say its account. So each
partition has a hash with the appid of each site that has ever had a binding there. The scripts that bind keep it.
A store of an earlier version has none; `adopt` fills it once by walking all bindings.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.domain.errors import StoreUnavailable
from codesvc.store.availability import OrUnavailable
from codesvc.store.key_patterns import IN_PARTITION, place_of
from codesvc.store.key_scan import key_batches
from codesvc.store.partitions import DEPLOYMENT, PARTITIONS, partition_root
from codesvc.store.pipelined_connection import ServerSaidError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from redis.asyncio import Redis

    from codesvc.store.store import Store

_ADOPTED: Final = "*"
"""The field that says that all bindings have been walked; no site can have this name."""
MOVING: Final = "moving"
"""What follows the appid while bindings are being moved away from it."""
_MOVED: Final = "moved"
NOT_KNOWN: Final = ""
"""The appid of bindings that an earlier version has left in a partition that none of its accounts is in."""


class Noted(msgspec.Struct, frozen=True):
    """Under which appid the bindings of a site lie in a partition. `fragments/moving.lua` reads the same.

    Attributes:
        moving: whether they are being moved away from it, which is not complete yet.
        moved_from: the old appid, if they were moved away from this partition or inside of it; "" if not.
    """

    appid: str
    moving: bool = False
    moved_from: str = ""

    @classmethod
    def parse(cls, text: str) -> Noted:
        """Decode a note."""
        appid, _, more = text.partition(" ")
        word, _, old = more.partition(" ")
        return cls(appid, word == MOVING, old if word == _MOVED else "")


async def read(store: Store) -> dict[int, dict[str, Noted]]:
    """What is noted of each site, by partition."""
    found = {}
    partitions = range(PARTITIONS)
    asked = (_fields(store, each) for each in partitions)
    for partition, fields in zip(partitions, await asyncio.gather(*asked), strict=True):
        marks = {site.decode(): text.decode() for site, text in fields.items()}
        found[partition] = {site: Noted.parse(text) for site, text in marks.items() if site != _ADOPTED}
    return found


async def adopt(store: Store, appid_of: Callable[[str, int], str]) -> None:
    """Note the appids of bindings that an earlier version has made. Does nothing from the second time on.

    Args:
        store: the store.
        appid_of: the appid of a site, if its account is in this partition, else `NOT_KNOWN`.
    """
    if await _asked(store, DEPLOYMENT, "hexists", store.keys.binding_account, _ADOPTED):
        return
    found: defaultdict[int, set[str]] = defaultdict(set)
    pattern = f"{store.prefix}:{{p??}}:{IN_PARTITION['binding'] % ('*', '*')}"
    for server in store.servers.primaries():
        async for name in _names(server.redis, pattern):
            if place := place_of(name):
                found[place[0]].add(name.split(":")[3])
    for partition, sites in found.items():
        for site in sites:
            place_name, appid = store.partition_keys(partition).binding_account, appid_of(site, partition)
            await _asked(store, partition, "hsetnx", place_name, site, appid)
    await _asked(store, DEPLOYMENT, "hset", store.keys.binding_account, _ADOPTED, "1")


async def has_bindings(store: Store, partition: int, site: str) -> bool:
    """Whether a site has a binding in this partition. Walks the partition's server until it finds one."""
    pattern = partition_root(store.prefix, partition) + IN_PARTITION["binding"] % (site, "*")
    async for _ in _names(store.at(partition), pattern):
        return True
    return False


async def note(
    store: Store, partition: int, site: str, appid: str | None, *, moving: bool = False, moved_from: str = ""
) -> None:
    """Change the appid of a site's bindings in this partition; None: it has none there any more.

    Args:
        store: the store.
        partition: the partition.
        site: the site.
        appid: the appid.
        moving: they are being moved away, which is not complete before this is changed again. Until then nothing
            changes them or relies on them.
        moved_from: they have been moved to `appid` from this appid. What still runs under it is refused as before.
    """
    name = store.partition_keys(partition).binding_account
    if appid is None:
        await _asked(store, partition, "hdel", name, site)
    else:
        word = f" {MOVING}" if moving else f" {_MOVED} {moved_from}" if moved_from else ""
        await _asked(store, partition, "hset", name, site, appid + word)


async def _names(redis: Redis, pattern: str) -> AsyncIterator[str]:
    with OrUnavailable("the store does not answer"):
        async for names in key_batches(redis, pattern):
            for name in names:
                yield name.decode()


async def _fields(store: Store, partition: int) -> dict[bytes, bytes]:
    """The hash of a partition. All are asked at once, by the connection that scripts share, so no others are opened."""
    name = store.partition_keys(partition).binding_account
    try:
        words = await store.servers.at(partition).line.execute("HGETALL", name)
    except (ServerSaidError, StoreUnavailable) as error:
        store.servers.doubt()
        raise StoreUnavailable(f"the store does not answer ({type(error).__name__})") from None
    return dict(zip(words[::2], words[1::2], strict=True))


async def _asked(store: Store, partition: int, command: str, *words: str) -> dict[bytes, bytes]:
    with OrUnavailable("the store does not answer"):
        return await getattr(store.at(partition), command)(*words)  # type: ignore[no-any-return]
