"""Pictures that the service draws: QR codes, and the icon of the browser's tab."""

from __future__ import annotations

import re
import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import segno
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Sequence

_TYPES: Final = {"svg": "image/svg+xml", "png": "image/png"}
_QUIET_ZONE: Final = 4  # modules, as ISO/IEC 18004 requires
_MODULE: Final = 10  # pixels of a module in a PNG
_MASK: Final = 3
_LIGHT: Final = b"\0"
_BITS: Final = bytes.maketrans(b"\0\1", b"10")
_DARK: Final = re.compile(rb"\x01+")
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#07744f"/>'
    '<path d="m9 16.5 5 5 9.5-11" fill="none" stroke="#fff" stroke-width="3.4" stroke-linecap="round" '
    'stroke-linejoin="round"/></svg>'
)


@lru_cache(maxsize=256)
def _drawn(text: str, kind: str) -> bytes:
    """The bytes of a QR code. The latest ones are kept: 1 to 4 KB each.

    One mask is given instead of trying all eight, which is five sixths of the work. ISO/IEC 18004 prefers the mask with
    the fewest large areas of one colour. A reader finds the mask's number in the code, and the tests read each picture.
    """
    matrix = segno.make(text, error="m", micro=False, mask=_MASK).matrix
    return _svg(matrix) if kind == "svg" else _png(matrix)


def _svg(matrix: Sequence[bytes | bytearray]) -> bytes:
    """An SVG of one path, in which each run of dark modules is a line. segno's own writers look at each pixel."""
    runs = [
        f"M{run.start() + _QUIET_ZONE} {line}.5h{run.end() - run.start()}"
        for line, row in enumerate(matrix, _QUIET_ZONE)
        for run in _DARK.finditer(row)
    ]
    side = len(matrix) + 2 * _QUIET_ZONE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side * 8}" height="{side * 8}" viewBox="0 0 {side} {side}">'
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path stroke="#000" d="{"".join(runs)}"/></svg>'
    ).encode()


def _png(matrix: Sequence[bytes | bytearray]) -> bytes:
    """A PNG of one bit for each pixel (W3C PNG, third edition, sections 5 and 11): white where light, else black."""
    side = (len(matrix) + 2 * _QUIET_ZONE) * _MODULE
    width = -(-side // 8)

    def line(row: bytes | bytearray) -> bytes:
        bits = (_LIGHT * _QUIET_ZONE + row + _LIGHT * _QUIET_ZONE).translate(_BITS).decode()
        spread = "".join([bit * _MODULE for bit in bits])
        return (b"\0" + int(spread.ljust(width * 8, "0"), 2).to_bytes(width, "big")) * _MODULE

    edge = line(_LIGHT * len(matrix)) * _QUIET_ZONE
    rows = edge + b"".join([line(row) for row in matrix]) + edge
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
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
