"""The page of webhook deliveries: the events, the endpoint's answers, and sending again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.domain.audit import operator
from codesvc.domain.masking import without_query
from codesvc.domain.webhook import HookStatus
from codesvc.service.webhooks import is_webhook_id
from codesvc.web.admin.filters import choice_in
from codesvc.web.admin.layout import draw, for_operators, signed_in
from codesvc.web.browser import go_to
from codesvc.web.context import services
from codesvc.web.forms import form_of
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.webhooks import Hook

routes = web.RouteTableDef()
_MOST: Final = 50
_STATUSES: Final = tuple(status.value for status in HookStatus)


@routes.get("/admin/webhooks")
@for_operators
async def show(request: web.Request) -> web.Response:
    """Show the latest deliveries of the selected site, or of all sites."""
    here, choice = services(request), choice_in(request)
    status = request.query.get("status", "")
    status = status if status in _STATUSES else ""
    listening = [site for site in choice.sites if site.config.webhook is not None]
    hooks = [(site.name, hook) for site in listening for hook in await _newest(request, site, status)]
    variables = {
        "choice": choice,
        "status": status,
        "statuses": _STATUSES,
        "hooks": sorted(hooks, key=lambda pair: -pair[1].created)[:_MOST],
        "cut": _MOST if len(hooks) > _MOST else 0,
        "endpoints": [
            (site, without_query(site.config.webhook.url), await here.webhooks.endpoint(site))
            for site in listening
            if site.config.webhook is not None
        ],
        "done": request.query.get("done", ""),
    }
    return draw(request, "webhooks.html", variables, page="webhooks")


async def _newest(request: web.Request, site: SiteEntry, status: str) -> list[Hook]:
    """The newest events of a site, one more than are shown. One call looks at a part of them, so it may find none."""
    found: list[Hook] = []
    cursor: str | None = ""
    while cursor is not None and len(found) <= _MOST:
        page = await services(request).webhooks.find(site, status=status, limit=_MOST + 1, cursor=cursor)
        found += page.hooks
        cursor = page.cursor
    return found


async def _site(request: web.Request) -> SiteEntry:
    """The site that the form names.

    Raises:
        Problem: there is no such site.
    """
    fields = await form_of(request)
    site = services(request).directory.sites.get(str(fields.get("site", "")))
    if site is None:
        raise Problem("not-found", "There is no such site.")
    return site


@routes.post("/admin/webhooks/resend")
@for_operators
async def resend(request: web.Request) -> web.Response:
    """Send an event again, now."""
    here, site, fields = services(request), await _site(request), await form_of(request)
    event = str(fields.get("event", ""))
    actor = operator(signed_in(request).name)
    if not is_webhook_id(event) or (await here.webhooks.resend(site, event, actor=actor)).hook is None:
        raise Problem("not-found", "There is no such event, or no longer.")
    return go_to(request, "/admin/webhooks?done=resent")


@routes.post("/admin/webhooks/enable")
@for_operators
async def enable(request: web.Request) -> web.Response:
    """Enable an endpoint that was disabled."""
    here, site = services(request), await _site(request)
    await here.webhooks.enable(site, actor=operator(signed_in(request).name))
    return go_to(request, "/admin/webhooks?done=enabled")
