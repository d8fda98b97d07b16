"""Headers that answers have in common, prepared once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from multidict import CIMultiDict

if TYPE_CHECKING:
    from collections.abc import Mapping

STANDING_HEADERS: Final = {
    "Server": "codesvc",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""Every answer has these, unless it says otherwise itself."""


def prepared(content_type: str) -> CIMultiDict[str]:
    """The headers of answers of one kind that nobody may keep; copy them for each answer."""
    return CIMultiDict({**STANDING_HEADERS, "Cache-Control": "no-store", "Content-Type": content_type})


def with_more(common: CIMultiDict[str], more: Mapping[str, str] | None) -> CIMultiDict[str]:
    """A copy of prepared headers for one answer, and what it says besides."""
    headers = common.copy()
    if more:
        headers.update(more)
    return headers
