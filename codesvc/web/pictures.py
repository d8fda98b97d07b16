"""Pictures that the service draws: QR codes, and the icon of the browser's tab."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from io import BytesIO
from typing import Final

import segno
from aiohttp import web

_TYPES: Final = {"svg": "image/svg+xml", "png": "image/png"}
_QUIET_ZONE: Final = 4  # modules, as ISO/IEC 18004 requires
_MODULE: Final = 10  # pixels of a module in a PNG
_MASK: Final = 3
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#07744f"/>'
    '<path d="m9 16.5 5 5 9.5-11" fill="none" stroke="#fff" stroke-width="3.4" stroke-linecap="round" '
    'stroke-linejoin="round"/></svg>'
)


@lru_cache(maxsize=256)
def _drawn(text: str, kind: str) -> bytes:
    """The bytes of a QR code. The latest ones are kept: 1 to 20 KB each.

    One mask is given instead of trying all eight, which is five sixths of the work. ISO/IEC 18004 prefers the mask with
    the fewest large areas of one colour. A reader finds the mask's number in the code, and the tests read each picture.
    """
    code = segno.make(text, error="m", micro=False, mask=_MASK)
    if kind == "svg":
        drawing = BytesIO()
        code.save(drawing, kind="svg", xmldecl=False, scale=8, border=_QUIET_ZONE, light="#fff")
        return drawing.getvalue()
    return _png([[not dark for dark in row] for row in code.matrix_iter(border=_QUIET_ZONE)])


def _png(light: list[list[bool]]) -> bytes:
    """A PNG of one bit for each pixel (W3C PNG, third edition, sections 5 and 11): white where light, else black.

    segno's own writer takes 2.5 ms, because it handles each pixel by itself; here it is each row of modules.
    """
    side = len(light) * _MODULE
    rows = []
    for row in light:
        bits = "".join(["1" * _MODULE if module else "0" * _MODULE for module in row])
        line = int(bits.ljust(-(-side // 8) * 8, "0"), 2).to_bytes(-(-side // 8), "big")
        rows.append((b"\0" + line) * _MODULE)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join([_chunk(name, data) for name, data in parts])


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


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
