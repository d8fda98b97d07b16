"""What the routes of an issuer share: the site, the parameters, errors, CORS."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web

from codesvc.domain.errors import StoreUnavailable
from codesvc.domain.oidc_request import is_registered
from codesvc.domain.percent_encoding import TooManyStray, decoded
from codesvc.service.oidc_protocol import ProtocolError
from codesvc.sites.registry.registry import RegistryBusy
from codesvc.sites.registry.tables import UnreadableEntry
from codesvc.web.api.views import json_response
from codesvc.web.context import CROSS_ORIGIN, SITE, services
from codesvc.web.forms import FORM
from codesvc.web.problem import Problem
from codesvc.web.uris import origin_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from codesvc.sites.directory import SiteEntry

    _Handler = Callable[[web.Request], Awaitable[web.Response]]

UNAUTHORIZED: Final = 401
_MOST_PARAMETERS: Final = 64
_LONGEST: Final = 16_384
"""Octets of a body: a state and a nonce of full length, each character encoded. More would be dear to decode."""
_UNAVAILABLE: Final = ProtocolError("temporarily_unavailable", "The store does not answer. Try again.", 503)


def issuing_site(request: web.Request) -> SiteEntry:
    """The site whose issuer is called.

    Raises:
        Problem: there is no such site, or it has no issuer.
    """
    site = services(request).directory.site(request.match_info["site"])
    if site is None or site.config.oidc is None:
        raise Problem("not-found", "There is no OpenID Provider at this address.")
    request[SITE] = site.name
    return site


async def parameters(request: web.Request) -> list[tuple[str, str]]:
    """The parameters of a form, or of the query if nothing is posted; repeated ones too.

    Raises:
        ProtocolError: the body is not a form, or there are too many.
    """
    if request.method == "POST":
        return await posted_pairs(request)
    return _pairs_of(request.rel_url.raw_query_string.encode("utf-8", "surrogateescape"))


def value_of(pairs: Sequence[tuple[str, str]], name: str) -> str:
    """The first value of a parameter, "" if it is missing."""
    return next((value for given, value in pairs if given == name), "")


def unreferred(response: web.Response) -> web.Response:
    """An answer to an address that may hold an `id_token_hint`: what its page loads does not learn the address.

    Its page sends no form, which would need a referrer policy that names the origin.
    """
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _pairs_of(octets: bytes) -> list[tuple[str, str]]:
    """The parameters, in which octets that are no UTF-8 are replaced. Only a state keeps them, as lone surrogates."""
    if octets.count(b"&") >= _MOST_PARAMETERS:
        raise ProtocolError("invalid_request", f"There are more than {_MOST_PARAMETERS} parameters.")
    try:
        read = [[decoded(half) for half in pair.partition(b"=")] for pair in octets.replace(b"+", b" ").split(b"&")]
    except TooManyStray:
        raise ProtocolError("invalid_request", "Many percent signs encode nothing: write each as %25.") from None
    named = [(name.decode("utf-8", "replace"), value) for name, equals, value in read if name or equals]
    return [(name, value.decode("utf-8", "surrogateescape" if name == "state" else "replace")) for name, value in named]


async def posted_pairs(request: web.Request) -> list[tuple[str, str]]:
    """The parameters of a form, repeated ones too.

    Raises:
        ProtocolError: the body is not a form, or there are too many.
    """
    if request.content_type != FORM:
        raise ProtocolError("invalid_request", f"Send the parameters as {FORM}.")
    octets = await _body(request)
    # A form encodes such octets (WHATWG URL, "application/x-www-form-urlencoded"). Sent as they are, each grows
    # threefold in the address that leads back.
    try:
        octets.decode()
    except UnicodeDecodeError:
        raise ProtocolError("invalid_request", "The body is not UTF-8.") from None
    return _pairs_of(octets)


async def _body(request: web.Request) -> bytes:
    octets = await request.read()
    if len(octets) > _LONGEST:
        raise ProtocolError("invalid_request", f"The body is longer than {_LONGEST} octets.", 413)
    return octets


async def json_pairs(request: web.Request) -> list[tuple[str, str]]:
    """The parameters of a JSON object, for clients that may send one. Members that are not texts are ignored.

    Raises:
        ProtocolError: the body is another.
    """
    try:
        found = msgspec.json.decode(await _body(request), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ProtocolError("invalid_request", "The body is not a JSON object.") from None
    return [(name, value) for name, value in found.items() if isinstance(value, str)]


def answer_error(request: web.Request, error: ProtocolError) -> web.Response:
    """An error of the token or revocation endpoint (RFC 6749 section 5.2)."""
    document = {"error": error.error, **({"error_description": error.description} if error.description else {})}
    tried_basic = request.headers.get("Authorization", "").lower().startswith("basic")
    challenge = {"WWW-Authenticate": 'Basic realm="codesvc", charset="UTF-8"'} if tried_basic else {}
    return json_response(document, status=error.status, headers=challenge if error.status == UNAUTHORIZED else None)


def in_protocol(handler: _Handler) -> _Handler:
    """Answer errors of the protocol, and of the store, as relying parties expect them."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except ProtocolError as error:
            return answer_error(request, error)
        except (StoreUnavailable, RegistryBusy, UnreadableEntry):
            return answer_error(request, _UNAVAILABLE)

    return answer


def allow_any(request: web.Request) -> None:
    """Let scripts of every page read this answer, which holds nothing secret."""
    request[CROSS_ORIGIN] = {"Access-Control-Allow-Origin": "*"}


def let_public_clients_read(request: web.Request, site: SiteEntry) -> bool:
    """Let the pages of the site's public clients read this answer; an app in a browser has no other way."""
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    public = [client for client, _ in services(request).oidc.parties.clients(site) if client.public]
    # An app on the device has any port there, as in its redirect address.
    if not is_registered(origin, [origin_of(uri) for client in public for uri in client.redirect_uris], public=True):
        return False
    request[CROSS_ORIGIN] = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    return True


def readable_site(request: web.Request) -> SiteEntry:
    """The site whose issuer is called, as `issuing_site`. The pages of its public clients may read the answer."""
    site = issuing_site(request)
    let_public_clients_read(request, site)
    return site


def preflight(request: web.Request, site: SiteEntry) -> web.Response:
    """The answer to a CORS preflight of a public client's page.

    Raises:
        Problem: the page is of no public client.
    """
    if not let_public_clients_read(request, site):
        raise Problem("forbidden", "This origin does not belong to any of the site's public clients.")
    return _allowed()


def preflight_for_any(request: web.Request) -> web.Response:
    """The answer to a CORS preflight from any origin, for public documents without secrets."""
    allow_any(request)
    return _allowed()


def _allowed() -> web.Response:
    allowed = {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "Authorization, Content-Type",
        "Access-Control-Max-Age": "600",
    }
    return web.Response(status=204, headers=allowed)
