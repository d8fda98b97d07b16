"""Around every request: an id, an answer for every error, headers, one log line."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from asyncio import IncompleteReadError
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import ClientError, hdrs, web

from codesvc import metrics
from codesvc.errors import Invalid, PlatformUnavailable, StoreUnavailable
from codesvc.web.inputs import invalid
from codesvc.web.problem import Problem, unavailable
from codesvc.web.services import CROSS_ORIGIN, SITE, services

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

_log = structlog.get_logger("codesvc.http")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_HEADERS: Final = {
    "Server": "codesvc",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def _problem_of(error: Exception) -> Problem:
    """The one place where inner errors become outer ones; what is not known here stays hidden."""
    match error:
        case Problem():
            return error
        case Invalid():
            return invalid(error)
        case StoreUnavailable():
            return unavailable()
        case PlatformUnavailable():
            return unavailable("wechat-unavailable")
        case web.HTTPNotFound():
            return Problem("not-found", "There is no such address.")
        case web.HTTPMethodNotAllowed():
            return Problem("method-not-allowed", headers={"Allow": ", ".join(sorted(error.allowed_methods))})
        case web.HTTPRequestEntityTooLarge():
            return Problem("too-large")
        case (
            web.HTTPBadRequest() | web.RequestPayloadError() | ClientError() | ConnectionError() | IncompleteReadError()
        ):
            # A body that cannot be unpacked, or a caller who hung up in the middle of it.
            return Problem("malformed")
        case _:
            return Problem("internal")


async def _arrived(request: web.Request) -> None:
    """Wait for a body that is still on its way: aiohttp bounds the headers' time, not a body's (a slow-loris attack).

    Raises:
        Problem: it is not complete in time.
    """
    if request.content.is_eof():
        return
    if request.content_type.startswith("multipart/"):
        raise Problem("malformed", "No call takes multipart/form-data.")
    try:
        async with asyncio.timeout(services(request).settings.service.body_timeout):
            await request.read()
    except TimeoutError:
        raise Problem("slow-request", headers={"Connection": "close"}) from None


def _route(request: web.Request) -> str:
    """The route's pattern: paths hold page tokens and users, which belong in no log."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request an id and every error a problem document; log one line."""
    given = request.headers.get("X-Request-Id", "")
    request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    started = time.perf_counter()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    try:
        try:
            await _arrived(request)
            response = await handler(request)
        except Exception as error:  # noqa: BLE001  the edge: whatever it is, the caller gets a problem document
            if _problem_of(error).type.name == "internal":
                _log.exception("request_failed", route=_route(request), error=type(error).__name__)
            response = _problem_of(error).response(services(request).settings.service.public_url, request_id)
        if not response.prepared:
            response.headers["X-Request-Id"] = request_id
            response.headers.update(request.get(CROSS_ORIGIN, {}))
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
        seconds = time.perf_counter() - started
        method = request.method if request.method in hdrs.METH_ALL else "OTHER"
        metrics.REQUESTS.labels(method, _route(request), response.status).observe(seconds)
        _log.info(
            "request",
            method=request.method,
            route=_route(request),
            status=response.status,
            site=request.get(SITE),
            ms=round(seconds * 1000, 2),
        )
        return response
    finally:
        structlog.contextvars.clear_contextvars()
