"""Which language a browser wants: Chinese first, English second."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web


def spoken_by(request: web.Request) -> str:
    """`zh` or `en` by `Accept-Language` (RFC 9110 section 12.5.4); `zh` where neither is asked for."""
    best, best_quality = "zh", 0.0
    for part in request.headers.get("Accept-Language", "")[:512].split(","):
        tag, _, parameters = part.partition(";")
        language = tag.strip().lower()[:2]
        try:
            quality = float(parameters.strip().removeprefix("q=") or 1)
        except ValueError:
            quality = 0.0
        if language in {"zh", "en"} and quality > best_quality:
            best, best_quality = language, quality
    return best
