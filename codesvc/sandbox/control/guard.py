"""Access control, body parsing and error answers of the control calls.

Without a token the sandbox listens on loopback only. Even then a web page in the developer's browser could send
requests. So Origin is checked, and Host too, against DNS rebinding. With a token every control call needs it as a
bearer token, or the cookie that `POST /sandbox/session` sets. The page uses the cookie, because an event stream cannot
send headers.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from aiohttp.typedefs import Middleware

from codesvc.sandbox.bind_guard import is_loopback
from codesvc.sandbox.platform import NotFound, Platform
from codesvc.sandbox.request_body import read_request

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PLATFORM = web.AppKey("platform", Platform)
COOKIE = "sandbox_session"
_SESSION = "/sandbox/session"
T = TypeVar("T")
D = TypeVar("D", bound="DataclassInstance")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BadInput(ValueError):
    """The body or the query of a control call is wrong."""


class Conflict(Exception):
    """The call does not fit the present state; `name` is an identifier for programs."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        super().__init__(message)


def answer(body: Any, status: int = 200) -> web.Response:
    """A JSON response in UTF-8, without escapes."""
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json", charset="utf-8")


def cookie_value(token: str) -> str:
    """The value of the page's cookie: an HMAC, from which the token cannot be computed."""
    return hmac.new(token.encode(), b"sandbox session", hashlib.sha256).hexdigest()


def make_guard(token: str | None) -> Middleware:
    """The access check as a middleware; a malformed Host or Origin is refused on every path."""

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
        return await _answer_errors(request, handler)

    return guard


async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except NotFound as error:
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
        BadInput: it is not JSON, or has unknown or wrong members.
    """
    raw = await read_request(request)
    try:
        return msgspec.json.decode(raw.strip() or b"{}", type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(str(error)) from error


def replace_members(base: D, given: Mapping[str, Any]) -> D:
    """A dataclass with those members replaced that a body has.

    Raises:
        BadInput: a member is unknown or wrong.
    """
    current = asdict(base)
    unknown = sorted(given.keys() - current.keys())
    if unknown:
        raise BadInput(f"unknown members: {', '.join(unknown)}")
    try:
        return msgspec.convert({**current, **given}, type(base))
    except msgspec.ValidationError as error:
        raise BadInput(str(error)) from error


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """Base class of control bodies; unknown members are refused, so that a spelling mistake is noticed."""
