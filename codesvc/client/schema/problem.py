"""The types of errors (RFC 9457), and the further members of each kind."""

from __future__ import annotations

from typing import Annotated, Final

from codesvc.client.schema.answer import Answer, told


class ProblemDocument(Answer, frozen=True, kw_only=True):
    """What went wrong."""

    type: Annotated[str, told("leads to a page that explains this kind of problem; its last part is the name")]
    title: Annotated[str, told("what happened, the same for every problem of this type")]
    status: Annotated[int, told("the HTTP status")]
    detail: Annotated[str, told("what happened this time")]
    request_id: Annotated[str, told("as in X-Request-Id, and in the service's log", example="ba8ce95b629b5c12")]


class Fault(Answer, frozen=True, kw_only=True):
    """One thing that is wrong with a request."""

    pointer: Annotated[str, told("JSON pointer (RFC 6901) of the member", example="/colour")]
    detail: Annotated[str, told("what is wrong", example="Object contains unknown field `colour`")]


class InvalidProblem(ProblemDocument, frozen=True, kw_only=True):
    """Members are wrong."""

    errors: Annotated[list[Fault], told("each of them")]


class ForbiddenProblem(ProblemDocument, frozen=True, kw_only=True):
    """The key may not."""

    scope: Annotated[str | None, told("the scope that the key lacks", example="openids")] = None


class EndedProblem(ProblemDocument, frozen=True, kw_only=True):
    """A verification is over."""

    verification_status: Annotated[str | None, told("how it ended", example="expired")] = None


class IntentEndedProblem(ProblemDocument, frozen=True, kw_only=True):
    """A bind intent or login is over."""

    intent_status: Annotated[str | None, told("how it ended", example="declined")] = None


class WrongCodeProblem(ProblemDocument, frozen=True, kw_only=True):
    """A code was wrong."""

    attempts_left: Annotated[int, told("how often one may still try", example=4)]


class LimitedProblem(ProblemDocument, frozen=True, kw_only=True):
    """A limit was reached."""

    limit: Annotated[str, told("its name, as in the configuration", example="address_starts")]
    retry_after: Annotated[int, told("seconds to wait", example=3600)]


PROBLEM_SHAPES: Final[dict[str, type[ProblemDocument]]] = {
    "invalid": InvalidProblem,
    "forbidden": ForbiddenProblem,
    "verification-ended": EndedProblem,
    "intent-ended": IntentEndedProblem,
    "wrong-code": WrongCodeProblem,
    "resend-too-soon": LimitedProblem,
    "rate-limited": LimitedProblem,
    "guess-budget": LimitedProblem,
}
"""Kinds that have members of their own; all others are plain."""
