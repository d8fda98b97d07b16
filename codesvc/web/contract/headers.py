"""The response headers of the API: their descriptions, and which answers have them."""

from typing import Any, Final

HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-Id": {
        "description": "The id of this request in the log. You may send your own: 8 to 64 of A-Z a-z 0-9 _ . -, "
        "unless it looks like a code, a key or a token.",
        "schema": {"type": "string"},
        "example": "ba8ce95b629b5c12",
    },
    "Location": {
        "description": "The path of the new object or the next page on this host, including the path of `public_url`.",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/v1/verifications/vf_n7j7d6q6p5wliuuh343wacjntvzbbrmi",
    },
    "Retry-After": {
        "description": "How many seconds to wait before the next attempt.",
        "schema": {"type": "string", "pattern": "^[1-9][0-9]*$"},
        "example": "3600",
    },
    "RateLimit-Policy": {
        "description": "The limits of the call: `q` events in any `w` seconds (draft-ietf-httpapi-ratelimit-headers). "
        "A limit with several rates has one policy for each, named `limit/seconds`.",
        "schema": {"type": "string"},
        "example": '"site_starts";q=600;w=60, "address_starts";q=60;w=3600',
    },
    "RateLimit": {
        "description": "What remains of each limit: `r` more events. In `t` seconds the oldest counted event expires.",
        "schema": {"type": "string"},
        "example": '"site_starts";r=598;t=54, "address_starts";r=57;t=3412',
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "schema": {"type": "string"},
        "example": 'Bearer realm="codesvc"',
    },
}

OF_STATUS: Final[dict[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
"""The further headers of an answer by its status. Every answer has X-Request-Id."""

OF_LIMITED: Final = ("RateLimit-Policy", "RateLimit")
"""The further headers of a limited call, unless the configuration removes its limits."""

OF_PROBLEM: Final[dict[str, tuple[str, ...]]] = {
    "rate-limited": OF_LIMITED,
    "guess-budget": OF_LIMITED,
    "resend-too-soon": OF_LIMITED,
}
"""The further headers of a problem, by its name."""
