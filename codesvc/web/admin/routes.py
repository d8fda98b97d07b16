"""The routes under /admin, and their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.admin import accounts, audit_log, login, overview, people, relay, verifications, webhooks
from codesvc.web.admin.cookies import SESSIONS
from codesvc.web.admin.sessions import Sessions
from codesvc.web.context import SERVICES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web

_TABLES: Final = (
    login.routes,
    overview.routes,
    verifications.routes,
    people.routes,
    accounts.routes,
    webhooks.routes,
    relay.routes,
    audit_log.routes,
)


def furnish(app: web.Application) -> None:
    """Add the pages and their sessions."""
    app.add_routes([route for table in _TABLES for route in table])
    app.cleanup_ctx.append(_sessions)


async def _sessions(app: web.Application) -> AsyncIterator[None]:
    here = app[SERVICES]
    admin = here.settings.admin
    app[SESSIONS] = Sessions(here.store, here.keyring, admin.operators, admin.session)
    yield
