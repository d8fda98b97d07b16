"""The composition root: every concrete part is made here, connected once, and closed in the opposite order."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Final

import aiohttp
import structlog
from aiohttp import web

from codesvc.config.settings import LONGEST_CODE_LIFE
from codesvc.delivery.channels.means import Means
from codesvc.delivery.courier import Courier
from codesvc.delivery.messages import relaying
from codesvc.delivery.pace import Pace
from codesvc.delivery.webhooks.dispatcher import WebhookWorker
from codesvc.delivery.webhooks.sender import Sender
from codesvc.delivery.worker import Worker
from codesvc.domain.clock import Offset
from codesvc.domain.health import PlatformHealth
from codesvc.domain.intent import LIFE_MS
from codesvc.domain.oauth_state import OAuthStates
from codesvc.domain.openid_handle import Handles
from codesvc.domain.page_token import PageTokens
from codesvc.domain.proof import Proofs
from codesvc.domain.service_address import ServiceAddress
from codesvc.domain.signed_links import Links
from codesvc.domain.ticket import TicketSecrets
from codesvc.domain.visit_cookie import VisitCookies
from codesvc.messages.chat import ChatComposer
from codesvc.messages.composer import Composer
from codesvc.messages.templates import Templates
from codesvc.runtime import crash_points, repeated_lines, tracing
from codesvc.runtime.public_sockets import public_session
from codesvc.service.account_maintenance import Upkeep
from codesvc.service.audit_file import AuditFile
from codesvc.service.auditing import AuditLog
from codesvc.service.binding_watch import BindingWatch
from codesvc.service.bindings import Bindings
from codesvc.service.callback_events import CallbackEvents, OpenidLimits
from codesvc.service.callback_forwarding import CallbackForwarding
from codesvc.service.callback_refusals import CallbackRecord
from codesvc.service.followers import Followers
from codesvc.service.intent_chat import IntentChat
from codesvc.service.intent_decisions import IntentDecisions
from codesvc.service.intents import Intents
from codesvc.service.master_keys import MasterKeyWatch
from codesvc.service.messages import Messages
from codesvc.service.oidc import OpenIdProvider
from codesvc.service.profile_sync import ProfileSync
from codesvc.service.public_certificate import watching
from codesvc.service.qr_pool import QrPool
from codesvc.service.registry_administration import RegistryAdministration
from codesvc.service.statistics.gauges import Gauges
from codesvc.service.statistics.recorder import Recorder
from codesvc.service.store_clock import StoreClock
from codesvc.service.test_clock import follow_clock
from codesvc.service.ticket_issuing import TicketCounter
from codesvc.service.tickets import Tickets
from codesvc.service.verifications import Verifications
from codesvc.service.web_authorisation import Visits
from codesvc.service.webhooks import Webhooks
from codesvc.service.wechat_clients import reach
from codesvc.service.wechat_server import WechatServerCodes
from codesvc.sites.directory import Directory
from codesvc.sites.lazy import PerEntry
from codesvc.sites.registry.contents import Contents
from codesvc.sites.registry.registry import Registry
from codesvc.sites.registry.sealing import Sealer
from codesvc.sites.registry.uses import KeyUses
from codesvc.sites.relying_parties import RelyingParties
from codesvc.store.change_notifier import ChangeNotifier
from codesvc.store.connection import opened
from codesvc.store.secret_cache import SecretCache
from codesvc.web import admin, plain_addresses, refusals
from codesvc.web.api.views import Views
from codesvc.web.context import SERVICES, Services
from codesvc.web.event_streams import stream
from codesvc.web.middleware import request_middleware
from codesvc.web.pages.contract_page import Reference
from codesvc.web.pages.widget_files import Widget
from codesvc.web.readiness import Readiness
from codesvc.web.routes import TABLES
from codesvc.web.texts import Texts
from codesvc.wechat.http import sending_trace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from codesvc.config import Settings
    from codesvc.domain.keyring import Keyring

_log = structlog.get_logger(__name__)
_LONGEST_LIFE: Final = max(LONGEST_CODE_LIFE, *(life // 1000 for life in LIFE_MS.values()))


def create_app(
    settings: Settings, store_url: str, fixed: PreparedParts | None = None, *, pace: Pace | None = None
) -> web.Application:
    """The whole service as an aiohttp application, on an existing store.

    Args:
        settings: checked settings.
        store_url: see `codesvc.config.store_address`, and `codesvc.store.connection.store_url` for the embedded one.
        fixed: the result of `prepare` for this application; None: it is made now.
        pace: waiting times of deliveries; None: as in production.

    Raises:
        CodesvcError: a crash point is armed although the service is live. Starting the application raises
            `StoreTooOld` if a server of the store is too old. One that does not answer is not an error; see `/readyz`.
        BadTemplate: a template does not load.
        BadMessage: a template message would be refused by WeChat.
    """
    crash_points.arm(settings.mode)
    app = web.Application(middlewares=[request_middleware], client_max_size=settings.service.body_limit)
    app.add_routes([route for table in TABLES for route in table])

    if settings.service.traces:
        tracing.switch_on()
    made = prepare(settings) if fixed is None else fixed
    app.cleanup_ctx.append(partial(_run, settings=settings, store_url=store_url, fixed=made, pace=pace or Pace()))
    stream.prepare(app)
    admin.prepare(app, settings)
    refusals.prepare(app, made.address)
    plain_addresses.prepare(app)
    return app


@dataclass(frozen=True, slots=True)
class PreparedParts:
    """The parts that are made once, before anything is opened, so that faults are found early."""

    address: ServiceAddress
    keyring: Keyring
    sealer: Sealer
    directory: Directory
    templates: Templates
    texts: Texts
    links: Links
    composer: Composer
    chat_composer: ChatComposer


def prepare(settings: Settings, templates: Mapping[str, str] | None = None) -> PreparedParts:
    """Make the parts that need no open connection.

    Args:
        settings: checked settings.
        templates: replacements for the shipped templates, by name; None: read from the configured directory.

    Raises:
        BadTemplate: a template does not load.
        BadMessage: a template message would be refused by WeChat.
    """
    keyring = settings.secrets.keyring()
    sealer = Sealer(keyring)
    directory = Directory(settings, Contents(sealer))
    address = ServiceAddress(settings.service.public_url)
    loaded = Templates(settings.service.templates_dir if templates is None else templates, own_path=address.path)
    links = Links(settings.service.public_url, keyring)
    composer = Composer(loaded, keyring, directory, links)
    chat_composer = ChatComposer(loaded, directory, links)
    return PreparedParts(address, keyring, sealer, directory, loaded, Texts(loaded), links, composer, chat_composer)


async def _run(
    app: web.Application, settings: Settings, store_url: str, fixed: PreparedParts, pace: Pace
) -> AsyncIterator[None]:
    """Open all parts that need opening, in order, and close them in the opposite order."""
    keyring, directory, links = fixed.keyring, fixed.directory, fixed.links
    chat_composer, composer, service = fixed.chat_composer, fixed.composer, settings.service
    async with AsyncExitStack() as stack:
        offset = Offset(movable=settings.mode == "test")
        store = await opened(stack, settings.store, store_url, offset, keyring.tag_keys)
        http = await stack.enter_async_context(
            # WeChat's API needs no cookies, and a cookie jar would cost time at each call.
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[sending_trace()],
            )
        )
        public = await stack.enter_async_context(public_session())
        shared = PerEntry(
            directory.accounts, lambda a: SecretCache(store, a.store_keys, keyring), lambda entry: entry.config
        )
        recorder, platforms, heard = Recorder(store, directory), PlatformHealth(), CallbackRecord(store.callbacks)
        for background in (repeated_lines.running(), recorder.running(), heard.running()):
            await stack.enter_async_context(background)
        tokens, clients = reach(directory, http, shared, recorder, platforms, proxy=service.proxy_to_wechat)
        pool = QrPool(store, clients, longest_life=_LONGEST_LIFE, shown=heard.show)
        stack.push_async_callback(pool.aclose)
        change_notifier = ChangeNotifier(store.servers, settings.store.prefix)
        await stack.enter_async_context(change_notifier.running())
        registry = Registry(store, directory, fixed.sealer)
        await stack.enter_async_context(registry.running(change_notifier))
        watch, partitions = await BindingWatch.begun(store, directory), directory.partitions()
        clock, master_keys = StoreClock(store, steady=time.monotonic), MasterKeyWatch(store, keyring)
        if settings.mode == "test":
            await stack.enter_async_context(follow_clock(store, change_notifier))
        followers, relay = Followers(store, directory), CallbackForwarding(http, public, store)
        stack.push_async_callback(relay.aclose)
        proofs = Proofs(service.public_url, keyring, test=settings.mode == "test")
        people = ProfileSync(store, clients)
        stack.push_async_callback(people.aclose)
        decisions = IntentDecisions(store, directory, people)
        limits, uses = OpenidLimits.of(directory), KeyUses(store)
        await stack.enter_async_context(uses.running())
        handles, seals, secrets = Handles(keyring), OAuthStates(keyring), TicketSecrets(keyring)
        counter = TicketCounter(store, directory, chat_composer, secrets, limits.keywords)
        codes = WechatServerCodes(store, directory, chat_composer, keyring, limits.keywords)
        conversation = IntentChat(store, decisions, counter, codes, chat_composer)
        asking, parties = Intents(store, pool, recorder), RelyingParties(settings, directory, registry)
        page_tokens, means = PageTokens(keyring), Means(composer, clients, http, service.proxy_to_wechat)
        app[SERVICES] = Services(
            settings=settings,
            address=fixed.address,
            directory=directory,
            keyring=keyring,
            store=store,
            offset=offset,
            readiness=await Readiness(
                store,
                directory,
                platforms,
                heard,
                certificate=await stack.enter_async_context(watching(service.public_url)),
                clock=clock,
                master_keys=master_keys,
            ).begun(),
            change_notifier=change_notifier,
            verifications=Verifications(store, keyring, pool, recorder, push_delay=settings.service.push_delay),
            bindings=Bindings(store, proofs, handles, people),
            intents=asking,
            login_codes=codes,
            messages=Messages(store, keyring, recorder),
            decisions=decisions,
            composer=composer,
            chat=CallbackEvents(
                store, composer, followers, conversation, limits, chat_composer=chat_composer, recorder=recorder
            ),
            followers=followers,
            callback_forwarding=relay,
            page_tokens=page_tokens,
            views=Views(service.public_url, page_tokens, proofs, directory),
            gauges=Gauges(store, directory, tokens, heard),
            recorder=recorder,
            auditing=AuditLog(store, partitions),
            templates=fixed.templates,
            texts=fixed.texts,
            reference=Reference(service.public_url, fixed.templates, testing=settings.mode == "test"),
            widget=Widget(fixed.templates, fixed.texts),
            handles=handles,
            signed_links=links,
            oauth_states=seals,
            visit_cookies=VisitCookies(keyring),
            visits=Visits(store, seals, clients, shared, service.public_url),
            tickets=Tickets(store, keyring, secrets=secrets, links=links, handles=handles, proofs=proofs),
            key_uses=uses,
            registry=registry,
            webhooks=Webhooks(store),
            administration=RegistryAdministration(settings, directory, registry, composer),
            oidc=OpenIdProvider.made(parties, store, keyring, links, intents=asking, recorder=recorder),
        )
        if service.deliver:
            courier = Courier(
                store,
                directory,
                composer,
                chat_composer,
                means,
                relaying=await stack.enter_async_context(relaying(fixed.templates, directory, keyring, service)),
                recorder=recorder,
                unknown=followers.unknown,
                pauses=pace.pauses,
                trials=pace.trials,
                sleep=pace.sleep,
            )
            worker = Worker(store, store.servers, courier, partitions=partitions, hold_seconds=pace.hold_seconds)
            await stack.enter_async_context(worker.running())
            sender = Sender(proxy=service.proxy_to_receivers, note=app[SERVICES].readiness.webhook_proxy.note)
            webhooks = WebhookWorker(store.webhooks.queue(token_hex(8)), sender, directory, change_notifier)
            await stack.enter_async_context(webhooks.running())
            clock.set_back += [worker.forget_idle_times, webhooks.bring_back]
            registry.listeners += [lambda: worker.attend(directory.partitions()), webhooks.attend]
        registry.listeners.append(lambda: partitions.update(directory.partitions()))
        for running in (
            clock.running(),
            master_keys.running(),
            Upkeep(directory, clients, store.quotas, pool, followers, watch=watch, clock=clock).running(),
            AuditFile(store, lambda: partitions, settings.admin.audit_file).running(),
        ):
            await stack.enter_async_context(running)
        _log.info("started", mode=settings.mode, sites=len(directory.sites), accounts=len(directory.accounts))
        yield
