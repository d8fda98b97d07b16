"""The operator's pages under /admin: off unless the configuration names operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from codesvc.config import Settings


def install(app: web.Application, settings: Settings) -> None:
    """Add the operator's pages if the configuration names operators; otherwise /admin does not exist."""
    if settings.admin.operators:
        # Imported only then: with Babel's dates and numbers it takes 2 MB.
        from codesvc.web.admin.routes import furnish  # noqa: PLC0415

        furnish(app)
