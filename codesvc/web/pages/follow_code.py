"""The QR code of an account without QR codes for pages: its own static one, for following (KINDS.md section 5)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from aiohttp import web

from codesvc.domain.logo import MOST_QR_BYTES, Logo, parse
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from codesvc.sites.directory import SiteEntry


@lru_cache(maxsize=64)
def _parsed(picture: str) -> Logo:
    """The picture in a data URL, at most 128 KB. Each new page asks for it, and it is the same for all."""
    return parse(picture, MOST_QR_BYTES)


def follow_code(site: SiteEntry) -> web.Response:
    """The picture that the operator has given (`accounts.*.qr_picture`).

    Raises:
        Problem: there is none; the keyword is all that is needed.
    """
    picture = site.account.config.qr_picture
    if picture is None:
        raise Problem("not-found", "This account has no QR code to show here: send it the keyword.")
    found = _parsed(picture)
    headers = {"Cache-Control": "private, max-age=300", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return web.Response(body=found.body, content_type=found.content_type, headers=headers)
