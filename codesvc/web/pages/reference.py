"""The routes of the published contract: `/openapi.json` for programs, `/docs` for people."""

from __future__ import annotations

from aiohttp import web

from codesvc.web.context import services

routes = web.RouteTableDef()


@routes.get("/openapi.json")
async def document(request: web.Request) -> web.Response:
    """The contract as OpenAPI 3.1."""
    return services(request).reference.json.answer(request)


@routes.get("/docs")
async def read(request: web.Request) -> web.Response:
    """The contract as a page."""
    return services(request).reference.page.answer(request)
