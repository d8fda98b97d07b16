"""Problem documents for requests that aiohttp refuses before any middleware runs.

If the bytes are not a readable request, there is no path, header or method. A request with an unknown `Expect` is
readable and has all three. See
`codesvc.runtime.http_server`, which calls the function that is made here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web
from aiohttp.http_exceptions import (
    BadHttpMessage,
    BadStatusLine,
    InvalidHeader,
    InvalidURLError,
    LineTooLong,
    PayloadEncodingError,
)

from codesvc.runtime import repeated_lines
from codesvc.runtime.http_server import MAX_LINE_BYTES, REFUSAL
from codesvc.web.middleware import begin_request, end_request, note_failure, problem_of, route_of
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from codesvc.domain.service_address import ServiceAddress

_log = structlog.get_logger("codesvc.http")
_UNREADABLE: Final = "unreadable"
"""The label for unreadable requests in place of a route, in the log and in metrics."""
_UNKNOWN: Final = "unknown"
_DETAILS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (LineTooLong, f"The request line, a header or a chunk's line is too long: {MAX_LINE_BYTES} bytes are allowed."),
    (PayloadEncodingError, "The body's length or chunks are not valid HTTP/1.1."),
    (InvalidHeader, "A header is not well-formed."),
    (InvalidURLError, "The target of the request line is not well-formed."),
    (BadStatusLine, "The request line is not valid HTTP/1.1."),
    (BadHttpMessage, "The request line, a header or a chunk is not valid HTTP/1.1."),
    (UnicodeEncodeError, "A header is not UTF-8."),
)
"""What is said of each reason, the more special ones first. aiohttp's own texts quote what was sent."""


def install(app: web.Application, address: ServiceAddress) -> None:
    """Let the application answer what never reaches its middlewares; `address` is the service's own."""

    def refuse(request: web.BaseRequest, _: int, error: BaseException | None) -> web.Response:
        request_id = begin_request(request.headers.get("X-Request-Id"))
        # UnicodeEncodeError: aiohttp quotes an unknown `Expect` in its refusal, which fails if it is not UTF-8.
        if isinstance(error, BadHttpMessage | UnicodeEncodeError):
            route, problem = _UNREADABLE, Problem("malformed", _detail(error))
            reason = type(error).__name__
            repeated_lines.note(_log_unreadable, reason, reason=reason)
        else:
            problem, route = problem_of(error), _UNKNOWN
            # Only such an exception is known to come after the route was found.
            if isinstance(error, web.HTTPException) and isinstance(request, web.Request):
                route = route_of(request)
        if problem.type.name == "internal":
            note_failure(route, error)
        response = problem.response(address, request_id)
        response.headers["X-Request-Id"] = request_id
        end_request(request, route, response.status, site=None, seconds=0.0)
        return response

    app[REFUSAL] = refuse


def _detail(error: BadHttpMessage | UnicodeEncodeError) -> str:
    return next(text for kind, text in _DETAILS if isinstance(error, kind))


def _log_unreadable(*, reason: str, count: int) -> None:
    _log.info("request_unreadable", reason=reason, count=count)
