"""Sends the sites of an account the event that a day's quota runs low.

The script that notices it queues one job of the outbox for the account. The job queues an event for every site whose
webhook listens to it. The events' ids are derived, so a job that is done again sends no event twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.domain.webhook import derived_id

if TYPE_CHECKING:
    from codesvc.sites.directory import AccountEntry, Directory, SiteEntry
    from codesvc.store.outbox import Job
    from codesvc.store.store import Store

QUOTA_LOW: Final = "quota_low"
"""The kind of these jobs in the outbox; their `subject` is `call:day:daily:left`."""
_EVENT: Final = "quota.low"


class QuotaEvents:
    """Queues the events."""

    def __init__(self, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory

    async def carry(self, account: AccountEntry, job: Job) -> None:
        """Do a job to its end.

        Raises:
            StoreUnavailable: the store does not answer; the job stays in the stream.
        """
        call, day, daily, left = job.subject.split(":")
        facts = {"account": account.name, "call": call, "threshold": job.number, "daily": daily, "left": left}
        for site in self._directory.sites.values():
            hook = site.config.webhook
            if site.account.name == account.name and hook is not None and _EVENT in hook.events:
                event = derived_id(account.config.appid, call, day, str(job.number), site.name)
                await self._queue(site, event, msgspec.json.encode({**facts, "day": day}))
        await self._store.deliveries.end_notice(account.store_keys, job.subject, job.entry)

    async def _queue(self, site: SiteEntry, event: str, facts: bytes) -> None:
        await self._store.webhooks.announce(site.store_keys, site.name, event, kind=_EVENT, facts=facts)
