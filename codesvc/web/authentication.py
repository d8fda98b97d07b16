"""Authentication of callers by API key and scope, and the client address of a browser."""

from __future__ import annotations

import socket
import sys
from hmac import compare_digest
from struct import Struct
from typing import TYPE_CHECKING, Final, NoReturn

import structlog

from codesvc.config.api_keys import hash_line, sites_named_by
from codesvc.domain.forwarding import UnreadableHop, address_of_node, hops
from codesvc.runtime import metrics, repeated_lines
from codesvc.web.context import CALLER, services
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from aiohttp import web

    from codesvc.config.settings import AdminKey, ApiKey, Scope
    from codesvc.sites.directory import Caller
    from codesvc.web.context import Services

_log = structlog.get_logger(__name__)

_FORWARDED: Final = "/v1/wechat/events"
_CREDENTIALS: Final = Struct("=iII")
"""Process, user and group at the other end of a unix socket: `struct ucred` of Linux (unix(7))."""
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="codesvc"'}


def bearer(request: web.Request) -> str:
    """The bearer key of a request, "" if there is none."""
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def find_caller(request: web.Request, here: Services) -> Caller | None:
    """The caller whose key a request carries, whatever its route; None if it carries no known one.

    It is kept for `authenticate`, so that a key is hashed and looked up once.
    """
    given = request.headers.get("Authorization")
    if given is None:
        return None
    kind, _, key = given.partition(" ")
    if kind.lower() != "bearer":
        # Panels of wechat-server's protocol send the key alone. No call by `authenticate` takes it so.
        return here.directory.caller(given.strip())
    caller = request[CALLER] = here.directory.caller(key.strip())
    return caller


def require_known_key(request: web.Request, route: str) -> None:
    """Refuse a request without a known key before its body is read. The handler checks the key's scope later.

    The key of a forwarded push belongs to the account that the body names, so here it only has to be there.

    Raises:
        Problem: the route needs a key, and there is none or an unknown one.
    """
    if "/v1/" not in route:
        return
    if route.endswith(_FORWARDED):
        known = bool(bearer(request))
    elif "/admin/v1/" in route:
        known = admin_key(request) is not None
    else:
        known = request.get(CALLER) is not None
    if not known:
        raise _unauthenticated(request)


def authenticate(request: web.Request, scope: Scope) -> Caller:
    """The caller to whom the request's key belongs.

    Raises:
        Problem: the key is missing or unknown, or has not this scope.
    """
    here = services(request)
    caller: Caller | None = request.get(CALLER)
    if caller is None:
        raise _unauthenticated(request)
    here.key_uses.note(caller)
    require_scope(caller.key, scope)
    return caller


def _unauthenticated(request: web.Request) -> Problem:
    """The answer to a missing or an unknown key; one that names a site is counted for it."""
    count_refused_key(services(request), bearer(request))
    return Problem("unauthenticated", headers=CHALLENGE)


def count_refused_key(here: Services, key: str) -> None:
    """Count an unknown key for the site that it names, so that operators see a site whose key was removed."""
    site = next((name for name in sites_named_by(key) if here.directory.account_of(name)[0]), None)
    if site is not None:
        here.recorder.key_refused(site)


def require_scope(key: ApiKey | AdminKey, scope: str) -> None:
    """Refuse a key that lacks a scope."""
    if scope not in key.scopes:
        raise Problem("forbidden", f"This key lacks the scope {scope}.", scope=scope)


def by_operators_listener(request: web.Request) -> bool:
    """Whether the request came in by `admin.listen`, which strangers do not reach, and for a name of this machine.

    A stranger's page reaches it from an operator's browser, if the page's name leads to this machine (DNS rebinding).
    The browser takes the two for one origin, so only `Host` tells them apart.
    """
    listener, transport = services(request).settings.admin.listener, request.transport
    if listener is None or transport is None or not listener.is_name(transport.get_extra_info("sockname")):
        return False
    return listener.may_be_called(request.host, services(request).address.host)


def user_of_machine(request: web.Request) -> str:
    """The user id (uid) of the process that connected to a unix socket; "" for TCP, or if the system does not say."""
    connected = request.transport.get_extra_info("socket") if request.transport else None
    if connected is None or connected.family != socket.AF_UNIX or sys.platform != "linux":
        return ""
    return str(_CREDENTIALS.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[1])


def admin_key(request: web.Request) -> AdminKey | None:
    """The key of the admin API that the request carries; None if it carries none."""
    line = hash_line(bearer(request))
    return next((key for key in services(request).settings.admin.keys if compare_digest(key.hash, line)), None)


def require_operator(request: web.Request) -> None:
    """Refuse callers who are not operators: metrics change with single users' acts (DESIGN rule 7).

    An operator comes by `admin.listen`, or has an admin key of scope read, or a site's key of scope admin where that
    site is the only one: the numbers are of all sites, and sites are strangers to one another. That a request comes
    from this machine says nothing: a proxy runs there too.

    Raises:
        Problem: the caller is none of these.
    """
    if by_operators_listener(request):
        return
    key = admin_key(request)
    if key is None:
        authenticate(request, "admin")
        if len(services(request).directory.sites) > 1:
            raise Problem(
                "forbidden", "These numbers are of several sites. Use an admin key of scope read.", scope="read"
            )
    else:
        require_scope(key, "read")


def is_from_trusted_proxy(request: web.Request) -> bool:
    """Whether the connection was made by one of `service.trusted_proxies`."""
    try:
        address = address_of_node(request.remote or "")
    except UnreadableHop:
        return False
    return any(address in network for network in services(request).settings.service.trusted_proxies)


def browser_address(request: web.Request) -> IPv4Address | IPv6Address | None:
    """The address of the client that sent this request; None where a trusted proxy does not say it readably.

    The header of `service.forwarded_header` is read from the right, as long as the hops are trusted proxies. An entry
    further left may be forged by the client. None counts under no address: were it the proxy's, such visitors would
    use up each other's limits.
    """
    here = services(request)
    trusted = here.settings.service.trusted_proxies
    try:
        address = address_of_node(request.remote or "")
    except UnreadableHop:
        return None
    if not any(address in network for network in trusted):
        return address
    header = here.settings.service.forwarded_header
    for hop in hops(header, request.headers.getall(header, [])):
        try:
            address = address_of_node(hop) if hop is not None else _nobody()
        except UnreadableHop as unreadable:
            metrics.FORWARDED_UNREADABLE.labels(unreadable.reason).inc()
            repeated_lines.note(_log_unreadable, unreadable.reason, reason=unreadable.reason)
            here.readiness.proxies.note(readable=False)
            return None
        if not any(address in network for network in trusted):
            break
    here.readiness.proxies.note(readable=True)
    return address


def _nobody() -> NoReturn:
    raise UnreadableHop("no-address")


def _log_unreadable(*, reason: str, count: int) -> None:
    _log.warning("forwarded_unreadable", reason=reason, count=count)
