"""Problem documents (RFC 9457): the only place where an error becomes an HTTP answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.domain.limits import names, policies
from codesvc.web.headers import uncached_headers
from codesvc.web.problem_types import PROBLEMS
from codesvc.web.short_response import ShortResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from codesvc.domain.errors import Invalid
    from codesvc.domain.limits import LimitReached
    from codesvc.domain.service_address import ServiceAddress


_PROBLEM: Final = uncached_headers("application/problem+json")


class Problem(Exception):
    """An error answer. Handlers raise it, and the middleware turns it into a response.

    Args:
        name: a key of `PROBLEMS`.
        detail: what happened in this case; never contains a secret.
        headers: further response headers.
        members: further members of the document.
    """

    def __init__(
        self, name: str, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(name)
        self.type = PROBLEMS[name]
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    def response(self, address: ServiceAddress, request_id: str) -> web.Response:
        """The document as `application/problem+json`."""
        document: dict[str, Any] = {
            "type": address.url(f"/problems/{self.type.name}"),
            "title": self.type.title,
            "status": self.type.status,
            "detail": self.detail or self.type.meaning,
            "request_id": request_id,
            **self.members,
        }
        response = ShortResponse(body=msgspec.json.encode(document), status=self.type.status, headers=_PROBLEM)
        response.headers.update(self.headers)
        return response


def invalid(error: Invalid) -> Problem:
    """The problem for one invalid member."""
    return Problem("invalid", str(error), errors=[{"pointer": error.pointer, "detail": str(error)}])


def limited(denial: LimitReached, name: str = "rate-limited") -> Problem:
    """A 429 that names the limit, with the headers of the IETF draft (draft-ietf-httpapi-ratelimit-headers)."""
    # The rate that refused is the one with the shortest period that can require so long a wait.
    fitting = [rate for rate in denial.rates if rate.seconds >= denial.retry_after] or list(denial.rates)
    tightest = denial.rates.index(min(fitting, key=lambda rate: rate.seconds))
    refusing = names(denial.limit, denial.rates)[tightest]
    return Problem(
        name,
        f"The limit {denial.limit} is reached; try again in {denial.retry_after} s.",
        headers={
            "Retry-After": str(denial.retry_after),
            "RateLimit-Policy": policies(denial.limit, denial.rates),
            "RateLimit": f'"{refusing}";r=0;t={denial.retry_after}',
        },
        limit=denial.limit,
        retry_after=denial.retry_after,
    )


def unavailable(name: str = "unavailable") -> Problem:
    """A 503 with `Retry-After`."""
    return Problem(name, headers={"Retry-After": "2"})
