"""Addresses of a form that no caller needs are unknown before they are looked up.

Deep ones: aiohttp's router cuts an address from its end, segment by segment, and copies what is left each time. 8 kB of
slashes cost as much as a hundred refusals.

Ones that lead out of themselves: a proxy decodes an address and removes its dot segments (RFC 3986 section 5.2.4)
before it decides what may pass and which limit counts, but it hands on what was written. `/admin/people/..%2f..%2fx` is
`/x` to nginx and Caddy, and one segment below `/admin/people` to aiohttp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.web_urldispatcher import MatchInfoError

from codesvc.domain.percent_encoding import TooManyStray, decoded_text

if TYPE_CHECKING:
    from aiohttp.web_urldispatcher import UrlMappingMatchInfo

MOST_SEGMENTS: Final = 64
"""The longest route has eight; the path of `public_url` may stand before them."""
_DOTS: Final = frozenset({".", ".."})


def install(app: web.Application) -> None:
    """Let the application's router refuse such addresses, with the 404 of every unknown one."""
    resolve = app.router.resolve

    async def bounded(request: web.Request) -> UrlMappingMatchInfo:
        path = request.rel_url.raw_path
        if path.count("/") > MOST_SEGMENTS or leads_out(path):
            return MatchInfoError(web.HTTPNotFound())
        return await resolve(request)

    app.router.resolve = bounded  # type: ignore[method-assign]  # a router of one's own is deprecated


def leads_out(path: str) -> bool:
    """Whether an encoded path has dot segments once it is decoded, so that another server may read another path.

    A path with many percent signs that encode nothing counts as one: servers read those differently as well.
    """
    if "/." not in path and "%" not in path and "\\" not in path:
        return False
    try:
        return not _DOTS.isdisjoint(decoded_text(path).replace("\\", "/").split("/"))
    except TooManyStray:
        return True
