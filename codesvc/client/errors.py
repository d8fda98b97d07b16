"""Errors of the client; each problem type (RFC 9457) has a class.

`ServiceError` is the root. `Unreachable` means that no answer came, so the call may have been executed. `Refused` means
that the service answered with a problem document. A subclass with `problem` stands for one problem type; the others
group several. Some types are for callbacks and page tokens, so no call of the client raises them. No text has a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from codesvc.client.schema import Fault, ProblemDocument


BY_PROBLEM: dict[str, type[Refused]] = {}
"""The class for each problem type, by the type's name."""


class ServiceError(Exception):
    """Root of all errors of the client."""


class Unreachable(ServiceError):
    """No answer came, or only a part of it: the call may or may not have been executed."""


class BadAnswer(ServiceError):
    """The answer is not in the service's format: most likely another server or a proxy sent it.

    Attributes:
        status: HTTP status.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"an answer with status {status} that is not the service's")
        self.status = status


class Refused(ServiceError):
    """The service answered with a problem document.

    Attributes:
        problem: name of the problem type; "" in classes that stand for several types.
        document: the whole problem document.
        retry_after: seconds to wait before the next attempt, None if the service did not say.
    """

    problem: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        if "problem" in vars(cls):
            BY_PROBLEM[cls.problem] = cls

    def __init__(self, document: ProblemDocument, retry_after: int | None = None) -> None:
        super().__init__(f"{document.status} {document.type.rpartition('/')[2]}: {document.detail}")
        self.document = document
        self.retry_after = retry_after


class Misused(Refused):
    """The request is wrong. The same request fails again, except for `SlowRequest`."""


class Malformed(Misused):
    """The request could not be read."""

    problem = "malformed"


class Invalid(Misused):
    """A value is missing, unknown or not allowed."""

    problem = "invalid"

    @property
    def errors(self) -> list[Fault]:
        """The wrong members, each with its pointer."""
        return list(getattr(self.document, "errors", []))


class SlowRequest(Misused):
    """The body did not arrive in time; nothing was done."""

    problem = "slow-request"


class TooLarge(Misused):
    """The request is too large."""

    problem = "too-large"


class Compressed(Misused):
    """The body is compressed, most likely by a proxy; nothing was done."""

    problem = "compressed"


class MethodNotAllowed(Misused):
    """The path does not accept that method: client and service are of different versions."""

    problem = "method-not-allowed"


class IdempotencyMismatch(Misused):
    """This Idempotency-Key was used for another request."""

    problem = "idempotency-mismatch"


class BadCallback(Misused):
    """A callback's body is not a WeChat message."""

    problem = "bad-callback"


class Forbidden(Refused):
    """The key or the origin lacks permission."""

    problem = "forbidden"

    @property
    def scope(self) -> str | None:
        """The scope that the key lacks."""
        return getattr(self.document, "scope", None)


class Unauthenticated(Refused):
    """The key is missing or unknown."""

    problem = "unauthenticated"


class BadSignature(Refused):
    """A callback is not signed by WeChat."""

    problem = "bad-signature"


class NotFound(Refused):
    """The object does not exist, or is no longer kept."""

    problem = "not-found"


class BindingConflict(Refused):
    """The user or the WeChat account already has another binding; nothing was changed."""

    problem = "binding-conflict"


class RegistryConflict(Refused):
    """The change contradicts an existing site, account or key; nothing was changed."""

    problem = "registry-conflict"


class Over(Refused):
    """The verification, intent, proof or ticket has ended, or was already used."""


class Ended(Over):
    """The verification has ended."""

    problem = "verification-ended"

    @property
    def verification_status(self) -> str | None:
        """The final status."""
        return getattr(self.document, "verification_status", None)


class IntentEnded(Over):
    """The bind intent or login has ended."""

    problem = "intent-ended"

    @property
    def intent_status(self) -> str | None:
        """The final status."""
        return getattr(self.document, "intent_status", None)


class ProofSpent(Over):
    """The proof has been used."""

    problem = "proof-spent"


class ProofExpired(Over):
    """The proof has expired."""

    problem = "proof-expired"


class TicketSpent(Over):
    """The ticket has been redeemed."""

    problem = "ticket-spent"


class TicketExpired(Over):
    """The ticket has expired."""

    problem = "ticket-expired"


class Wrong(Refused):
    """A code, proof or ticket is not valid."""


class WrongCode(Wrong):
    """The code is wrong."""

    problem = "wrong-code"

    @property
    def attempts_left(self) -> int:
        """How many more wrong codes are allowed."""
        return int(getattr(self.document, "attempts_left", 0))


class MalformedCode(Wrong):
    """The text cannot be a code by its form; it was not counted as a guess."""

    problem = "malformed-code"


class BadProof(Wrong):
    """The proof is not genuine, or belongs to another site. Do not let the person in."""

    problem = "bad-proof"


class BadTicket(Wrong):
    """The ticket is not genuine, or belongs to another site or session."""

    problem = "bad-ticket"


class Limited(Refused):
    """Too many calls; `retry_after` says how long to wait."""

    @property
    def limit(self) -> str:
        """The name of the limit; "" if the problem does not name it, as for `TooManyCalls`."""
        return str(getattr(self.document, "limit", ""))


class RateLimited(Limited):
    """A limit was reached."""

    problem = "rate-limited"


class GuessBudget(Limited):
    """Too many wrong codes; this code was not checked."""

    problem = "guess-budget"


class ResendTooSoon(Limited):
    """The code was sent too recently."""

    problem = "resend-too-soon"


class TooManyStreams(Limited):
    """The page token has too many open event streams; read the state instead."""

    problem = "too-many-streams"


class TooManyCalls(Limited):
    """Too many calls of the site are under way; nothing was done."""

    problem = "too-many-calls"


class Failed(Refused):
    """The service failed."""


class Internal(Failed):
    """An internal error of the service."""

    problem = "internal"


class Unavailable(Failed):
    """The service is unavailable; the call may or may not have been executed."""

    problem = "unavailable"


class WechatUnavailable(Failed):
    """WeChat did not provide a QR code."""

    problem = "wechat-unavailable"
