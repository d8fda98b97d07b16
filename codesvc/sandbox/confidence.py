"""The catalogue of the sandbox's calls: what each answers, and how sure the sources are of it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from codesvc.sandbox.api.call import Endpoint
from codesvc.sandbox.errcodes import ERRMSG
from codesvc.sandbox.escapes import escapes_of
from codesvc.sandbox.rights import KINDS, MARKS, AccountKind, Confidence, grant

EVERY_CALL: Final = "-1H 40033? 43001H 43002H 43003H 44002H 45009H 45011H 47001H 48004H"
WITH_ACCESS: Final = "40001H 40014H 41001H 42001H"


def errcodes(marked: str) -> dict[int, Confidence]:
    """The errcodes of a row, as in `40003H 45047?`, with their confidence."""
    return {int(word[:-1]): MARKS[word[-1]] for word in marked.split()}


def describe_catalogue(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """Every call, and the errcodes that are those of every call."""
    return {
        "every_call": _errcodes(EVERY_CALL),
        "with_token": _errcodes(WITH_ACCESS),
        "calls": [_describe_endpoint(endpoint) for endpoint in endpoints],
    }


def _describe_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    escapes = escapes_of(endpoint.path, refuse=None)
    return {
        "path": endpoint.path,
        "method": endpoint.method,
        "token": endpoint.token,
        "right": endpoint.right,
        "kinds": {kind: _grant(kind, endpoint) for kind in KINDS},
        "escapes": {"treatment": escapes.treatment, "confidence": escapes.confidence},
        "errcodes": _errcodes(endpoint.errors),
    }


def _grant(kind: AccountKind, endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.right is None:
        return {"allowed": True, "confidence": "high"}
    return asdict(grant(kind, endpoint.right))


def _errcodes(marked: str) -> list[dict[str, Any]]:
    return [
        {"errcode": number, "errmsg": ERRMSG.get(number, ""), "confidence": confidence}
        for number, confidence in errcodes(marked).items()
    ]
