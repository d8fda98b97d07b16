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
    from codesvc.domain.oauth_state import OAuthStates
    from codesvc.domain.openid_handle import Handles
    from codesvc.domain.page_token import PageTokens
    from codesvc.domain.service_address import ServiceAddress
    from codesvc.domain.signed_links import Links
    from codesvc.domain.visit_cookie import VisitCookies
    from codesvc.messages.composer import Composer
    from codesvc.messages.templates import Templates
    from codesvc.service.auditing import AuditLog
    from codesvc.service.bindings import Bindings
    from codesvc.service.callback_events import CallbackEvents
    from codesvc.service.callback_forwarding import CallbackForwarding
    from codesvc.service.followers import Followers
    from codesvc.service.intent_decisions import IntentDecisions
    from codesvc.service.intents import Intents
    from codesvc.service.messages import Messages
    from codesvc.service.oidc import OpenIdProvider
    from codesvc.service.registry_administration import RegistryAdministration
    from codesvc.service.statistics.gauges import Gauges
    from codesvc.service.statistics.recorder import Recorder
    from codesvc.service.tickets import Tickets
    from codesvc.service.verifications import Verifications
    from codesvc.service.web_authorisation import Visits
    from codesvc.service.webhooks import Webhooks
    from codesvc.service.wechat_server import WechatServerCodes
    from codesvc.sites.directory import Caller, Directory
    from codesvc.sites.registry.registry import Registry
    from codesvc.sites.registry.uses import KeyUses
    from codesvc.store.change_notifier import ChangeNotifier
    from codesvc.store.store import Store
    from codesvc.web.api.views import Views
    from codesvc.web.pages.contract_page import Reference
    from codesvc.web.pages.widget_files import Widget
    from codesvc.web.readiness import Readiness
    from codesvc.web.site_calls import SiteCalls
    from codesvc.web.texts import Texts


@dataclass(frozen=True, slots=True)
class Services:
    """All objects that a handler may need."""

    settings: Settings
    address: ServiceAddress
    directory: Directory
    keyring: Keyring
    store: Store
    offset: Offset
    readiness: Readiness
    site_calls: SiteCalls
    change_notifier: ChangeNotifier
    verifications: Verifications
    bindings: Bindings
    callback_events: CallbackEvents
    composer: Composer
    followers: Followers
    callback_forwarding: CallbackForwarding
    page_tokens: PageTokens
    views: Views
    gauges: Gauges
    recorder: Recorder
    auditing: AuditLog
    templates: Templates
    texts: Texts
    reference: Reference
    widget: Widget
    intents: Intents
    login_codes: WechatServerCodes
    messages: Messages
    decisions: IntentDecisions
    handles: Handles
    signed_links: Links
    oauth_states: OAuthStates
    visit_cookies: VisitCookies
    visits: Visits
    tickets: Tickets
    key_uses: KeyUses
    registry: Registry
    webhooks: Webhooks
    administration: RegistryAdministration
    oidc: OpenIdProvider


SERVICES: Final = web.AppKey("SERVICES", Services)
RETIRING: Final = web.AppKey("RETIRING", asyncio.Event)
"""Set when a new application has replaced this one; then the next answer on a kept-alive connection closes it."""
CALLER: Final[web.RequestKey[Caller | None]] = web.RequestKey("CALLER")
"""The caller whose key the request carries after `Bearer`; None for an unknown key."""
SITE: Final = web.RequestKey("SITE", str)
CROSS_ORIGIN: Final = web.RequestKey("CROSS_ORIGIN", dict[str, str])
"""The CORS headers of every answer to this request, errors too, so that a widget can read the answer."""


def services(request: web.Request) -> Services:
    """The bundle of the request's application."""
    return request.app[SERVICES]
