"""Headers of answers, by name."""

from __future__ import annotations

from typing import Any, Final

HEADERS: Final[dict[str, dict[str, Any]]] = {
    "X-Request-Id": {
        "description": "Names this request in the service's log. Send one of your own (8 to 64 of A-Z a-z 0-9 _ . -) "
        "and it is kept.",
        "schema": {"type": "string"},
        "example": "ba8ce95b629b5c12",
    },
    "Location": {
        "description": "The address of what was made.",
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/v1/verifications/vf_n7j7d6q6p5wliuuh343wacjntvzbbrmi",
    },
    "Retry-After": {
        "description": "Seconds after which another try may work.",
        "schema": {"type": "string", "pattern": "^[1-9][0-9]*$"},
        "example": "3600",
    },
    "RateLimit-Policy": {
        "description": "The rates of the limit: `q` events in any `w` seconds (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string"},
        "example": '"address_starts";q=60;w=3600',
    },
    "RateLimit": {
        "description": "What is left of it: `r` more, in the next `t` seconds.",
        "schema": {"type": "string"},
        "example": '"address_starts";r=0;t=3600',
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
"""What answers of a status carry besides X-Request-Id."""

OF_PROBLEM: Final[dict[str, tuple[str, ...]]] = {
    "rate-limited": ("RateLimit-Policy", "RateLimit"),
    "guess-budget": ("RateLimit-Policy", "RateLimit"),
    "resend-too-soon": ("RateLimit-Policy", "RateLimit"),
}
"""What a problem carries besides."""
