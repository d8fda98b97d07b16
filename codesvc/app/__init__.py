"""The composition root: every concrete part is made here, connected once, and closed in the opposite order."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from codesvc.app.open_parts import OpenParts, open_parts
from codesvc.app.prepared_parts import PreparedParts, prepare
from codesvc.app.services import make_services
from codesvc.delivery.channels.means import Means
from codesvc.delivery.courier import Courier
from codesvc.delivery.messages import relaying
from codesvc.delivery.pace import Pace
from codesvc.delivery.webhooks.dispatcher import WebhookWorker
from codesvc.delivery.webhooks.sender import Sender
from codesvc.delivery.worker import Worker
from codesvc.messages.relay_texts import RelayTexts
from codesvc.runtime import crash_points, tracing
from codesvc.service.account_maintenance import Upkeep
from codesvc.service.audit_file import AuditFile
from codesvc.service.binding_watch import BindingWatch
from codesvc.service.file_access import note_file_access
from codesvc.web import admin, plain_addresses, refusals
from codesvc.web.context import SERVICES, Services
from codesvc.web.event_streams import stream
from codesvc.web.middleware import request_middleware
from codesvc.web.routes import TABLES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from codesvc.config import Settings

__all__ = ["PreparedParts", "create_app", "prepare"]

_log = structlog.get_logger(__name__)


def create_app(
    settings: Settings, store_url: str, prepared: PreparedParts | None = None, *, pace: Pace | None = None
) -> web.Application:
    """The whole service as an aiohttp application, on an existing store.

    Args:
        settings: checked settings.
        store_url: see `codesvc.config.store_address`, and `codesvc.store.connection.store_url` for the embedded one.
        prepared: the result of `prepare` for this application; None: it is made now.
        pace: waiting times and bounds of deliveries; None: as in production.

    Raises:
        CodesvcError: a crash point is armed although the service is live, or traces are on and OpenTelemetry is not
            installed. Starting the application raises
            `StoreTooOld` if a server of the store is too old. One that does not answer is not an error; see `/readyz`.
        BadTemplate: a template does not load.
        BadMessage: a message could fail or hide its code (`codesvc.messages.field_trial`).
    """
    crash_points.arm(settings.mode)
    app = web.Application(middlewares=[request_middleware], client_max_size=settings.service.body_limit)
    app.add_routes([route for table in TABLES for route in table])

    if settings.service.traces:
        tracing.switch_on()
    made = prepare(settings) if prepared is None else prepared
    app.cleanup_ctx.append(partial(_run, settings=settings, store_url=store_url, prepared=made, pace=pace or Pace()))
    stream.install(app)
    admin.install(app, settings)
    refusals.install(app, made.address)
    plain_addresses.install(app)
    return app


async def _run(
    app: web.Application, settings: Settings, store_url: str, prepared: PreparedParts, pace: Pace
) -> AsyncIterator[None]:
    """Open all parts that need opening, in order, and close them in the opposite order."""
    directory = prepared.directory
    async with AsyncExitStack() as stack:
        parts = await open_parts(stack, settings, store_url, prepared)
        binding_watch = await BindingWatch.begun(parts.store, directory)
        services = app[SERVICES] = await make_services(stack, settings, prepared, parts)
        await note_file_access(parts.store, settings)
        if settings.service.deliver:
            await _deliver(stack, settings, prepared, parts, services=services, pace=pace)
        parts.registry.listeners.append(lambda: parts.partitions.update(directory.partitions()))
        upkeep = Upkeep(
            directory,
            parts.clients,
            parts.store.quotas,
            parts.pool,
            services.followers,
            watch=binding_watch,
            clock=parts.clock,
        )
        audit_file = AuditFile(parts.store, lambda: parts.partitions, settings.admin.audit_file)
        for part in (parts.clock, parts.master_keys, upkeep, audit_file):
            await stack.enter_async_context(part.running())
        _log.info("started", mode=settings.mode, sites=len(directory.sites), accounts=len(directory.accounts))
        yield


async def _deliver(
    stack: AsyncExitStack,
    settings: Settings,
    prepared: PreparedParts,
    parts: OpenParts,
    *,
    services: Services,
    pace: Pace,
) -> None:
    """Deliver codes, notices, messages and webhook events as long as the stack is open."""
    service, store, directory = settings.service, parts.store, prepared.directory
    texts = RelayTexts(prepared.templates, directory, prepared.composer.account_fields)
    courier = Courier(
        store,
        directory,
        prepared.composer,
        prepared.chat_composer,
        Means(prepared.composer, parts.clients, parts.http, service.proxy_to_wechat),
        relaying=await stack.enter_async_context(relaying(texts, directory, prepared.keyring, service)),
        recorder=parts.recorder,
        unknown=services.followers.unknown,
        pauses=pace.pauses,
        trials=pace.trials,
        sleep=pace.sleep,
        most_per_account=pace.most_per_account,
    )
    worker = Worker(
        store,
        store.servers,
        courier,
        partitions=parts.partitions,
        hold_seconds=pace.hold_seconds,
        most_held=pace.most_held,
        wait_seconds=pace.wait_seconds,
    )
    await stack.enter_async_context(worker.running())
    sender = Sender(proxy=service.proxy_to_receivers, note=services.readiness.webhook_proxy.note)
    webhooks = WebhookWorker(store.webhooks.queue(token_hex(8)), sender, directory, parts.change_notifier)
    await stack.enter_async_context(webhooks.running())
    parts.clock.after_set_back += [worker.forget_idle_times, webhooks.make_all_due]
    parts.registry.listeners += [lambda: worker.attend(directory.partitions()), webhooks.attend]
