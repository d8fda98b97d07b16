"""A list of events of a customer's account, which the service reports by webhook.

Customers check the list and notice an act that was not their own. Only the webhook reports these events: a scan, a
change to another WeChat account and an unfollow happen in WeChat and not in the shop.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.client import (
    BadWebhook,
    BindingCreatedEvent,
    BindingRemovedEvent,
    BindingUnreachableEvent,
    LoginApprovedEvent,
    VerificationEvent,
    WebhookReader,
)
from codesvc.demo.languages import mark

if TYPE_CHECKING:
    from datetime import datetime

    from codesvc.client import WebhookEvent

PATH: Final = "/hooks/codesvc"
_MOST_CUSTOMERS, _MOST_LINES, _MOST_IDS = 10_000, 10, 10_000
_BEIJING: Final = timezone(timedelta(hours=8))

WORDS: Final = {
    "bound": mark("A WeChat account was linked"),
    "moved": mark("Moved to another WeChat account"),
    "unbound": mark("The WeChat account was unlinked"),
    "left": mark("The WeChat account stopped following"),
    "logged-in": mark("Logged in with WeChat"),
    "reset": mark("A password reset was confirmed in WeChat"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One event in the list."""

    at: datetime
    what: str

    @property
    def when(self) -> str:
        """The time of the event in Beijing time."""
        return self.at.astimezone(_BEIJING).strftime("%Y-%m-%d %H:%M")


def _meaning(event: WebhookEvent) -> tuple[str, str]:
    """The user of an event, and its key in `WORDS`; the key is "" if the event is not shown to customers."""
    match event:
        case BindingCreatedEvent(data=binding):
            return binding.user, "moved" if binding.came_from else "bound"
        case BindingRemovedEvent(data=binding):
            return binding.user, "unbound"
        case BindingUnreachableEvent(data=binding):
            return binding.user, "left"
        case LoginApprovedEvent(data=login):
            return login.user, "logged-in"
        case VerificationEvent(type="verification.approved", data=verification) if verification.purpose == "reset":
            return verification.user, "reset"
        case _:
            return "", ""


class Activity:
    """The lists of all customers, in memory.

    A real shop keeps them in a database table with the event's id as the key, because an event may arrive twice.

    Args:
        secret: the webhook secret, with which the service signs events.
    """

    def __init__(self, secret: str) -> None:
        self._reader = WebhookReader(secret)
        self._lines: OrderedDict[str, deque[Line]] = OrderedDict()
        self._done: OrderedDict[str, None] = OrderedDict()

    def of(self, user: str) -> list[Line]:
        """The events of a customer's account, latest first; they may have arrived in another order."""
        return sorted(self._lines.get(user, ()), key=lambda line: line.at, reverse=True)

    async def receive(self, request: web.Request) -> web.Response:
        """Receive one event from the service."""
        try:
            received = self._reader.read(await request.read(), request.headers)
        except BadWebhook:
            return web.Response(status=400)
        if received.id not in self._done:
            self._done[received.id] = None
            user, what = _meaning(received.event)
            if what:
                self._lines.setdefault(user, deque(maxlen=_MOST_LINES)).append(Line(received.event.timestamp, what))
            for kept, most in ((self._done, _MOST_IDS), (self._lines, _MOST_CUSTOMERS)):
                if len(kept) > most:
                    kept.popitem(last=False)
        return web.Response(status=204)
