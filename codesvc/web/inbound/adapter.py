"""What an adapter is: it authenticates a raw request, reads it, and answers in its system's own terms.

An adapter knows one system's form and nothing of sites, stores or delivery; `codesvc.web.inbound.routes` does the rest.
Facts about the systems are cited as "HOOKS" and a section: the page of facts that the adapters were written from.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.domain.clock import rfc3339
from codesvc.domain.message import SAME_CALL_MS
from codesvc.web.headers import uncached_headers
from codesvc.web.short_response import ShortResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aiohttp import web

    from codesvc.config.relay_settings import Inbound

_JSON: Final = uncached_headers("application/json")
_TEXT: Final = uncached_headers("text/plain; charset=utf-8")


class Unreadable(Exception):
    """The request is authentic, and not of a form that the adapter knows. The text names no value."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came. Its repr shows none of it, because it holds a code.

    Attributes:
        body: raw bytes, as signatures cover them.
        headers: the headers by name, without regard to case.
        now: this process's own clock, seconds since 1970; timestamps of signatures are compared with it.
    """

    body: bytes
    headers: Mapping[str, str]
    query: Mapping[str, str]
    now: float

    def __repr__(self) -> str:
        return "Call()"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the system describes it. Its repr shows neither code nor recipient.

    Attributes:
        recipient: phone number or e-mail address. A phone number without a country code is read in the source's region.
        code: "" if the system sends a text alone, or if no code was found in it.
        text: the ready text, "" for ours.
        subject: the subject of an e-mail, "" for ours.
        word: the system's own word for the purpose, "" for none.
        language: a language tag, or an `Accept-Language`; "" if the system says none.
        expires_in: how long the code is valid, seconds; 0 if the system does not say.
        address: the IP address of the person, "" if the system does not say.
        user: the system's own user id, "" if it says none.
        known_recipient: whether the system says that it has verified the recipient as this user's before. All else may
            prove the recipient, and then the WeChat account of the user proves nothing of it.
        claims_recipient: whether a person gives the recipient as theirs for the first time, as the system says; so at a
            sign-up. The number may have another holder than before.
        id: identifies this call and its repeats; "" if the system has no such id.
    """

    recipient: str
    code: str = ""
    text: str = ""
    subject: str = ""
    word: str = ""
    language: str = ""
    expires_in: float = 0
    address: str = ""
    user: str = ""
    known_recipient: bool = False
    claims_recipient: bool = False
    id: str = ""

    def __repr__(self) -> str:
        return "Reading()"


class Reason(StrEnum):
    """Why a message was not taken."""

    MALFORMED = "malformed"
    """The form is unknown, or a field is missing."""
    INVALID = "invalid"
    """A value is not allowed."""
    RECIPIENT = "recipient"
    """The recipient is not a phone number, or not an e-mail address."""
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"


STATUSES: Final[dict[Reason, int]] = {
    Reason.MALFORMED: 400,
    Reason.INVALID: 400,
    Reason.RECIPIENT: 400,
    Reason.LIMITED: 429,
    Reason.UNAVAILABLE: 503,
}


class Refusal(msgspec.Struct, frozen=True):
    """A refusal of an authentic request.

    Attributes:
        sentence: for the person who waits for the code, in the language of the request.
        detail: for the operator of the system, in English; names no value of the request.
        retry_after: seconds; 0 if waiting does not help.
    """

    reason: Reason
    sentence: str
    detail: str
    retry_after: int = 0

    @property
    def status(self) -> int:
        """The HTTP status, where the system reads it."""
        return STATUSES[self.reason]

    @property
    def headers(self) -> dict[str, str]:
        """`Retry-After`, where waiting helps."""
        return {"Retry-After": str(self.retry_after)} if self.retry_after else {}


class Taken(msgspec.Struct, frozen=True):
    """A call that was taken. A repeat of the call has the same values.

    Attributes:
        id: the id of the first message; "" if there was nothing to send.
        created: when it was taken, milliseconds.
        recipients: the recipients as they were given.
    """

    id: str
    created: int
    recipients: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Taken({self.id!r})"


def answered(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A short JSON answer that no cache keeps."""
    response = ShortResponse(body=msgspec.json.encode(document), status=status, headers=_JSON)
    response.headers.update(headers or {})
    return response


def yes(taken: Taken) -> web.Response:
    """The one answer that every reader of JSON understands as success (HOOKS 0.2): exactly 200."""
    identifier = taken.id or "none"
    return answered({"code": "ok", "id": identifier, "date": rfc3339(taken.created), "data": {"id": identifier}})


def no(refusal: Refusal) -> web.Response:
    """A status and a JSON object, for systems that read no more than the status."""
    return answered({"code": refusal.reason.value, "message": refusal.detail}, refusal.status, refusal.headers)


def no_in_words(refusal: Refusal) -> web.Response:
    """For systems that show the body of a failure to a person (HOOKS 1, 8)."""
    response = ShortResponse(body=refusal.sentence.encode(), status=refusal.status, headers=_TEXT)
    response.headers.update(refusal.headers)
    return response


def unauthenticated() -> web.Response:
    """One refusal for an unknown site, an unknown adapter and a wrong secret. `code` is Authgear's word (HOOKS 6)."""
    return answered({"code": "authentication_failed", "message": "This address does not accept the request."}, 401)


@dataclass(frozen=True, slots=True)
class Adapter:
    """One system.

    Attributes:
        name: in the address, and as `adapter` in the configuration.
        authenticate: whether one of the source's secrets made or accompanied the request. Reads raw bytes only.
        read: the messages in the request; none if it is an event without anything to send. Raises `Unreadable`.
        answer: what the system understands as success.
        refuse: what it understands as failure.
        repeats_ms: how long a repeat of one call is recognised.
    """

    name: str
    authenticate: Callable[[Inbound, Call], bool]
    read: Callable[[Inbound, Call], Sequence[Reading]]
    answer: Callable[[Taken], web.Response] = yes
    refuse: Callable[[Refusal], web.Response] = no
    repeats_ms: int = SAME_CALL_MS
