"""The route of the sites' logos."""

from typing import Final

from aiohttp import web

from codesvc.web.asset import is_known
from codesvc.web.context import services
from codesvc.web.problem import Problem

routes = web.RouteTableDef()
_KEPT: Final = "public, max-age=31536000, immutable"


@routes.get("/logos/{site}/{tag}")
async def show(request: web.Request) -> web.Response:
    """The picture, or 304 if the browser has it."""
    site = services(request).directory.site(request.match_info["site"])
    logo = site.looks.logo if site else None
    if logo is None or logo.tag != request.match_info["tag"]:
        raise Problem("not-found", "There is no such logo.")
    headers = {
        "Cache-Control": _KEPT,
        "ETag": f'"{logo.tag}"',
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    if is_known(request, headers["ETag"]):
        return web.Response(status=304, headers=headers)
    return web.Response(body=logo.body, content_type=logo.content_type, headers=headers)
