"""CORS: the origins whose scripts may use a page token are the service's own and the site's `origins`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codesvc.web.context import CROSS_ORIGIN
from codesvc.web.origins import is_own
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from aiohttp import web

    from codesvc.sites.directory import SiteEntry


def cross_origin(request: web.Request, site: SiteEntry) -> dict[str, str]:
    """The CORS headers for an allowed origin.

    Raises:
        Problem: the request has an origin that is not allowed.
    """
    origin = request.headers.get("Origin")
    if origin is None or is_own(request, origin):
        return {}
    if origin not in site.config.origins:
        raise Problem("forbidden", "This origin is not one of the site's.")
    headers = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "Retry-After, X-Request-Id",
        "Vary": "Origin",
    }
    request[CROSS_ORIGIN] = headers
    return headers
