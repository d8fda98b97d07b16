"""Queries for operators: verifications by id, by user, the latest ones of a site, and a user's use of limits."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from codesvc.domain.codes import VerificationId
from codesvc.service.statistics.fields import site_subject
from codesvc.store.availability import OrUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from codesvc.domain.record import Record
    from codesvc.sites.directory import Directory, SiteEntry
    from codesvc.store.store import Store
    from codesvc.store.verification_types import UserRead

_AT_ONCE: Final = 50
"""How many verifications are read at once."""


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a rate a user has used.

    Attributes:
        count: how many are allowed.
        seconds: the length of the window.
        used: how many were used in the present window.
    """

    limit: str
    count: int
    seconds: int
    used: int


class OperatorQueries:
    """Reads verifications and limits; changes nothing."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory

    async def find(self, text: str) -> Record | None:
        """A verification of any site, by its id."""
        identifier = VerificationId.parse(text)
        if identifier is None:
            return None
        partitions = {site.store_keys.partition: site.store_keys for site in self._directory.sites.values()}
        for keys in partitions.values():
            found = (await self._store.verifications.read(keys, identifier.text)).record
            if found is not None:
                return found
        return None

    async def of_user(self, site: SiteEntry, user: str) -> list[Record]:
        """A user's latest verifications, newest first, as long as they are kept."""
        return await self._all(site, (await self._of_user(site, user)).verifications)

    async def latest(self, site: SiteEntry, most: int = 50) -> list[Record]:
        """A site's latest verifications, newest first; `recorder.MOST_LATEST` are kept."""
        return await self._all(site, await self._latest_ids(site, most))

    async def _latest_ids(self, site: SiteEntry, most: int) -> list[str]:
        key = site.store_keys.latest(site_subject(site.name))
        with OrUnavailable("verifications cannot be listed"):
            found: Any = await self._store.at(site.store_keys.partition).lrange(key, 0, most - 1)
        return [name.decode() for name in found]

    async def _all(self, site: SiteEntry, names: Iterable[str]) -> list[Record]:
        names, found = list(names), []
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            reads = (self._store.verifications.read(site.store_keys, name, site=site.name) for name in some)
            found += [read.record for read in await asyncio.gather(*reads) if read.record is not None]
        return found

    async def uses(self, site: SiteEntry, user: str) -> list[Use]:
        """How much of the user's own limits is used."""
        read = await self._of_user(site, user)
        found = []
        for limit, left in (("user_pushes", read.pushes_left), ("user_guesses", read.guesses_left)):
            more = [int(rate.partition("/")[0]) for rate in left.split()]
            rates = getattr(site.config.limits, limit)
            found += [Use(limit, r.count, r.seconds, r.count - n) for r, n in zip(rates, more, strict=True)]
        return found

    async def _of_user(self, site: SiteEntry, user: str) -> UserRead:
        return await self._store.verifications.read_user(site.store_keys, site.name, user, site.rates)
