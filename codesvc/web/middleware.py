"""The middleware of every request: request id, error answers, headers and one log line."""

from __future__ import annotations

import asyncio
import os
import re
from asyncio import IncompleteReadError
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import ClientError, HttpVersion10, hdrs, web
from multidict import CIMultiDict
from yarl import URL

from codesvc.domain.errors import Invalid, PlatformUnavailable, StoreUnavailable
from codesvc.domain.traceparent import trace_of
from codesvc.runtime import crash_points, metrics, repeated_lines, tracing
from codesvc.runtime.logging import REQUEST_ID, TRACE_ID, log_request
from codesvc.sites.registry.tables import UnreadableEntry
from codesvc.web import media_type
from codesvc.web.authentication import by_operators_listener, find_caller, require_known_key
from codesvc.web.context import CROSS_ORIGIN, RETIRING, SITE, services
from codesvc.web.headers import COMMON_HEADERS, require_fit
from codesvc.web.pages.verification_view import render_problem
from codesvc.web.problem import Problem, invalid, unavailable
from codesvc.web.site_calls import SiteCall

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from aiohttp.typedefs import Handler

    from codesvc.sites.directory import Caller
    from codesvc.web.context import Services

_log = structlog.get_logger("codesvc.http")
_REQUEST_ID: Final = re.compile(r"(?![0-9]{1,12}$)(?!csk_|whsec_|ey[A-Z])[A-Za-z0-9_.-]{8,64}")
"""The form of an `X-Request-Id` that is taken over. It stands in logs, so what looks like a code, a key or a token is
not taken over.
"""


def problem_of(error: BaseException | None) -> Problem:
    """The problem document for an exception; an unknown exception becomes a general one that discloses nothing."""
    match error:
        case Problem():
            return error
        case Invalid():
            return invalid(error)
        case StoreUnavailable() | UnreadableEntry():
            return unavailable()
        case PlatformUnavailable():
            return unavailable("wechat-unavailable")
        case web.HTTPNotFound():
            return Problem("not-found", "There is no such address.")
        case web.HTTPMethodNotAllowed():
            return Problem("method-not-allowed", headers={"Allow": ", ".join(sorted(error.allowed_methods))})
        case web.HTTPRequestEntityTooLarge():
            return Problem("too-large")
        case web.HTTPExpectationFailed():
            # 417 is optional (RFC 9110 section 10.1.1), and one status for unfit headers is enough.
            return Problem("malformed", "The header Expect can only be 100-continue; omit it.")
        case (
            web.HTTPBadRequest() | web.RequestPayloadError() | ClientError() | ConnectionError() | IncompleteReadError()
        ):
            # The body cannot be decoded, or the client disconnected while sending it.
            return Problem("malformed")
        case _:
            return Problem("internal")


def _require_plain_body(request: web.Request) -> None:
    """Refuse a compressed body before any of it is read (RFC 9110 sections 8.4 and 15.5.16).

    Raises:
        Problem: `Content-Encoding` names more than `identity`, or `Transfer-Encoding` more than `chunked`.
    """
    for header, plain in ((hdrs.CONTENT_ENCODING, "identity"), (hdrs.TRANSFER_ENCODING, "chunked")):
        for value in request.headers.getall(header, ()):
            if any(name.strip().lower() not in {plain, ""} for name in value.split(",")):
                detail = f"{header} can only be {plain}; send the body uncompressed."
                raise Problem("compressed", detail, headers={hdrs.ACCEPT_ENCODING: "identity"})


def _readable(request: web.Request) -> web.Request:
    """The request, without octets in its headers that are not UTF-8, and with a `Content-Type` that is cheap to read.

    aiohttp keeps such octets as lone surrogates, which cannot be hashed, stored or sent. They are replaced and not
    refused: another application of the same host may have set a cookie in another encoding.
    """
    kind = request.headers.get(hdrs.CONTENT_TYPE)
    is_cheap = kind is None or media_type.is_plain(kind)
    if is_cheap and all(name.isascii() and value.isascii() for name, value in request.raw_headers):
        return request
    clean = CIMultiDict((_utf8(name), _utf8(value)) for name, value in request.headers.items())
    if kind is not None:
        clean[hdrs.CONTENT_TYPE] = media_type.plain(kind)
    return request.clone(headers=clean)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _require_sound_head(request: web.Request) -> None:
    """Refuse a request whose head says that its body will not be read.

    Raises:
        Problem: the request line has no version, or the body is compressed.
    """
    if request.version < HttpVersion10:
        # A request without a version: its answer would have no head, so two servers could disagree on where it ends.
        raise Problem("malformed", "The request line is not that of HTTP/1.1.", headers={"Connection": "close"})
    if hdrs.CONTENT_ENCODING in request.headers or hdrs.TRANSFER_ENCODING in request.headers:
        _require_plain_body(request)


async def _admit_body(request: web.Request, route: str) -> None:
    """Wait for a body that has not arrived yet, so that no handler waits for it.

    Nothing is read of a request that will be refused.

    Raises:
        Problem: the body is multipart or not complete in time, or the route needs a key and there is none.
    """
    if request.match_info.http_exception is None:
        require_known_key(request, route)
        await _arrived(request)


async def _arrived(request: web.Request) -> None:
    """Wait for the rest of the body, with a time limit against slow-loris attacks.

    aiohttp limits the time for the headers, but not for the body.

    Raises:
        Problem: the body is not complete in time.
    """
    if request.content_type.startswith("multipart/"):
        raise Problem("malformed", "No call accepts multipart/form-data.")
    try:
        async with asyncio.timeout(services(request).settings.service.body_timeout):
            await request.read()
    except TimeoutError:
        raise Problem("slow-request", headers={"Connection": "close"}) from None


async def _below_prefix(request: web.Request, prefix: str) -> tuple[web.Request, Handler]:
    """The request and its handler. At `admin.listen` no proxy removes the path of `public_url`, so it is removed here.

    The pages' own addresses begin with that path.
    """
    url = request.rel_url
    path = url.raw_path.removeprefix(prefix) or "/"
    inner = request.clone(rel_url=URL.build(path=path, query_string=url.raw_query_string, encoded=True))
    found = await request.app.router.resolve(inner)
    found.add_app(request.app)
    found.freeze()
    inner._match_info = found  # noqa: SLF001  aiohttp sets it in the same way, before it calls the middlewares
    return inner, found.handler


def route_of(request: web.Request) -> str:
    """The route's pattern for the log; the path itself may contain page tokens and users."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"


def _is_prefixed(request: web.Request) -> bool:
    """Whether the path of `public_url` is still there, which the proxy should have removed: a matter for operators."""
    return services(request).address.holds(request.rel_url.raw_path)


def _no_such_address(request: web.Request) -> Problem:
    if _is_prefixed(request):
        prefix = services(request).address.prefix
        return Problem("not-found", f"There is no such address: the proxy did not remove {prefix} from it.")
    return Problem("not-found", "There is no such address.")


def _answer_to(error: Exception, request: web.Request, route: str, request_id: str) -> web.Response:
    unknown = isinstance(error, web.HTTPNotFound)
    problem = _no_such_address(request) if unknown else problem_of(error)
    if unknown and "text/html" in request.headers.get("Accept", "") and not _is_prefixed(request):
        # A mistyped or cut link, in a browser.
        return render_problem(request, problem)
    if problem.type.name == "internal":
        note_failure(route, error)
    return problem.response(services(request).address, request_id)


def note_failure(route: str, error: BaseException | None) -> None:
    """Log a fault of the program: a line with its traceback, and at most one for its kind and route in a second.

    Strangers may be able to cause a fault as often as they like.
    """
    repeated_lines.note(_log_failed, f"{route} {type(error).__name__}", route=route, error=error)


def _log_failed(*, route: str, error: BaseException | None, count: int) -> None:
    _log.error("request_failed", route=route, error=type(error).__name__, count=count, exc_info=error)


def begin_request(wished: str | None) -> str:
    """Give the request an id: the one that its header wishes for, if it is fit, or a new one."""
    request_id = wished if wished is not None and _REQUEST_ID.fullmatch(wished) else os.urandom(8).hex()
    # Never reset: aiohttp answers each request in a task of its own, and the context ends with it.
    REQUEST_ID.set(request_id)
    return request_id


def end_request(request: web.BaseRequest, route: str, status: int, *, site: str | None, seconds: float) -> None:
    """Count a request and log its line."""
    method = request.method
    metrics.observe_request(method if method in hdrs.METH_ALL else "OTHER", route, status, seconds)
    log_request(method=method, route=route, status=status, site=site, seconds=seconds)


async def _respond(
    request: web.Request, handler: Handler, route: str, here: Services, caller: Caller | None
) -> web.StreamResponse:
    """Read the body and call the handler. The calls of each site have turns (`codesvc.web.site_calls`).

    Raises:
        Problem: the request is refused.
    """
    _require_sound_head(request)
    call = None
    if caller is not None:
        # Only scans may wait for WeChat. They have a line of their own, so that other calls do not wait with them.
        call = SiteCall(here.site_calls, caller.site.name, "scan" if route.endswith("/scan") else "")
    try:
        waited = not request.content.is_eof()
        if waited:
            await _admit_body(request, route)
        if call is not None:
            waited = await call.turn() or waited
        if waited:
            find_caller(request, here)  # the key may have been removed meanwhile
        answering: Coroutine[Any, Any, web.StreamResponse] = handler(request)  # type: ignore[assignment]  # aiohttp promises less
        # A stranger's would decide what is traced: one may say that everything is, or that nothing is.
        parent = request.headers.get("traceparent") if caller is not None else None
        traced = tracing.within(route, answering, parent=parent, method=request.method)
        return await crash_points.mortal("request", traced)
    finally:
        if call is not None:
            call.close()


@web.middleware
async def request_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request an id and every error a problem document; log one line."""
    started, request = perf_counter(), _readable(request)
    here = services(request)
    if here.address.holds(request.rel_url.raw_path) and by_operators_listener(request):
        request, handler = await _below_prefix(request, here.address.prefix)
    given, route = request.headers, route_of(request)
    request_id, caller = begin_request(given.get("X-Request-Id")), None
    try:
        caller = find_caller(request, here)
        if caller is not None and (parent := given.get("traceparent")) is not None:
            TRACE_ID.set(trace_of(parent))
        response = await _respond(request, handler, route, here, caller)
        if not response.prepared:
            require_fit(response.headers)
    except Exception as error:  # noqa: BLE001  every error must become a problem document
        response = _answer_to(error, request, route, request_id)
    if not response.prepared:
        headers = response.headers
        headers["X-Request-Id"] = request_id
        if CROSS_ORIGIN in request:
            headers.update(request[CROSS_ORIGIN])
        if hdrs.SERVER not in headers:
            for name, value in COMMON_HEADERS.items():
                headers.setdefault(name, value)
        retiring = request.app.get(RETIRING)
        if retiring is not None and retiring.is_set():
            response.force_close()
    site = caller.site.name if caller is not None else request.get(SITE)
    end_request(request, route, response.status, site=site, seconds=perf_counter() - started)
    return response
