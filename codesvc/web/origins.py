"""Where a browser's request comes from: a page of the service itself (by scheme, host and port: RFC 6454) or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from codesvc.config.addresses import loopback
from codesvc.domain.service_address import DEFAULT_PORTS
from codesvc.web.authentication import is_from_trusted_proxy
from codesvc.web.context import services
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from aiohttp import web

_SAME: Final = frozenset({"same-origin", "none"})
_Origin = tuple[str, str, int]


def _parsed(text: str) -> _Origin | None:
    """Scheme, host and port; None for `null` and for anything that is not an origin of the web."""
    try:
        parts = urlsplit(text)
        port = parts.port or DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None


def _scheme(request: web.Request) -> str:
    """The scheme that the browser used, as a trusted proxy says; that of the connection without one."""
    said = request.headers.get("X-Forwarded-Proto", "")
    return said if said in DEFAULT_PORTS and is_from_trusted_proxy(request) else request.scheme


def is_own(request: web.Request, origin: str) -> bool:
    """Whether an `Origin` is the service's own: that of `service.public_url`, or of the address that was called.

    Under the public host only the public origin is the service's own. A page under `http://`
    of that host is not: an attacker on the network path could have served it.
    """
    public, called = services(request).settings.service.public_url, f"{_scheme(request)}://{request.host}"
    found, ours, here = _parsed(origin), _parsed(public), _parsed(called)
    if found is None or ours is None:
        return False
    return found == ours or (found == here and found[1] != ours[1]) or (found == here and ours[0] == "http")


def require_own_page(request: web.Request) -> None:
    """Refuse a request that a page of another origin sent; one without an origin is accepted.

    Raises:
        Problem: another page sent it.
    """
    origin = request.headers.get("Origin")
    if request.headers.get("Sec-Fetch-Site", "none") not in _SAME or (
        origin is not None and not is_own(request, origin)
    ):
        raise Problem("forbidden", "This form was not sent from the service's own page.")


def is_opened(request: web.Request) -> bool:
    """Whether a person opens the address as a page of its own, and no other page loads it as a picture or a frame.

    By the Fetch Metadata of the request. Without them it counts as opened: WeChat's browser sends none.
    """
    mode, place = request.headers.get("Sec-Fetch-Mode", "navigate"), request.headers.get("Sec-Fetch-Dest", "document")
    return mode == "navigate" and place == "document"


def require_no_prefetch(request: web.Request) -> None:
    """Refuse a request that another page lets the browser make ahead. If the person does go there, it is made again.

    Raises:
        Problem: it is one (`Sec-Purpose`).
    """
    if "prefetch" in request.headers.get("Sec-Purpose", ""):
        raise Problem("forbidden", "A prefetched page cannot start anything.")


def require_no_other_page(request: web.Request) -> None:
    """Refuse what a page of another origin could make a browser send, for a call that needs no key.

    Besides the origin, the media type counts: a browser asks before it sends JSON to another origin, and gets no
    permission. This also stops DNS rebinding.

    Raises:
        Problem: another page sent it, or may have sent it.
    """
    require_own_page(request)
    origin = request.headers.get("Origin")
    public = services(request).settings.service.public_url
    if origin is not None and _parsed(origin) != _parsed(public) and not loopback(origin):
        raise Problem("forbidden", "This call is not allowed from pages on other origins.")
    if request.content_type != "application/json":
        raise Problem("malformed", "Send it as Content-Type: application/json, which other pages cannot do.")
