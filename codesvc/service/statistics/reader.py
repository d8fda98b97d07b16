"""Reads figures from the store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from codesvc.service.statistics.fields import account_subject, site_subject
from codesvc.service.statistics.series import Figures, gathered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codesvc.service.statistics.series import Span
    from codesvc.sites.directory import AccountEntry, SiteEntry
    from codesvc.store.counts import CountsRead, Episode
    from codesvc.store.keys import Keys
    from codesvc.store.store import Store

_AT_ONCE: Final = 60
"""Buckets that one script reads. For a busy site this blocks the store for about 5 ms (360 took 33 ms)."""


_LANES: Final = 8
"""Scripts under way at once, so that a page of a slow store is there in seconds; other scripts run between them."""


class StatisticsReader:
    """Reads the figures of a span."""

    def __init__(self, store: Store) -> None:
        self._store = store.counts

    async def site(self, site: SiteEntry, span: Span) -> Figures:
        """The figures of a site."""
        return await self._read(site.store_keys, site_subject(site.name), span)

    async def account(self, account: AccountEntry, span: Span) -> Figures:
        """The figures of an account."""
        return await self._read(account.store_keys, account_subject(account.name), span)

    async def site_episodes(self, site: SiteEntry) -> Mapping[str, Episode]:
        """Recent failures of a site, by field."""
        return (await self._store.episodes(site.store_keys, site_subject(site.name))).episodes

    async def account_episodes(self, account: AccountEntry) -> Mapping[str, Episode]:
        """The calls of an account by field, failed and good."""
        return (await self._store.episodes(account.store_keys, account_subject(account.name))).episodes

    async def _read(self, keys: Keys, subject: str, span: Span) -> Figures:
        lanes = asyncio.Semaphore(_LANES)

        async def read(first: int) -> CountsRead:
            async with lanes:
                last = max(0, first - _AT_ONCE + 1)
                return await self._store.read(keys, subject, kind=span.kind, first=first, last=last)

        # The points are aligned to whole steps, so the oldest one may begin before the first bucket.
        replies = await asyncio.gather(*(read(first) for first in range(span.buckets + span.step, 0, -_AT_ONCE)))
        now = max(reply.now for reply in replies)
        buckets = [bucket for reply in replies for bucket in reply.buckets]
        # A new minute may begin between two reads. A bucket that was read twice counts once.
        return gathered(span, now, dict(buckets).items())
