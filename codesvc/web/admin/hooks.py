"""Webhook deliveries: what each site was told, and how its endpoint answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from codesvc.store.webhooks import Hook
from codesvc.web.admin.frame import draw, for_operators
from codesvc.web.admin.view import choice_in
from codesvc.web.services import services

if TYPE_CHECKING:
    from codesvc.directory import SiteEntry
    from codesvc.store.store import Store

routes = web.RouteTableDef()
_MOST = 50
STATUSES = ("pending", "delivered", "failed")


async def latest(store: Store, site: SiteEntry, status: str) -> list[Hook]:
    """A site's latest events, newest first.

    Raises:
        StoreUnavailable: no answer.
    """
    keys = site.keys
    raw = await store.call(
        "list_webhooks",
        keys.partition,
        {"log": keys.webhook_log(site.name)},
        {
            "root": keys.root,
            "site": site.name,
            "after_at": "",
            "after": "",
            "status": status,
            "kind": "",
            "most": _MOST,
        },
    )
    return [Hook.parse(flat) for flat in raw[2]]


@routes.get("/admin/webhooks")
@for_operators
async def show(request: web.Request) -> web.Response:
    """The latest of the chosen site, or of all."""
    here, choice = services(request), choice_in(request)
    status = request.query.get("status", "")
    status = status if status in STATUSES else ""
    told = [
        (site.name, hook)
        for site in choice.sites
        if site.config.webhook is not None
        for hook in await latest(here.store, site, status)
    ]
    variables = {
        "choice": choice,
        "status": status,
        "statuses": STATUSES,
        "hooks": sorted(told, key=lambda pair: -pair[1].created)[:_MOST],
        "endpoints": [site for site in choice.sites if site.config.webhook is not None],
    }
    return draw(request, "webhooks.html", variables, page="webhooks")
