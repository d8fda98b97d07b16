"""The stored data of one person: finding all of it, and erasing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from codesvc.store.bindings import Unbind
from codesvc.store.key_contents import Content, read
from codesvc.store.key_patterns import place_of
from codesvc.store.key_scan import key_batches
from codesvc.store.outcomes import Outcome
from codesvc.store.personal_traces import Claim, Person, claim_of, claims_of_person

if TYPE_CHECKING:
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store

_BATCH: Final = 500


class Trace(NamedTuple):
    """A key that names the person, its kind and its content."""

    name: str
    kind: str
    content: Content


class Found(NamedTuple):
    """The traces of a person.

    Attributes:
        theirs: what is of this user at this site, and of the WeChat account as far as nobody else uses it.
        kept: how many more name the WeChat account, and belong to other users or sites, too.
    """

    theirs: list[Trace]
    kept: int


class Erased(NamedTuple):
    """What an erasing did.

    Attributes:
        entries: how many entries were deleted.
        waiting: how many webhook events the site has not received yet. Each is deleted when its delivery ends.
        kept: how many entries name the WeChat account and stay, because other users or other sites use it, too.
    """

    entries: int
    waiting: int
    kept: int = 0


class PersonalData:
    """The stored data of the people of one site."""

    def __init__(self, store: Store, site: SiteEntry) -> None:
        self._store = store
        self._site = site

    async def person(self, user: str) -> Person:
        """The person to search for: a user and the WeChat account that is bound to them now."""
        keys = self._site.store_keys
        raw = await self._store.at(keys.partition).hget(keys.binding(self._site.name, user), "openid")
        return Person(self._site.name, user, raw.decode() if isinstance(raw, bytes) else "")

    async def found(self, person: Person) -> Found:
        """The traces of the person. Scans the whole partition.

        Whether others use the WeChat account is decided by what the scan finds, because the bindings of a removed site
        stay for its return, and bindings are made while the scan runs.
        """
        keys, traces = self._site.store_keys, dict[str, tuple[Claim, Trace]]()
        redis = self._store.at(keys.partition)
        async for names in key_batches(redis, f"{keys.root}*"):
            for octets, content in (await read(redis, names)).items():
                name = octets.decode(errors="replace")
                place = place_of(name)
                claim = claim_of(person, name, place[1], content.value) if place else None
                if place and claim:
                    traces[name] = claim, Trace(name, place[1], content)
        claims = claims_of_person({claim for claim, _ in traces.values()})
        theirs = [trace for claim, trace in traces.values() if claim in claims]
        return Found(theirs, len(traces) - len(theirs))

    async def erase(self, person: Person) -> Erased:
        """Unbind the user, and delete what `found` finds of the person.

        Webhook events that the site has not received yet stay until their delivery has ended.
        """
        keys, site = self._site.store_keys, self._site
        unwanted = Unbind(
            site=person.site,
            user=person.user,
            by="operator",
            actor="cli",
            reason="erased on request",
            notices=False,
            hooks=site.wanted,
        )
        redis: Any = self._store.at(keys.partition)
        log = keys.webhook_log(site.name)
        latest = await redis.zrange(log, -1, -1, withscores=True)
        erased, waiting = 0, 0
        erased += (await self._store.bindings.unbind(keys, unwanted)).outcome is Outcome.DONE
        names, events, found = list[str](), set[str](), await self.found(person)
        for name, kind, _ in found.theirs:
            if kind == "webhook":
                events.add(name)
                continue
            if kind == "binding":
                continue  # made while the scan ran; only a script that knows its indexes may delete a binding
            names.append(name)
            if kind == "message":
                names.append(keys.sealed(name.rpartition(":")[2]))
            if name == keys.gone(person.openid):
                await redis.zrem(keys.leavers, person.openid)
        for start in range(0, len(names), _BATCH):
            erased += await redis.delete(*names[start : start + _BATCH])
        # A deletion may have added an event after the scan had passed its place.
        late = await redis.zrangebyscore(log, latest[0][1] if latest else "-inf", "+inf")
        events |= {keys.webhook(site.name, member.decode().partition(" ")[2]) for member in late}
        for octets, content in (await read(redis, [name.encode() for name in sorted(events)])).items():
            text = octets.decode()
            if claim_of(person, text, "webhook", content.value) in {Claim.USER, Claim.SITE}:
                of, event = text.removeprefix(keys.webhook("", "").removesuffix(":")).split(":")
                end = (await self._store.webhooks.forget(keys, of, event, wait=bool(site.wanted))).outcome
                erased, waiting = erased + (end is Outcome.DONE), waiting + (end is Outcome.WAITING)
        return Erased(erased, waiting, found.kept)
