"""The routes of the published contract: `/openapi.json` for programs, `/docs` for people."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from codesvc.web.context import services

routes = web.RouteTableDef()
_KEPT: Final = "public, max-age=300"


@routes.get("/openapi.json")
async def document(request: web.Request) -> web.Response:
    """The contract as OpenAPI 3.1; pages of other origins may read it, since nothing in it is secret."""
    headers = {"Cache-Control": _KEPT, "Access-Control-Allow-Origin": "*"}
    return web.Response(body=services(request).reference.json, content_type="application/json", headers=headers)


@routes.get("/docs")
async def read(request: web.Request) -> web.Response:
    """The contract as a page."""
    page, policy = services(request).reference.page
    headers = {"Cache-Control": _KEPT, "Content-Security-Policy": policy}
    return web.Response(text=page, content_type="text/html", headers=headers)
