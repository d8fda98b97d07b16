"""`GET /`: what this service is. A small page for people, JSON for programs."""

from __future__ import annotations

import secrets

from aiohttp import web

from codesvc.client.schema import Front
from codesvc.web.api.views import json_response
from codesvc.web.context import services
from codesvc.web.languages import speech_for

routes = web.RouteTableDef()


@routes.get("/")
async def show(request: web.Request) -> web.Response:
    """Say what this service is and where its reference stands."""
    headers = {"Vary": "Accept, Accept-Language"}
    if "text/html" not in request.headers.get("Accept", ""):
        address = services(request).address
        document = Front(service="codesvc", reference=address.path("/docs"), contract=address.path("/openapi.json"))
        answer = json_response(document)
        answer.headers.update(headers)
        return answer
    nonce = secrets.token_urlsafe(16)
    html = services(request).templates.page("front", {"t": speech_for(request), "nonce": nonce})
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    headers |= {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return web.Response(text=html, content_type="text/html", headers=headers)
