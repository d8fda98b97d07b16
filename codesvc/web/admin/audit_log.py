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
    """Show the newest lines; the parameter `before` shows older ones."""
    text = request.query.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0  # noqa: PLR2004  ms since 1970
    act = request.query.get("act", "")
    lines = await services(request).auditing.latest(before=before)
    wanted = [line for line in lines if act in {"", line.act}]
    variables = {
        "lines": wanted[:_PAGE],
        "acts": [each.value for each in Act],
        "act": act,
        "older": wanted[_PAGE - 1].at if len(wanted) > _PAGE else "",
    }
    return draw(request, "audit.html", variables, page="audit")
