"""The stored data of one person: finding all of it, and erasing it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from codesvc.domain.binding import tag_of
from codesvc.service.followers import Followers
from codesvc.store.bindings import Unbind
from codesvc.store.key_contents import Content, read
from codesvc.store.key_patterns import place_of
from codesvc.store.key_scan import key_batches
from codesvc.store.outcomes import Outcome
from codesvc.store.personal_traces import Person, concerns, values

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from codesvc.sites.directory import Directory, SiteEntry
    from codesvc.store.store import Store

_BATCH: Final = 500
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{20,}")
"""Matches a part of a key's name that may be an openid."""


class Erased(NamedTuple):
    """What an erasing did.

    Attributes:
        entries: how many entries were deleted.
        waiting: how many webhook events the site has not received yet. Each is deleted when its delivery ends.
    """

    entries: int
    waiting: int


class PersonalData:
    """The stored data of the people of one site.

    Args:
        directory: all sites; needed to find the sites that share the account.
        tag_keys: keys of the tags in histories, of the current master key and of the previous ones.
    """

    def __init__(self, store: Store, directory: Directory, site: SiteEntry, *, tag_keys: Sequence[str]) -> None:
        self._store = store
        self._directory = directory
        self._site = site
        self._tag_keys = tag_keys

    async def person(self, user: str) -> Person:
        """The person to search for: a user, the openid that is bound to them, and those that were.

        An openid is left out if other users are bound to it: the data of that WeChat account is not only theirs.
        """
        keys = self._site.store_keys
        raw = await self._store.at(keys.partition).hget(keys.binding(self._site.name, user), "openid")
        openid = raw.decode() if isinstance(raw, bytes) else ""
        earlier = {each async for each in self._earlier(user) if each != openid and await self._users_of(each) == 0}
        if openid and await self._users_of(openid) > 1:
            openid = ""
        return Person(self._site.name, user, openid, frozenset(earlier))

    async def _users_of(self, openid: str) -> int:
        """How many users of all sites of the account are bound to it."""
        keys, account = self._site.store_keys, self._site.account.name
        redis = self._store.at(keys.partition)
        return sum([await redis.scard(keys.owners(name, openid)) for name in self._directory.site_names_of(account)])

    async def _earlier(self, user: str) -> AsyncIterator[str]:
        """Openids in names of keys whose tags are in the user's history. The history itself has no openids."""
        keys, site = self._site.store_keys, self._site.name
        redis = self._store.at(keys.partition)
        lines = await redis.lrange(keys.history(site, user), 0, -1)
        tags = {text for line in lines for text in values(line)}
        if not tags:
            return
        tried = set[str]()
        async for names in key_batches(redis, f"{keys.account}*"):
            for word in {word for name in names for word in _WORD.findall(name.decode(errors="replace"))} - tried:
                tried.add(word)
                if any(tag_of(key, site, word) in tags for key in self._tag_keys):
                    yield word

    async def found(self, person: Person) -> AsyncIterator[tuple[str, str, Content]]:
        """Yield the name, kind and content of every key with data of the person. Scans the whole partition."""
        keys, seen = self._site.store_keys, set[bytes]()
        redis = self._store.at(keys.partition)
        async for names in key_batches(redis, f"{keys.root}*"):
            for name, content in (await read(redis, [name for name in names if name not in seen])).items():
                text = name.decode(errors="replace")
                place = place_of(text)
                if place and concerns(person, text, place[1], content.value):
                    seen.add(name)
                    yield text, place[1], content

    async def erase(self, person: Person) -> Erased:
        """Unbind the user, delete the data of their WeChat accounts unless others share them, and all other data.

        Webhook events that the site has not received yet stay until their delivery has ended.
        """
        keys, site = self._site.store_keys, self._site
        unwanted = Unbind(
            site=person.site,
            user=person.user,
            by="operator",
            actor="operator",
            reason="erased on request",
            notices=False,
            hooks=site.wanted,
        )
        redis: Any = self._store.at(keys.partition)
        log = keys.webhook_log(site.name)
        latest = await redis.zrange(log, -1, -1, withscores=True)
        erased, waiting, followers = 0, 0, Followers(self._store, self._directory)
        erased += (await self._store.bindings.unbind(keys, unwanted)).outcome is Outcome.DONE
        for openid in person.openids:
            await followers.forget(site.account, openid)
        names, events = list[str](), set[str]()
        async for name, kind, _ in self.found(person):
            if kind == "webhook":
                events.add(name)
                continue
            names.append(name)
            if kind == "message":
                names.append(keys.sealed(name.rpartition(":")[2]))
        for start in range(0, len(names), _BATCH):
            erased += await redis.delete(*names[start : start + _BATCH])
        # A deletion may have added an event after the scan had passed its place.
        late = await redis.zrangebyscore(log, latest[0][1] if latest else "-inf", "+inf")
        events |= {keys.webhook(site.name, member.decode().partition(" ")[2]) for member in late}
        for octets, content in (await read(redis, [name.encode() for name in sorted(events)])).items():
            text = octets.decode()
            if concerns(person, text, "webhook", content.value):
                of, event = text.removeprefix(keys.webhook("", "").removesuffix(":")).split(":")
                end = (await self._store.webhooks.forget(keys, of, event, wait=bool(site.wanted))).outcome
                erased, waiting = erased + (end is Outcome.DONE), waiting + (end is Outcome.WAITING)
        return Erased(erased, waiting)
