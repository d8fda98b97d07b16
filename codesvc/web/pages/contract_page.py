"""The published contract: `/openapi.json` for programs, `/docs` for people.

Both are the same for every caller, so each is made once, at the first request. The page has no script. Its style is
allowed by a hash. A nonce would protect no better, and each answer would have to be made anew.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.web.asset import Asset

if TYPE_CHECKING:
    from codesvc.messages.templates import Templates

_KEPT: Final = "public, max-age=300"
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class Reference:
    """The document and its page.

    Args:
        public_url: the service's own address.
        templates: renders the page.
    """

    def __init__(self, public_url: str, templates: Templates) -> None:
        self._public_url = public_url
        self._templates = templates

    @cached_property
    def _document(self) -> dict[str, Any]:
        # Imported on first use: few requests need it, and it is 2.5 % of what a start imports.
        from codesvc.web.contract import describe  # noqa: PLC0415

        return describe(self._public_url)

    @cached_property
    def json(self) -> Asset:
        """The document as JSON; pages of other origins may read it, since nothing in it is secret."""
        headers = {"Cache-Control": _KEPT, "Access-Control-Allow-Origin": "*"}
        return Asset(msgspec.json.encode(self._document), "application/json", headers)

    @cached_property
    def page(self) -> Asset:
        """The page."""
        html = self._templates.page("reference", {"contract": self._document, "pretty": _pretty})
        style = _STYLE.search(html)
        digest = b64encode(sha256(style[1].encode() if style else b"").digest()).decode()
        policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self'; "
        policy += "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        return Asset(html.encode(), "text/html", {"Cache-Control": _KEPT, "Content-Security-Policy": policy})


def _pretty(value: Any) -> str:
    """An example for the page: a text unchanged, any other value as indented JSON."""
    return value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
