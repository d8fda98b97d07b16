"""Common response headers, prepared once."""

from __future__ import annotations

from typing import Final

from multidict import CIMultiDict

STANDING_HEADERS: Final = {
    "Server": "codesvc",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""The headers of every answer, unless the answer sets its own value."""


def prepared(content_type: str) -> CIMultiDict[str]:
    """The headers of answers of one content type that must not be cached; aiohttp copies them for each answer."""
    return CIMultiDict({**STANDING_HEADERS, "Cache-Control": "no-store", "Content-Type": content_type})
