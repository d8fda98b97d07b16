"""Moves bindings and what else is kept about people and users from one appid of an account to another.

The two appids are usually in different partitions, so no script sees both. Each step can be repeated: first the copy is
complete, then the original goes. If the process is killed in between, the step is repeated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.store import key_contents
from codesvc.store.key_patterns import IN_PARTITION
from codesvc.store.key_scan import key_batches

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from redis.asyncio import Redis

    from codesvc.store.binding_moves import TakenIn
    from codesvc.store.keys import Keys
    from codesvc.store.store import Store

_BATCH: Final = 200


class Lying(msgspec.Struct, frozen=True):
    """A binding as it lies under the old appid."""

    site: str
    user: str
    fields: dict[str, str]

    @property
    def openid(self) -> str:
        """The openid under the old appid."""
        return self.fields["openid"]


class AccountMove:
    """The steps of a move from one appid to another. Every call may raise RedisError or StoreUnavailable."""

    def __init__(self, store: Store, old: Keys, new: Keys) -> None:
        self._moves = store.binding_moves
        self._old, self._new = old, new
        self._source, self._target = store.at(old.partition), store.at(new.partition)
        self.inside = old.partition == new.partition
        """Whether both appids are in one partition, so that bindings keep their keys."""

    async def lying(self, sites: Iterable[str]) -> AsyncIterator[list[Lying]]:
        """All bindings of these sites that lie under the old appid, in batches."""
        for site in sites:
            start = self._old.binding(site, "")
            async for names in _scanned(self._source, f"{start}*"):
                contents = await key_contents.read(self._source, names)
                found = [
                    Lying(site, name.decode().removeprefix(start), _texts(content.value))
                    for name, content in contents.items()
                ]
                if lying := [each for each in found if "openid" in each.fields and not self._is_done(each)]:
                    yield lying

    async def has_begun(self, sites: Iterable[str]) -> bool:
        """Whether a binding of these sites has been taken over already, by this move or by one that was interrupted."""
        for site in sites:
            start = self._new.binding(site, "")
            async for names in _scanned(self._target, f"{start}*"):
                if not self.inside:
                    return True
                contents = await key_contents.read(self._target, names)
                if any(_texts(each.value).get("appid") == self._new.appid for each in contents.values()):
                    return True
        return False

    def _is_done(self, each: Lying) -> bool:
        return self.inside and each.fields.get("appid") == self._new.appid

    async def take_in(
        self, rows: Sequence[Lying], successors: Mapping[str, str], *, many: Mapping[str, bool]
    ) -> TakenIn:
        """Take over bindings, with the state of their people: reachability, mutes, windows, history."""
        for openid in {each.openid for each in rows}:
            await self._copy(self._pairs_of(openid, successors[openid] or openid))
            await self._copy_leaver(openid, successors[openid] or openid)
        if not self.inside:
            await self._copy([(self._old.history(e.site, e.user), self._new.history(e.site, e.user)) for e in rows])
        packed = msgspec.json.encode(
            [[e.site, e.user, e.openid, successors[e.openid], int(many[e.site]), e.fields] for e in rows]
        )
        return await self._moves.take_in(self._new, packed, inside=self.inside)

    async def let_go(self, rows: Sequence[Lying]) -> None:
        """Remove what `take_in` has taken over from its old place."""
        if not self.inside:
            packed = msgspec.json.encode([[each.site, each.user, each.openid] for each in rows])
            await self._moves.let_go(self._old, packed)
        for openid in {each.openid for each in rows}:
            gone = [source for source, _ in self._pairs_of(openid, openid)]
            await self._source.delete(*gone, self._old.unknown(openid), self._old.spoke(openid))
            await self._source.zrem(self._old.leavers, openid)

    async def move_rest(self, sites: Iterable[str]) -> None:
        """Move what is kept of users: guess budgets, push limits, and histories of users who are not bound."""
        if not self.inside:
            for site in sites:
                for pattern in _of_users(site):
                    await self._move_all(pattern)
        async for names in _scanned(self._source, f"{self._old.account}gone:*"):
            # People who left the old account and are bound nowhere: the new account has never known them.
            await self._source.delete(*names)
        await self._source.delete(self._old.leavers)

    async def known_to_apps(self) -> AsyncIterator[list[str]]:
        """The openids under the old appid that relying parties know people by, in batches."""
        start = self._old.oidc_first("")
        async for names in _scanned(self._source, f"{start}*"):
            yield [name.decode().removeprefix(start) for name in names]

    async def keep_subjects(self, successors: Mapping[str, str]) -> None:
        """Let people keep their subjects at relying parties under their new openids; "": they have none."""
        for openid, successor in successors.items():
            first = await self._source.get(self._old.oidc_first(openid))
            if first is not None and successor:
                await self._target.set(self._new.oidc_first(successor), first)
            await self._source.delete(self._old.oidc_first(openid))

    async def _move_all(self, pattern: str) -> None:
        root, new = self._old.root, self._new.root
        async for names in _scanned(self._source, root + pattern):
            texts = [name.decode() for name in names]
            await self._copy([(name, new + name.removeprefix(root)) for name in texts])
            await self._source.delete(*names)

    def _pairs_of(self, openid: str, successor: str) -> list[tuple[str, str]]:
        """The keys of one WeChat account: pairs of the name under the old appid and the name under the new one."""
        kinds = [f"{kind}:%s" for kind in ("gone", "muted", "recent", "long-recent")]
        kinds += ["window:openid_words:%s", "long-window:openid_words:%s"]
        return [(self._old.account + kind % openid, self._new.account + kind % successor) for kind in kinds]

    async def _copy(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Copy keys with their remaining TTL. An existing target key is kept: it is newer, or already the copy."""
        contents = await key_contents.read(self._source, [source.encode() for source, _ in pairs])
        for source, target in pairs:
            content = contents.get(source.encode())
            if content is not None and not await self._target.exists(target):
                async with self._target.pipeline(transaction=True) as pipe:
                    key_contents.write(pipe, target.encode(), content)
                    await pipe.execute()

    async def _copy_leaver(self, openid: str, successor: str) -> None:
        left = await self._source.zscore(self._old.leavers, openid)
        if left is not None:
            await self._target.zadd(self._new.leavers, {successor: float(left)}, nx=True)


def _of_users(site: str) -> list[str]:
    """Patterns of keys about the users of a site."""
    kinds = [IN_PARTITION["history"] % (site, "*"), IN_PARTITION["lately"] % (site, "*")]
    windows = IN_PARTITION["window"] % ("*", site, "*")
    return [*kinds, windows, f"long-{IN_PARTITION['lately'] % (site, '*')}", f"long-{windows}"]


async def _scanned(redis: Redis, pattern: str) -> AsyncIterator[list[bytes]]:
    """The keys of a pattern, in batches; each at least once."""
    waiting: list[bytes] = []
    async for names in key_batches(redis, pattern):
        waiting += names
        while len(waiting) >= _BATCH:
            batch, waiting = waiting[:_BATCH], waiting[_BATCH:]
            yield list(dict.fromkeys(batch))
    if waiting:
        yield list(dict.fromkeys(waiting))


def _texts(value: Mapping[bytes, bytes]) -> dict[str, str]:
    return {name.decode(): part.decode() for name, part in value.items()}
