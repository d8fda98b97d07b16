"""Addresses of thousands of segments are unknown before they are looked up.

aiohttp's router cuts an address from its end, segment by segment, and copies what is left each time: 8 kB of slashes
cost as much as a hundred refusals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.web_urldispatcher import MatchInfoError

if TYPE_CHECKING:
    from aiohttp.web_urldispatcher import UrlMappingMatchInfo

MOST_SEGMENTS: Final = 64
"""The longest route has eight; the path of `public_url` may stand before them."""


def prepare(app: web.Application) -> None:
    """Let the application's router refuse deep addresses, with the 404 of every unknown one."""
    resolve = app.router.resolve

    async def bounded(request: web.Request) -> UrlMappingMatchInfo:
        if request.rel_url.raw_path.count("/") > MOST_SEGMENTS:
            return MatchInfoError(web.HTTPNotFound())
        return await resolve(request)

    app.router.resolve = bounded  # type: ignore[method-assign]  # a router of one's own is deprecated
