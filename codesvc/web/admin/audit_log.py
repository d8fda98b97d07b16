"""The audit log as a page."""

from aiohttp import web

from codesvc.domain.audit import AuditAct
from codesvc.service.auditing import Place
from codesvc.web.admin.layout import draw, for_operators
from codesvc.web.context import services

routes = web.RouteTableDef()
_PAGE = 100


@routes.get("/admin/audit")
@for_operators
async def show(request: web.Request) -> web.Response:
    """Show the newest lines, of a site or of all; the parameters `before` and `skip` show older ones."""
    query, here = request.query, services(request)
    act, site = query.get("act", ""), query.get("site", "")
    place = Place(_number(query.get("before", "")), _number(query.get("skip", "")))
    log = here.auditing
    found = await log.search(place, most=_PAGE, site=site or None, act=act, reading=log.read_at_once)
    variables = {
        "lines": found.lines,
        "acts": [each.value for each in AuditAct],
        "act": act,
        "sites": sorted({*here.directory.sites, site} - {""}),
        "site": site,
        "older": found.next,
        "unread": found.unread,
    }
    return draw(request, "audit.html", variables, page="audit")


def _number(text: str) -> int:
    """A number in the address, 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0  # noqa: PLR2004  ms since 1970
