"""The cookies of the operator's pages: the session, the browser that is known, and the language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.web.admin.sessions import KNOWN_SECONDS
from codesvc.web.authentication import by_operators_listener
from codesvc.web.context import services
from codesvc.web.headers import cookie_in

if TYPE_CHECKING:
    from codesvc.web.admin.sessions import Session, Sessions

SESSIONS: Final = web.AppKey("SESSIONS", object)
_COOKIE: Final = "codesvc_admin"
_KNOWN: Final = "codesvc_known"
LANGUAGE_COOKIE: Final = "codesvc_admin_language"


def sessions_of(request: web.Request) -> Sessions:
    """The application's sessions."""
    return request.app[SESSIONS]  # type: ignore[return-value]


def _secure(request: web.Request) -> bool:
    """Whether cookies are for https only. The operators' own listener speaks plain http."""
    return services(request).address.secure and not by_operators_listener(request)


def _cookie_name(request: web.Request, name: str = _COOKIE) -> str:
    return services(request).address.cookie_name(name) if _secure(request) else name


def _path(request: web.Request) -> str:
    return services(request).address.cookie_path


def _keep(request: web.Request, response: web.Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        httponly=True,
        secure=_secure(request),
        samesite="Strict",
        path=_path(request),
    )


def known_browser(request: web.Request) -> Session | None:
    """Who signed in last in a browser that has signed in before, and its id; None for any other."""
    return sessions_of(request).known(cookie_in(request.headers, _cookie_name(request, _KNOWN)))


def keep_known(request: web.Request, response: web.Response, cookie: str) -> None:
    """Let the browser be known at its next sign-in. Signing out does not change that."""
    _keep(request, response, _cookie_name(request, _KNOWN), cookie, KNOWN_SECONDS)


async def session_in(request: web.Request) -> Session | None:
    """The session of a request, signed in or not; None without a session."""
    cookie = cookie_in(request.headers, _cookie_name(request))
    return await sessions_of(request).read(cookie, near=by_operators_listener(request))


def keep_session(request: web.Request, response: web.Response, cookie: str) -> None:
    """Set the session cookie."""
    _keep(request, response, _cookie_name(request), cookie, sessions_of(request).seconds)


def drop_session(request: web.Request, response: web.Response) -> None:
    """Delete the session cookie."""
    response.del_cookie(
        _cookie_name(request), path=_path(request), secure=_secure(request), httponly=True, samesite="Strict"
    )


def keep_language(request: web.Request, response: web.Response, language: str) -> None:
    """Remember a chosen language."""
    _keep(request, response, LANGUAGE_COOKIE, language, 365 * 86_400)
