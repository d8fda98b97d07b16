"""What handlers work with: one frozen bundle, put together in `codesvc.web.app` and found under one key."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from codesvc.clock import Offset
    from codesvc.config import Settings
    from codesvc.directory import Directory
    from codesvc.figures.standing import Standings
    from codesvc.figures.tally import Tally
    from codesvc.handle import Handles
    from codesvc.keyring import Keyring
    from codesvc.link import Links
    from codesvc.message import Composer
    from codesvc.pagetoken import PageTokens
    from codesvc.registry.administration import Administration
    from codesvc.registry.registry import Registry
    from codesvc.registry.uses import KeyUses
    from codesvc.relay import Relay
    from codesvc.service.auditing import Auditing
    from codesvc.service.bindings import Bindings
    from codesvc.service.chat import Chat
    from codesvc.service.decisions import Decisions
    from codesvc.service.followers import Followers
    from codesvc.service.intents import Intents
    from codesvc.service.tickets import Tickets
    from codesvc.service.verifications import Verifications
    from codesvc.service.visits import Visits
    from codesvc.service.webhooks import Webhooks
    from codesvc.store.store import Store
    from codesvc.store.wakeups import Wakeups
    from codesvc.templates import Templates
    from codesvc.visit import Seals
    from codesvc.web.readiness import Readiness
    from codesvc.web.reference import Reference
    from codesvc.web.texts import Texts
    from codesvc.web.views import Views
    from codesvc.web.widget import Widget


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a handler may need."""

    settings: Settings
    directory: Directory
    keyring: Keyring
    store: Store
    offset: Offset
    readiness: Readiness
    wakeups: Wakeups
    verifications: Verifications
    bindings: Bindings
    chat: Chat
    composer: Composer
    followers: Followers
    relay: Relay
    pages: PageTokens
    views: Views
    standings: Standings
    tally: Tally
    auditing: Auditing
    templates: Templates
    texts: Texts
    reference: Reference
    widget: Widget
    intents: Intents
    decisions: Decisions
    handles: Handles
    links: Links
    seals: Seals
    visits: Visits
    tickets: Tickets
    uses: KeyUses
    registry: Registry
    webhooks: Webhooks
    administration: Administration


SERVICES: Final = web.AppKey("SERVICES", Services)
RETIRING: Final = web.AppKey("RETIRING", asyncio.Event)
"""Set once another application has taken over: callers who keep their connection hear of it with their next answer."""
SITE: Final = web.RequestKey("SITE", str)
CROSS_ORIGIN: Final = web.RequestKey("CROSS_ORIGIN", dict[str, str])
"""Headers that every answer to this request carries, an error too, so that a widget can read it."""


def services(request: web.Request) -> Services:
    """The bundle of the application that answers this request."""
    return request.app[SERVICES]
