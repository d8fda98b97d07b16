"""Authentication of callers by API key and scope, and the client address of a browser."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from codesvc.domain.errors import Invalid
from codesvc.domain.limits import parse_address
from codesvc.web.context import SITE, services
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from aiohttp import web

    from codesvc.config.settings import Scope
    from codesvc.sites.directory import Caller

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="codesvc"'}


def bearer(request: web.Request) -> str:
    """The bearer key of a request, "" if there is none."""
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def authenticate(request: web.Request, scope: Scope) -> Caller:
    """The caller to whom the request's key belongs.

    Raises:
        Problem: the key is missing or unknown, or has not this scope.
    """
    here = services(request)
    caller = here.directory.caller(bearer(request))
    if caller is None:
        raise Problem("unauthenticated", headers=CHALLENGE)
    request[SITE] = caller.site.name
    here.uses.note(caller.key)
    if scope not in caller.key.scopes:
        raise Problem("forbidden", f"This key lacks the scope {scope}.", scope=scope)
    return caller


def browser_address(request: web.Request) -> IPv4Address | IPv6Address | None:
    """The address of the client that sent this request.

    `X-Forwarded-For` is read from the right, as long as the hops are trusted proxies. An entry further left may be
    forged by the client.
    """
    trusted = services(request).settings.service.trusted_proxies
    hops = [request.remote or ""]
    hops += [hop.strip() for line in request.headers.getall("X-Forwarded-For", []) for hop in line.split(",")][::-1]
    address = None
    for hop in hops:
        try:
            parse_address(hop)
        except Invalid:
            break
        address = parse_address(hop)
        if not any(ip_address(address) in network for network in trusted):
            break
    return address
