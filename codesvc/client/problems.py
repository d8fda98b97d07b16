"""Turns a problem document (RFC 9457) into the client's error."""

from __future__ import annotations

import msgspec

from codesvc.client.errors import BY_PROBLEM, BadAnswer, Refused, ServiceError
from codesvc.client.schema import PROBLEM_SHAPES, ProblemDocument


def read_problem(status: int, body: bytes, retry_after: str | None) -> ServiceError:
    """The error for an answer with this status, body and `Retry-After` header."""
    try:
        plain = msgspec.json.decode(body, type=ProblemDocument)
        name = plain.type.rpartition("/")[2]
        document = msgspec.json.decode(body, type=PROBLEM_SHAPES.get(name, ProblemDocument))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return BadAnswer(status)
    wait = int(retry_after) if retry_after and retry_after.isdecimal() else None
    return BY_PROBLEM.get(name, Refused)(document, wait)
