"""What a call can end with instead of an answer; one class for each problem type.

`ServiceError` is the root. `Unreachable` means that nobody knows whether the call was heard; `Refused` that it was
answered by a problem document, and its subclasses say by which. Nothing secret is in the text of any of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import msgspec

from codesvc.client.schema import PROBLEM_SHAPES, ProblemDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.client.schema import Fault


class ServiceError(Exception):
    """Root of everything that the client raises."""


class Unreachable(ServiceError):
    """No answer came, or half of one: the call may or may not have been heard."""


class BadAnswer(ServiceError):
    """An answer came that is not the service's: most likely another server's, or a proxy's.

    Attributes:
        status: its HTTP status.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"an answer with status {status} that is not the service's")
        self.status = status


class Refused(ServiceError):
    """The service answered by a problem document.

    Attributes:
        problem: the name of the problem type; what a class stands for, "" in classes that stand for several.
        document: all that it says.
        retry_after: seconds after which another try may work, None where the service did not say.
    """

    problem: ClassVar[str] = ""

    def __init__(self, document: ProblemDocument, retry_after: int | None = None) -> None:
        super().__init__(f"{document.status} {document.type.rpartition('/')[2]}: {document.detail}")
        self.document = document
        self.retry_after = retry_after


class Misused(Refused):
    """The request itself is wrong; the same one will fail again."""


class Malformed(Misused):
    """The request could not be read."""

    problem = "malformed"


class Invalid(Misused):
    """A value is missing, unknown or not allowed."""

    problem = "invalid"

    @property
    def errors(self) -> list[Fault]:
        """Each wrong member."""
        return list(getattr(self.document, "errors", []))


class SlowRequest(Misused):
    """The body did not arrive in time; nothing was done."""

    problem = "slow-request"


class TooLarge(Misused):
    """The request is too large."""

    problem = "too-large"


class MethodNotAllowed(Misused):
    """The address does not take that method: this client is of another version."""

    problem = "method-not-allowed"


class IdempotencyMismatch(Misused):
    """This Idempotency-Key was used for another request."""

    problem = "idempotency-mismatch"


class BadCallback(Misused):
    """A callback's body is not a WeChat message."""

    problem = "bad-callback"


class Forbidden(Refused):
    """The key or origin may not do that."""

    problem = "forbidden"

    @property
    def scope(self) -> str | None:
        """The scope that the key lacks."""
        return getattr(self.document, "scope", None)


class Unauthenticated(Refused):
    """The key is missing or not known."""

    problem = "unauthenticated"


class BadSignature(Refused):
    """A callback is not signed by WeChat."""

    problem = "bad-signature"


class NotFound(Refused):
    """There is nothing there."""

    problem = "not-found"


class BindingConflict(Refused):
    """The user or the WeChat is bound otherwise; nothing was changed."""

    problem = "binding-conflict"


class RegistryConflict(Refused):
    """What is there already stands in the way of setting something up; nothing was changed."""

    problem = "registry-conflict"


class Over(Refused):
    """What was meant is over or used up."""


class Ended(Over):
    """The verification is over."""

    problem = "verification-ended"

    @property
    def verification_status(self) -> str | None:
        """How it ended."""
        return getattr(self.document, "verification_status", None)


class IntentEnded(Over):
    """The bind intent or login is over."""

    problem = "intent-ended"

    @property
    def intent_status(self) -> str | None:
        """How it ended."""
        return getattr(self.document, "intent_status", None)


class ProofSpent(Over):
    """The proof has been used."""

    problem = "proof-spent"


class ProofExpired(Over):
    """The proof is too old."""

    problem = "proof-expired"


class TicketSpent(Over):
    """The ticket has been redeemed."""

    problem = "ticket-spent"


class TicketExpired(Over):
    """The ticket is over."""

    problem = "ticket-expired"


class Wrong(Refused):
    """What was shown does not prove what it should."""


class WrongCode(Wrong):
    """That is not the code."""

    problem = "wrong-code"

    @property
    def attempts_left(self) -> int:
        """How often one may still try."""
        return int(getattr(self.document, "attempts_left", 0))


class BadProof(Wrong):
    """That is not a proof of this site's. Do not let the person in."""

    problem = "bad-proof"


class BadTicket(Wrong):
    """That is not a ticket of this site's, or not of this session."""

    problem = "bad-ticket"


class Limited(Refused):
    """Too many, too fast; `retry_after` says how long to wait."""

    @property
    def limit(self) -> str:
        """The name of the limit."""
        return str(getattr(self.document, "limit", ""))


class RateLimited(Limited):
    """A limit was reached."""

    problem = "rate-limited"


class GuessBudget(Limited):
    """Too many wrong codes; this one was not looked at."""

    problem = "guess-budget"


class ResendTooSoon(Limited):
    """The code was sent a moment ago."""

    problem = "resend-too-soon"


class Failed(Refused):
    """The service could not do its work."""


class Internal(Failed):
    """A fault of the service."""

    problem = "internal"


class Unavailable(Failed):
    """The service cannot answer just now; the call may or may not have happened."""

    problem = "unavailable"


class WechatUnavailable(Failed):
    """WeChat gave no QR code just now."""

    problem = "wechat-unavailable"


def _kinds(of: type[Refused]) -> Iterator[tuple[str, type[Refused]]]:
    for kind in of.__subclasses__():
        if kind.problem:
            yield kind.problem, kind
        yield from _kinds(kind)


BY_PROBLEM = dict(_kinds(Refused))
"""The class of each problem type."""


def read_problem(status: int, body: bytes, retry_after: str | None) -> ServiceError:
    """The error that an answer with this status, body and `Retry-After` means."""
    try:
        plain = msgspec.json.decode(body, type=ProblemDocument)
        name = plain.type.rpartition("/")[2]
        document = msgspec.json.decode(body, type=PROBLEM_SHAPES.get(name, ProblemDocument))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return BadAnswer(status)
    wait = int(retry_after) if retry_after and retry_after.isdecimal() else None
    return BY_PROBLEM.get(name, Refused)(document, wait)
