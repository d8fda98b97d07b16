"""The objects that handlers use, in one frozen bundle that `codesvc.app` makes and stores under one key."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from codesvc.config import Settings
    from codesvc.domain.clock import Offset
    from codesvc.domain.keyring import Keyring
    from codesvc.domain.oauth_state import Seals
    from codesvc.domain.openid_handle import Handles
    from codesvc.domain.page_token import PageTokens
    from codesvc.domain.signed_links import Links
    from codesvc.messages.composer import Composer
    from codesvc.messages.templates import Templates
    from codesvc.service.auditing import Auditing
    from codesvc.service.bindings import Bindings
    from codesvc.service.callback_events import Chat
    from codesvc.service.callback_forwarding import Relay
    from codesvc.service.followers import Followers
    from codesvc.service.intent_decisions import Decisions
    from codesvc.service.intents import Intents
    from codesvc.service.registry_administration import Administration
    from codesvc.service.statistics.gauges import Standings
    from codesvc.service.statistics.recorder import Tally
    from codesvc.service.tickets import Tickets
    from codesvc.service.verifications import Verifications
    from codesvc.service.web_authorisation import Visits
    from codesvc.service.webhooks import Webhooks
    from codesvc.sites.directory import Directory
    from codesvc.sites.registry.registry import Registry
    from codesvc.sites.registry.uses import KeyUses
    from codesvc.store.change_notifier import Wakeups
    from codesvc.store.store import Store
    from codesvc.web.api.views import Views
    from codesvc.web.pages.contract_page import Reference
    from codesvc.web.pages.widget_files import Widget
    from codesvc.web.readiness import Readiness
    from codesvc.web.texts import Texts


@dataclass(frozen=True, slots=True)
class Services:
    """All objects that a handler may need."""

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
"""Set when a new application has replaced this one; then the next answer on a kept-alive connection closes it."""
SITE: Final = web.RequestKey("SITE", str)
CROSS_ORIGIN: Final = web.RequestKey("CROSS_ORIGIN", dict[str, str])
"""The CORS headers of every answer to this request, errors too, so that a widget can read the answer."""


def services(request: web.Request) -> Services:
    """The bundle of the request's application."""
    return request.app[SERVICES]
