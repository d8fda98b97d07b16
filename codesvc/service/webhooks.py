"""The use cases of a site's webhook: state of the endpoint, list of events, sending an event again."""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.domain.errors import Invalid
from codesvc.domain.limits import LimitReached, encode
from codesvc.domain.webhook import TEST_EVENT, TEST_MESSAGE, derived_id
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from codesvc.domain.limits import Rate
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store
    from codesvc.store.webhooks import Endpoint, Hook, QueuedReply

MOST_LISTED: Final = 100
REQUESTS: Final = "webhook_requests"
"""The limit on events that a site's keys have sent: tests, and events again. The operator's pages have none."""
_ID: Final = re.compile(r"wh_[0-9a-f]{32}")
_PLACE: Final = re.compile(r"([0-9]{1,15}) ([a-z_.]{1,40} wh_[0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of events, latest first, and the cursor of the next page; None at the end."""

    hooks: tuple[Hook, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Queued:
    """An event that was queued at a request; otherwise the limit, if one was reached."""

    hook: Hook | None
    denial: LimitReached | None = None


def is_webhook_id(text: str) -> bool:
    """Whether the text has the form of an event id."""
    return _ID.fullmatch(text) is not None


def _place(cursor: str) -> tuple[str, str]:
    """The time and name in a cursor.

    Raises:
        Invalid: this service did not make the cursor.
    """
    try:
        found = _PLACE.fullmatch(urlsafe_b64decode(cursor.encode()).decode())
    except ValueError:
        found = None
    if found is None:
        raise Invalid("cursor must be the `next` of a previous page", "/cursor")
    return found[1], found[2]


class Webhooks:
    """The use cases of a site's webhook."""

    def __init__(self, store: Store) -> None:
        self._store = store.webhooks

    async def endpoint(self, site: SiteEntry) -> Endpoint:
        """The state of the endpoint."""
        return (await self._store.endpoint(site.store_keys, site.name)).endpoint

    async def enable(self, site: SiteEntry, *, actor: str) -> Endpoint:
        """Enable the endpoint and send the events that waited. Enabling twice has the same effect as once."""
        return (await self._store.enable(site.store_keys, site.name, actor=actor)).endpoint

    async def find(
        self, site: SiteEntry, *, status: str = "", kind: str = "", limit: int = 25, cursor: str = ""
    ) -> Page:
        """A page of events, latest first.

        Args:
            site: the site whose events are listed.
            status: only these, "" for all.
            kind: only events of this type, "" for all.
            limit: the size of the page, 1 to 100.
            cursor: from the previous page, "" for the first page.

        Raises:
            Invalid: this service did not make the cursor.
        """
        at, name = _place(cursor) if cursor else ("", "")
        found = await self._store.listed(
            site.store_keys, site.name, status=status, kind=kind, after_at=at, after=name, most=limit
        )
        place = urlsafe_b64encode(f"{found.after_at} {found.after}".encode()).decode() if found.after else None
        return Page(found.hooks, place)

    async def get(self, site: SiteEntry, event: str) -> Hook | None:
        """One event, None if there is none."""
        return (await self._store.read(site.store_keys, site.name, event)).hook

    async def resend(self, site: SiteEntry, event: str, *, actor: str, by_key: bool = False) -> Queued:
        """Send an event again, or now instead of later, with a new schedule; no hook if there is no such event.

        By a key of the site, this and `test` are limited together: as many as starts, which send events as well.
        """
        rates = site.config.limits.site_starts if by_key else ()
        reply = await self._store.resend(site.store_keys, site.name, event, actor=actor, rates=encode(rates))
        return _queued(reply, rates)

    async def test(self, site: SiteEntry, idempotency_key: str = "", *, by_key: bool = False) -> Queued:
        """Queue a test event. The same Idempotency-Key gives the same event."""
        event = derived_id("test", site.name, idempotency_key or secrets.token_hex(16))
        facts = msgspec.json.encode({"message": TEST_MESSAGE})
        rates = site.config.limits.site_starts if by_key else ()
        reply = await self._store.announce(
            site.store_keys, site.name, event, kind=TEST_EVENT, facts=facts, rates=encode(rates)
        )
        return _queued(reply, rates)


def _queued(reply: QueuedReply, rates: tuple[Rate, ...]) -> Queued:
    if reply.outcome is Outcome.LIMITED:
        return Queued(None, LimitReached(REQUESTS, reply.wait_ms, rates))
    return Queued(reply.hook)
