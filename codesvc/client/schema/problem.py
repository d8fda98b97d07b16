"""The types of problem documents (RFC 9457): the common members, and those of single problem types."""

from typing import Annotated, Final

from codesvc.client.schema.answer import Answer, described


class ProblemDocument(Answer, frozen=True, kw_only=True):
    """A problem document: the answer to a call that failed."""

    type: Annotated[
        str, described("the address of the page that explains this problem type; its last part is the name of the type")
    ]
    title: Annotated[str, described("what happened, the same for every problem of this type")]
    status: Annotated[int, described("the HTTP status")]
    detail: Annotated[str, described("what is special about this occurrence")]
    request_id: Annotated[
        str, described("the id of the request, as in X-Request-Id and in the log", example="ba8ce95b629b5c12")
    ]


class Fault(Answer, frozen=True, kw_only=True):
    """One error in a request."""

    pointer: Annotated[str, described("JSON pointer (RFC 6901) of the member", example="/colour")]
    detail: Annotated[str, described("what is wrong", example="Object contains unknown field `colour`")]


class InvalidProblem(ProblemDocument, frozen=True, kw_only=True):
    """Members of the request are missing, unknown or not allowed."""

    errors: Annotated[list[Fault], described("every wrong member")]


class ForbiddenProblem(ProblemDocument, frozen=True, kw_only=True):
    """The key, or the origin of the page, has no permission for the call."""

    scope: Annotated[str | None, described("the scope that the key lacks", example="openids")] = None


class EndedProblem(ProblemDocument, frozen=True, kw_only=True):
    """The verification has ended."""

    verification_status: Annotated[str | None, described("how the verification ended", example="expired")] = None


class IntentEndedProblem(ProblemDocument, frozen=True, kw_only=True):
    """The bind intent or login has ended."""

    intent_status: Annotated[str | None, described("how the bind intent or login ended", example="declined")] = None


class WrongCodeProblem(ProblemDocument, frozen=True, kw_only=True):
    """The verification code is wrong."""

    attempts_left: Annotated[int, described("how many more wrong codes are allowed", example=4)]


class LimitedProblem(ProblemDocument, frozen=True, kw_only=True):
    """A limit was reached."""

    limit: Annotated[str, described("its name, as in the configuration", example="address_starts")]
    retry_after: Annotated[int, described("seconds to wait", example=3600)]


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
"""The document type of each problem type that has further members; every other one is a `ProblemDocument`."""
