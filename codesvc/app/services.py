"""The use cases of an application, and the parts of HTTP that handlers need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.domain.oauth_state import OAuthStates
from codesvc.domain.openid_handle import Handles
from codesvc.domain.page_token import PageTokens
from codesvc.domain.proof import Proofs
from codesvc.domain.ticket import TicketSecrets
from codesvc.domain.visit_cookie import VisitCookies
from codesvc.service.auditing import AuditLog
from codesvc.service.bindings import Bindings
from codesvc.service.callback_events import CallbackEvents, OpenidLimits
from codesvc.service.callback_forwarding import CallbackForwarding
from codesvc.service.followers import Followers
from codesvc.service.intent_chat import IntentChat
from codesvc.service.intent_decisions import IntentDecisions
from codesvc.service.intents import Intents
from codesvc.service.messages import Messages
from codesvc.service.oidc import OpenIdProvider
from codesvc.service.profile_sync import ProfileSync
from codesvc.service.public_certificate import watching
from codesvc.service.registry_administration import RegistryAdministration
from codesvc.service.statistics.gauges import Gauges
from codesvc.service.ticket_issuing import TicketCounter
from codesvc.service.tickets import Tickets
from codesvc.service.verifications import Verifications
from codesvc.service.visitor_names import VisitorNames
from codesvc.service.web_authorisation import Visits
from codesvc.service.webhooks import Webhooks
from codesvc.service.wechat_server import WechatServerCodes
from codesvc.sites.relying_parties import RelyingParties, subjects_of
from codesvc.web.api.views import Views
from codesvc.web.context import Services
from codesvc.web.pages.contract_page import Reference
from codesvc.web.pages.widget_files import Widget
from codesvc.web.readiness import Readiness
from codesvc.web.site_calls import LIMIT, SiteCalls

if TYPE_CHECKING:
    from contextlib import AsyncExitStack

    from codesvc.app.open_parts import OpenParts
    from codesvc.app.prepared_parts import PreparedParts
    from codesvc.config import Settings


async def make_services(
    stack: AsyncExitStack, settings: Settings, prepared: PreparedParts, parts: OpenParts
) -> Services:
    """Make the use cases and the parts of HTTP that handlers need."""
    store, recorder, clients, registry = parts.store, parts.recorder, parts.clients, parts.registry
    keyring, directory, links = prepared.keyring, prepared.directory, prepared.links
    composer, chat_composer = prepared.composer, prepared.chat_composer
    public_url, is_test = settings.service.public_url, settings.mode == "test"
    callback_forwarding = CallbackForwarding(parts.http, parts.public, store)
    stack.push_async_callback(callback_forwarding.aclose)
    profile_sync = ProfileSync(store, clients)
    stack.push_async_callback(profile_sync.aclose)
    followers, proofs, handles = (
        Followers(store, directory),
        Proofs(public_url, keyring, test=is_test),
        Handles(keyring),
    )
    oauth_states, ticket_secrets, page_tokens = OAuthStates(keyring), TicketSecrets(keyring), PageTokens(keyring)
    decisions = IntentDecisions(store, directory, profile_sync, recorder)
    openid_limits = OpenidLimits.of(directory)
    ticket_counter = TicketCounter(store, directory, chat_composer, ticket_secrets, openid_limits.keywords)
    login_codes = WechatServerCodes(store, directory, chat_composer, keyring, openid_limits.keywords)
    intent_chat = IntentChat(store, decisions, ticket_counter, login_codes, chat_composer, keyring=keyring)
    intents, relying_parties = Intents(store, parts.pool, recorder), RelyingParties(settings, directory, registry)
    return Services(
        settings=settings,
        address=prepared.address,
        directory=directory,
        keyring=keyring,
        store=store,
        offset=parts.offset,
        readiness=await Readiness(
            store,
            directory,
            parts.platforms,
            parts.callback_record,
            certificate=await stack.enter_async_context(watching(public_url)),
            clock=parts.clock,
            master_keys=parts.master_keys,
        ).begun(),
        site_calls=SiteCalls(lambda site: recorder.refused(site, "", LIMIT)),
        change_notifier=parts.change_notifier,
        verifications=Verifications(store, keyring, parts.pool, recorder, push_delay=settings.service.push_delay),
        bindings=Bindings(store, proofs, handles, profile_sync, VisitorNames(store, subjects_of(settings))),
        intents=intents,
        login_codes=login_codes,
        messages=Messages(store, keyring, recorder),
        decisions=decisions,
        composer=composer,
        callback_events=CallbackEvents(
            store, composer, followers, intent_chat, openid_limits, chat_composer=chat_composer, recorder=recorder
        ),
        followers=followers,
        callback_forwarding=callback_forwarding,
        page_tokens=page_tokens,
        views=Views(public_url, page_tokens, proofs, directory),
        gauges=Gauges(store, directory, parts.tokens, parts.callback_record),
        recorder=recorder,
        auditing=AuditLog(store, parts.partitions),
        templates=prepared.templates,
        texts=prepared.texts,
        reference=Reference(public_url, prepared.templates, testing=is_test),
        widget=Widget(prepared.templates, prepared.texts),
        handles=handles,
        signed_links=links,
        oauth_states=oauth_states,
        visit_cookies=VisitCookies(keyring),
        visits=Visits(store, oauth_states, clients, parts.secret_caches, public_url),
        tickets=Tickets(store, keyring, secrets=ticket_secrets, links=links, handles=handles, proofs=proofs),
        key_uses=parts.key_uses,
        registry=registry,
        webhooks=Webhooks(store),
        administration=RegistryAdministration(settings, directory, registry, composer),
        oidc=OpenIdProvider.made(relying_parties, store, keyring, links, intents=intents, recorder=recorder),
    )
