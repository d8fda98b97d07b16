"""Who may use the control calls, and how their bodies and mistakes are handled.

Without a token the sandbox listens on loopback only, where the remaining stranger is a web page in the developer's own
browser: hence the check of Origin, and of Host against names that are rebound to loopback. With a token every control
call needs it as a Bearer, or the cookie that `POST /sandbox/session` sets for the page, whose event stream cannot send
headers.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware

from codesvc.sandbox.bind_guard import is_loopback
from codesvc.sandbox.platform import Platform, Unknown
from codesvc.sandbox.request_body import read_request

PLATFORM = web.AppKey("platform", Platform)
COOKIE = "sandbox_session"
_SESSION = "/sandbox/session"
T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BadInput(ValueError):
    """A control call's body is not what it should be."""


class Conflict(Exception):
    """The act is impossible at the moment; `name` is a word for programs."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        super().__init__(message)


def answer(body: Any, status: int = 200) -> web.Response:
    """JSON, raw UTF-8."""
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json", charset="utf-8")


def cookie_value(token: str) -> str:
    """What the page's cookie holds: enough to be let in, not enough to learn the token."""
    return hmac.new(token.encode(), b"sandbox session", hashlib.sha256).hexdigest()


def make_guard(token: str | None) -> Middleware:
    """The middleware of the control calls; a Host or Origin that cannot be read is refused on every path."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        try:
            host, site = request.url.host or "", None if origin is None else urlsplit(origin).netloc or origin
        except ValueError:
            return web.Response(status=400, text="Host or Origin is malformed")
        if not request.path.startswith("/sandbox"):
            return await handler(request)
        if site is not None and site != request.host:
            return answer({"error": "foreign_origin", "message": "control calls do not come from other sites"}, 403)
        if token is None and not is_loopback(host):
            return answer({"error": "foreign_host", "message": "without a token, control calls go to 127.0.0.1"}, 403)
        if token is not None and request.path != _SESSION and not _is_known(request, token):
            return answer({"error": "unauthorized", "message": "Authorization: Bearer with the sandbox's token"}, 401)
        return await _answer_mistakes(request, handler)

    return guard


async def _answer_mistakes(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Unknown as error:
        return answer({"error": "unknown", "message": str(error)}, 404)
    except Conflict as error:
        return answer({"error": error.name, "message": str(error)}, 409)
    except ValueError as error:
        return answer({"error": "invalid", "message": str(error)}, 400)


def _is_known(request: web.Request, token: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and is_equal(given.strip(), token):
        return True
    return is_equal(request.cookies.get(COOKIE, ""), cookie_value(token))


def is_equal(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape"))


async def read_json(request: web.Request, shape: type[T]) -> T:
    """The body as a dataclass or struct; an empty body is `{}`.

    Raises:
        BadInput: no JSON, unknown or wrong members.
    """
    raw = await read_request(request)
    try:
        return msgspec.json.decode(raw.strip() or b"{}", type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(str(error)) from error


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """Base of control bodies: a misspelt member is refused, not ignored."""
