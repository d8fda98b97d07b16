"""What the requests of all hosted pages share: problems as pages, and bodies that hold nothing."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from aiohttp import web

from codesvc.domain.errors import Invalid, PlatformUnavailable, StoreUnavailable
from codesvc.sites.registry.tables import UnreadableEntry
from codesvc.web.api import inputs
from codesvc.web.api.inputs import EmptyInput
from codesvc.web.context import CROSS_ORIGIN
from codesvc.web.forms import FORM
from codesvc.web.origins import is_own
from codesvc.web.pages.verification_view import render_problem
from codesvc.web.problem import Problem, invalid, unavailable

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from codesvc.sites.directory import SiteEntry


def cross_origin(request: web.Request, site: SiteEntry) -> dict[str, str]:
    """The CORS headers for an allowed origin: the service's own, or one of the site's `origins`.

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


def allow_calls(request: web.Request, site: SiteEntry) -> web.Response:
    """The answer to a CORS preflight.

    Raises:
        Problem: the origin is not one of the site's.
    """
    allowed = {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "Content-Type",
        "Access-Control-Max-Age": "600",
    }
    return web.Response(status=204, headers=cross_origin(request, site) | allowed)


async def read_nothing(request: web.Request) -> bool:
    """Read the body of a request that needs none; whether a form was posted.

    Raises:
        Problem: it is malformed, or has members.
    """
    if request.content_type == FORM:
        await inputs.read_form(request, EmptyInput)
        return True
    await inputs.read(request, EmptyInput)
    return False


def for_people(handler: Handler) -> Handler:
    """Answer a problem with a page instead of a problem document, if a browser asked for a page."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        if "text/html" not in request.headers.get("Accept", ""):
            return await handler(request)
        try:
            return await handler(request)
        except Problem as problem:
            return render_problem(request, problem)
        except Invalid as error:
            return render_problem(request, invalid(error))
        except (StoreUnavailable, PlatformUnavailable, UnreadableEntry):
            return render_problem(request, unavailable())

    return answer
