"""A site's webhook as the site sees it: how its endpoint fares, what was sent, sending it again."""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.domain.errors import Invalid
from codesvc.domain.webhook import TEST_EVENT, TEST_MESSAGE, derived_id

if TYPE_CHECKING:
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store
    from codesvc.store.webhooks import Endpoint, Hook

MOST_LISTED: Final = 100
_ID: Final = re.compile(r"wh_[0-9a-f]{32}")
_PLACE: Final = re.compile(r"([0-9]{1,15}) ([a-z_.]{1,40} wh_[0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Page:
    """Some events, latest first, and where to go on; None at the end."""

    hooks: tuple[Hook, ...]
    cursor: str | None


def is_webhook_id(text: str) -> bool:
    """Whether this can be the id of an event."""
    return _ID.fullmatch(text) is not None


def _place(cursor: str) -> tuple[str, str]:
    """The time and name that a cursor stands for.

    Raises:
        Invalid: it is none of ours.
    """
    try:
        found = _PLACE.fullmatch(urlsafe_b64decode(cursor.encode()).decode())
    except ValueError:
        found = None
    if found is None:
        raise Invalid("cursor must be the `next` of a page before", "/cursor")
    return found[1], found[2]


class Webhooks:
    """The use cases around a site's webhook.

    Args:
        store: where events lie.
    """

    def __init__(self, store: Store) -> None:
        self._store = store.webhooks

    async def endpoint(self, site: SiteEntry) -> Endpoint:
        """How it fares."""
        return (await self._store.endpoint(site.keys, site.name)).endpoint

    async def enable(self, site: SiteEntry, *, actor: str) -> Endpoint:
        """Send to it again; what waited goes out. Enabling twice is the same as once."""
        return (await self._store.enable(site.keys, site.name, actor=actor)).endpoint

    async def find(
        self, site: SiteEntry, *, status: str = "", kind: str = "", limit: int = 25, cursor: str = ""
    ) -> Page:
        """A page of events, latest first.

        Args:
            site: whose.
            status: only these, "" for all.
            kind: only events of this type, "" for all.
            limit: at most so many, 1 to 100.
            cursor: of the page before, "" for the first.

        Raises:
            Invalid: the cursor is none.
        """
        at, name = _place(cursor) if cursor else ("", "")
        found = await self._store.listed(
            site.keys, site.name, status=status, kind=kind, after_at=at, after=name, most=limit
        )
        place = urlsafe_b64encode(f"{found.after_at} {found.after}".encode()).decode() if found.after else None
        return Page(found.hooks, place)

    async def get(self, site: SiteEntry, event: str) -> Hook | None:
        """One event, None where there is none."""
        return (await self._store.read(site.keys, site.name, event)).hook

    async def resend(self, site: SiteEntry, event: str, *, actor: str) -> Hook | None:
        """Send one again, or now instead of later, on a fresh schedule; None where there is none."""
        return (await self._store.resend(site.keys, site.name, event, actor=actor)).hook

    async def test(self, site: SiteEntry, idempotency_key: str = "") -> Hook:
        """Queue a test event; the same Idempotency-Key is the same event."""
        event = derived_id("test", site.name, idempotency_key or secrets.token_hex(16))
        facts = msgspec.json.encode({"message": TEST_MESSAGE})
        return (await self._store.announce(site.keys, site.name, event, kind=TEST_EVENT, facts=facts)).shown
