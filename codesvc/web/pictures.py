"""Pictures that the service draws: QR codes, and the icon of the browser's tab."""

from __future__ import annotations

import re
import struct
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.domain.logo import MOST_QR_BYTES, Logo, parse
from codesvc.runtime.qr_code import DARK, LIGHT, QUIET_ZONE, draw_modules
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.sites.directory import SiteEntry


@lru_cache(maxsize=64)
def _parsed(picture: str) -> Logo:
    """The picture in a data URL, at most 128 KB. It is kept: all pages of the account ask for the same one."""
    return parse(picture, MOST_QR_BYTES)


def follow_code(site: SiteEntry) -> web.Response:
    """The static QR code of an account without QR codes for pages, for following (KINDS.md section 5).

    The operator has given it (`accounts.*.qr_picture`).

    Raises:
        Problem: there is none; the keyword is all that is needed.
    """
    picture = site.account.config.qr_picture
    if picture is None:
        raise Problem("not-found", "This account has no QR code to show. Send it the keyword instead.")
    found = _parsed(picture)
    headers = {"Cache-Control": "private, max-age=300", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return web.Response(body=found.body, content_type=found.content_type, headers=headers)


DRAWN: Final = web.ResponseKey("drawn", str)
"""The text of a QR code's picture, kept at its response. The demo reads it to know which page shows which code."""
_TYPES: Final = {"svg": "image/svg+xml", "png": "image/png"}
_MODULE: Final = 10  # pixels of a module in a PNG
_BITS: Final = bytes.maketrans(DARK + LIGHT, b"01")
_DARK_RUNS: Final = re.compile(DARK + b"+")
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#07744f"/>'
    '<path d="m9 16.5 5 5 9.5-11" fill="none" stroke="#fff" stroke-width="3.4" stroke-linecap="round" '
    'stroke-linejoin="round"/></svg>'
)


@lru_cache(maxsize=256)
def _drawn(text: str, kind: str) -> bytes:
    """The bytes of a QR code. The latest ones are kept: 1 to 4 KB each."""
    matrix = draw_modules(text)
    return _svg(matrix) if kind == "svg" else _png(matrix)


def _svg(matrix: Sequence[bytes]) -> bytes:
    """An SVG of one path, in which each run of dark modules is a line."""
    runs = [
        f"M{run.start() + QUIET_ZONE} {line}.5h{run.end() - run.start()}"
        for line, row in enumerate(matrix, QUIET_ZONE)
        for run in _DARK_RUNS.finditer(row)
    ]
    side = len(matrix) + 2 * QUIET_ZONE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{side * 8}" height="{side * 8}" viewBox="0 0 {side} {side}">'
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path stroke="#000" d="{"".join(runs)}"/></svg>'
    ).encode()


def _png(matrix: Sequence[bytes]) -> bytes:
    """A PNG of one bit for each pixel (W3C PNG, third edition, sections 5 and 11): white where light, else black."""
    side = (len(matrix) + 2 * QUIET_ZONE) * _MODULE
    width = -(-side // 8)

    def line(row: bytes) -> bytes:
        bits = (LIGHT * QUIET_ZONE + row + LIGHT * QUIET_ZONE).translate(_BITS).decode()
        spread = "".join([bit * _MODULE for bit in bits])
        return (b"\0" + int(spread.ljust(width * 8, "0"), 2).to_bytes(width, "big")) * _MODULE

    edge = line(LIGHT * len(matrix)) * QUIET_ZONE
    rows = edge + b"".join([line(row) for row in matrix]) + edge
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join([_chunk(name, data) for name, data in parts])


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def draw_code(text: str, kind: str) -> web.Response:
    """A QR code as `svg` or `png`; dark on white, in light and in dark mode."""
    response = web.Response(
        body=_drawn(text, kind),
        content_type=_TYPES[kind],
        headers={
            "Cache-Control": "private, no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
        },
    )
    response[DRAWN] = text
    return response


def draw_icon() -> web.Response:
    """The icon."""
    headers = {"Cache-Control": "public, max-age=86400", "Content-Security-Policy": "default-src 'none'"}
    return web.Response(text=_ICON, content_type="image/svg+xml", headers=headers)
