"""The `traceparent` header: the trace that a request belongs to (W3C Trace Context, section 3.2)."""

import re
from typing import Final

_HEADER: Final = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?")
_VERSION: Final = "00"


def trace_of(header: str | None) -> str | None:
    """The trace id; None without a header, or for an invalid one, which W3C says to ignore."""
    found = _HEADER.fullmatch(header) if header else None
    if header is None or found is None or (found["more"] and header.startswith(_VERSION)):
        return None
    trace, span = found[1], found[2]
    return trace if trace.strip("0") and span.strip("0") else None
