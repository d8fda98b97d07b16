"""Public pages without personal content: the front page (`GET /`, JSON for programs) and a page per problem type."""

import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from codesvc.client.schema import Front
from codesvc.web.api.views import json_response
from codesvc.web.context import services
from codesvc.web.languages import speech_for
from codesvc.web.problem import Problem
from codesvc.web.problem_texts import text_of
from codesvc.web.problem_types import PROBLEMS

routes = web.RouteTableDef()


@routes.get("/")
async def show(request: web.Request) -> web.Response:
    """The front page: the name of the service, and links to the API reference."""
    headers = {"Vary": "Accept, Accept-Language"}
    if "text/html" not in request.headers.get("Accept", ""):
        address = services(request).address
        document = Front(service="codesvc", reference=address.path("/docs"), contract=address.path("/openapi.json"))
        return json_response(document, headers=headers)
    return _render(request, "front", {}, headers)


@routes.get("/problems/{name}")
async def explain(request: web.Request) -> web.Response:
    """The page that explains a problem type."""
    problem = PROBLEMS.get(request.match_info["name"])
    if problem is None:
        raise Problem("not-found", "There is no such problem type.")
    variables = {"problem": problem, "text": text_of(problem, speech_for(request).name)}
    return _render(request, "problem", variables, {"Vary": "Accept-Language"})


def _render(request: web.Request, name: str, variables: Mapping[str, Any], headers: Mapping[str, str]) -> web.Response:
    """Render a page without scripts and forms. It depends only on the language of the reader."""
    nonce = secrets.token_urlsafe(16)
    html = services(request).templates.page(name, {**variables, "t": speech_for(request), "nonce": nonce})
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    return web.Response(text=html, content_type="text/html", headers={**headers, "Content-Security-Policy": policy})
