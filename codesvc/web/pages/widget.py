"""The routes of the drop-in widget: `/widget.js`, its texts by language, and its TypeScript types."""

from __future__ import annotations

from aiohttp import web

from codesvc.web.context import services
from codesvc.web.problem import Problem

routes = web.RouteTableDef()


@routes.get("/widget.js")
async def script(request: web.Request) -> web.Response:
    """The widget's script."""
    return services(request).widget.script.answer(request)


@routes.get("/widget/{language:[a-z0-9-]+}.json")
async def language(request: web.Request) -> web.Response:
    """The widget's texts in one language."""
    widget, wanted = services(request).widget, request.match_info["language"]
    if wanted not in widget.languages:
        raise Problem("not-found", "There is no such language.")
    return widget.said_in(wanted).answer(request)


@routes.get("/widget.d.ts")
async def types(request: web.Request) -> web.Response:
    """The widget's TypeScript types."""
    return services(request).widget.types.answer(request)
