"""The audit log as a page."""

from __future__ import annotations

from aiohttp import web

from codesvc.domain.audit import Act
from codesvc.web.admin.layout import draw, for_operators
from codesvc.web.context import services

routes = web.RouteTableDef()
_PAGE = 100


@routes.get("/admin/audit")
@for_operators
async def show(request: web.Request) -> web.Response:
    """Show the newest lines, of a site or of all; the parameter `before` shows older ones."""
    text = request.query.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0  # noqa: PLR2004  ms since 1970
    act, site, here = request.query.get("act", ""), request.query.get("site", ""), services(request)
    lines = await here.auditing.latest(before=before, site=site or None)
    wanted = [line for line in lines if act in {"", line.act}]
    variables = {
        "lines": wanted[:_PAGE],
        "acts": [each.value for each in Act],
        "act": act,
        "sites": sorted({*here.directory.sites, site} - {""}),
        "site": site,
        "older": wanted[_PAGE - 1].at if len(wanted) > _PAGE else "",
    }
    return draw(request, "audit.html", variables, page="audit")
