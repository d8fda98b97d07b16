"""Headers that answers have in common, prepared once."""

from __future__ import annotations

from typing import Final

from multidict import CIMultiDict

STANDING_HEADERS: Final = {
    "Server": "codesvc",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""Every answer has these, unless it says otherwise itself."""


def prepared(content_type: str) -> CIMultiDict[str]:
    """The headers of answers of one kind that nobody may keep; aiohttp copies them for each."""
    return CIMultiDict({**STANDING_HEADERS, "Cache-Control": "no-store", "Content-Type": content_type})
