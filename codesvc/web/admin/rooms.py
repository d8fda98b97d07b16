"""Everything there is under /admin, and who is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codesvc.web.admin import accounts, cases, doors, hooks, logbook, overview, people
from codesvc.web.admin.frame import SESSIONS
from codesvc.web.admin.sessions import Sessions
from codesvc.web.services import SERVICES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import web

_TABLES: Final = (
    doors.routes,
    overview.routes,
    cases.routes,
    people.routes,
    accounts.routes,
    hooks.routes,
    logbook.routes,
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
