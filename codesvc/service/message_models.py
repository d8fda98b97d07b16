"""Requests and results of messages, as every way in makes and reads them: the API and `codesvc.web.inbound`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from codesvc.domain.recipient import MessageKind

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from codesvc.domain.limits import LimitReached
    from codesvc.domain.message import Message
    from codesvc.store.outcomes import Outcome

LEAST_LIFE, MOST_LIFE = 60, 3_600
"""Bounds of `expires_in`, seconds."""
LONGEST_TEXT, LONGEST_SUBJECT = 2_000, 200
"""Characters."""


class MessageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A message in neutral terms. Its repr hides code and recipient.

    Attributes:
        kind: `sms` or `email`, as the caller requested it; the last resort uses the site's gateway of that kind.
        recipient: phone number or e-mail address as the caller gave it; "" if only `user` is given.
        region: the country of phone numbers without a country code, "" for the site's own.
        user: the site's user id, "" to derive it from the recipient.
        known_recipient: whether the caller knows that the recipient is this user's; else the code may prove that.
        claims_recipient: whether a person gives the recipient as theirs for the first time, as the caller says. So
            does the purpose `register`.
        code: "" if the caller sent a text alone.
        text: the caller's ready text, "" for ours.
        subject: the subject of an e-mail, "" for ours.
        purpose: a purpose of the site, "" for that of its `relay`.
        locale: `zh` or `en`.
        expires_in: how long the code is valid, seconds.
        client_ip: the person's address, None if the caller does not say it.
        reference: what the page shows beside the code, at most 8 letters or digits.
        dedupe: identifies this call and its repeats, "" if nothing does; only a keyed hash is kept. Of a signed call it
            has only what the signature covers, or one of few values: else anybody could make a repeat a new call.
        dedupe_ms: how long a repeat is recognised, 0 without `dedupe`.
        source: the name of the source, for the log; "" for the API.
    """

    kind: MessageKind = MessageKind.SMS
    recipient: str = ""
    region: str = ""
    user: str = ""
    known_recipient: bool = False
    claims_recipient: bool = False
    code: str = ""
    text: str = ""
    subject: str = ""
    purpose: str = ""
    locale: str = "zh"
    expires_in: int = 300
    client_ip: IPv4Address | IPv6Address | None = None
    reference: str = ""
    dedupe: str = ""
    dedupe_ms: int = 0
    source: str = ""

    def __repr__(self) -> str:
        return f"MessageRequest({self.kind.value}, {self.purpose!r})"


class MessageResult(msgspec.Struct, frozen=True):
    """The result of a use case; its members are as in `codesvc.service.models.Result`."""

    outcome: Outcome
    message: Message | None = None
    denial: LimitReached | None = None
    left: str = ""


def same_call(source: str, *parts: str) -> str:
    """`MessageRequest.dedupe` of a call that has these parts."""
    return "\0".join(("same call", source, *parts))
