"""The operator's pages under /admin: off unless the configuration names operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from codesvc.config import Settings


def prepare(app: web.Application, settings: Settings) -> None:
    """Open the doors, where the configuration says who may come in; elsewhere there is nothing at /admin."""
    if settings.admin.operators:
        # 2 MB, with Babel's dates and numbers: for those who have them.
        from codesvc.web.admin.routes import furnish  # noqa: PLC0415

        furnish(app)
