"""Pictures that the service draws: QR codes, and the icon of the browser's tab."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Final

import segno
from aiohttp import web

_TYPES: Final = {"svg": "image/svg+xml", "png": "image/png"}
_QUIET_ZONE: Final = 4  # modules, as ISO/IEC 18004 requires
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#07744f"/>'
    '<path d="m9 16.5 5 5 9.5-11" fill="none" stroke="#fff" stroke-width="3.4" stroke-linecap="round" '
    'stroke-linejoin="round"/></svg>'
)


@lru_cache(maxsize=256)
def _drawn(text: str, kind: str) -> bytes:
    """The bytes of a QR code. Drawing takes 10 ms, so the latest ones are kept: 3 to 20 KB each."""
    code, drawing = segno.make(text, error="m", micro=False), BytesIO()
    if kind == "svg":
        code.save(drawing, kind="svg", xmldecl=False, scale=8, border=_QUIET_ZONE, light="#fff")
    else:
        code.save(drawing, kind="png", scale=10, border=_QUIET_ZONE)
    return drawing.getvalue()


def draw_code(text: str, kind: str) -> web.Response:
    """A QR code as `svg` or `png`; dark on white, in light and in dark mode."""
    return web.Response(
        body=_drawn(text, kind),
        content_type=_TYPES[kind],
        headers={
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        },
    )


def draw_icon() -> web.Response:
    """The icon."""
    headers = {"Cache-Control": "public, max-age=86400", "Content-Security-Policy": "default-src 'none'"}
    return web.Response(text=_ICON, content_type="image/svg+xml", headers=headers)
