"""A message: a code that a site's own system made, to be delivered. It has no check, no hosted page and no proof.

A message may also be the last resort of a verification; then its code is the verification's.

    accepted --WeChat took it--> sent --receipt--> delivered
        |                          |
        +--------------------------+--> handing_over --gateway took it--> handed_over
        |                          |                 --it may have------> unknown
        |                          |                 --it did not-------> failed
        +--------------------------+--not needed, or too late-----------> failed

`handing_over` is written before the gateway is called, so that a process that takes over the job of a dead one knows
that a call may have been made. The table below is the only definition of the states; the scripts get it from here.
"""

from __future__ import annotations

import re
from enum import StrEnum
from secrets import token_bytes
from typing import Final

import msgspec

from codesvc.domain.base_encodings import base32
from codesvc.domain.clock import whole_minutes
from codesvc.domain.recipient import MessageKind  # noqa: TC001  msgspec reads the annotation
from codesvc.domain.verification import KEPT_AFTER_END_MS

MESSAGE_ID: Final = re.compile(r"ms_[a-z2-7]{26}")
SAME_CALL_MS: Final = 600_000
"""How long a repeat of one call is recognised: identity systems repeat within seconds."""
MESSAGE_KEPT_MS: Final = KEPT_AFTER_END_MS
"""How long an ended message can be read. It holds neither code nor recipient."""


class MessageStatus(StrEnum):
    """State of a message, as it is stored."""

    ACCEPTED = "accepted"
    SENT = "sent"
    """WeChat took it; its receipt is awaited."""
    DELIVERED = "delivered"
    HANDING_OVER = "handing_over"
    HANDED_OVER = "handed_over"
    """The site's gateway took it."""
    UNKNOWN = "unknown"
    """The gateway may have taken it. It is not repeated, because that could send a second message."""
    FAILED = "failed"


MESSAGE_MOVES: Final[dict[MessageStatus, frozenset[MessageStatus]]] = {
    MessageStatus.ACCEPTED: frozenset({MessageStatus.SENT, MessageStatus.HANDING_OVER, MessageStatus.FAILED}),
    MessageStatus.SENT: frozenset({MessageStatus.DELIVERED, MessageStatus.HANDING_OVER, MessageStatus.FAILED}),
    MessageStatus.HANDING_OVER: frozenset({MessageStatus.HANDED_OVER, MessageStatus.UNKNOWN, MessageStatus.FAILED}),
    MessageStatus.DELIVERED: frozenset(),
    MessageStatus.HANDED_OVER: frozenset(),
    MessageStatus.UNKNOWN: frozenset(),
    MessageStatus.FAILED: frozenset(),
}
ENDED_MESSAGES: Final = frozenset(status for status, targets in MESSAGE_MOVES.items() if not targets)
"""After one of these the sealed content is gone."""

SIGN_UP: Final = "register"
"""The purpose of sign-ups, which every site has. The person gives the recipient for the first time, so a start
with it claims the recipient (`MessageRequest.claims_recipient`).
"""
PUSH: Final = "push"
"""The result that shadow mode notes for a message that would have been sent by WeChat."""
HANDED_REASONS: Final = (
    "no-binding",
    "proves-recipient",
    "recipient-unproved",
    "unreachable",
    "muted",
    "limited",
    "repeated",
    "no-code",
    "no-channel",
    "refused",
    "no-receipt",
    "wechat-down",
    "quota",
    "shadow",
)
"""Why a message was handed to the gateway, in groups, for the ledger: a closed list."""
_GROUPS: Final = {
    "unknown-openid": "unreachable",
    "not-following": "unreachable",
    "user-block": "refused",
    "system-failed": "refused",
    "timeout": "no-receipt",
    "circuit-open": "wechat-down",
    "no-connection": "wechat-down",
    "no-token": "wechat-down",
    "minute-quota": "quota",
}


def ledger_reason(reason: str) -> str:
    """The group of a reason in `HANDED_REASONS`. All other reasons of WeChat are refusals."""
    found = _GROUPS.get(reason, reason)
    return found if found in HANDED_REASONS else "refused"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as read from the store at `now` (ms by the store's clock). It holds neither code nor recipient.

    Attributes:
        id: `ms_…`.
        user: the user id, given or derived from the recipient.
        kind: `sms` or `email`, as the caller requested it.
        channel: `template` or `gateway`, "" before either was used.
        reason: why it was handed to the gateway, or why it failed; "" for neither.
        created: when it was accepted, ms.
        expires: when the code's life ends, ms.
        ended: when its delivery ended, ms; None before.
        locale: `zh` or `en`.
        reference: what the site's own page shows beside the code, "" for nothing.
        disclose: whether the site may learn how it was delivered (DESIGN rule 7).
        would: in shadow mode, `PUSH` or why not; "" outside of it.
        alias: the id of the recipient under the current master key. It is shown where bindings are not disclosed: an id
            under a previous key would show that it is bound.
        openid: the WeChat account that receives it, "" for none.
        verification: the verification whose last resort it is, "" for a message of its own. Its code is derived.
        now: when it was read.
    """

    id: str
    site: str
    user: str
    purpose: str
    kind: MessageKind
    status: MessageStatus
    created: int
    expires: int
    locale: str
    channel: str = ""
    reason: str = ""
    reference: str = ""
    alias: str = ""
    openid: str = msgspec.field(default="", name="sent_to")
    would: str = ""
    ended: int | None = None
    disclose: bool = False
    verification: str = ""
    now: int = 0

    def __repr__(self) -> str:
        return f"Message({self.id[:10]}…, {self.status})"

    @classmethod
    def parse(cls, now: int, stored: bytes) -> Message:
        """Decode the reply of a script: a MessagePack array with one table of texts."""
        (fields,) = msgspec.msgpack.decode(stored)
        return msgspec.convert({**fields, "now": now}, cls, strict=False)

    @property
    def minutes(self) -> int:
        """How long the code is still valid, in whole minutes."""
        return whole_minutes(self.expires - self.now)


def new_message_id() -> str:
    """A random id with 128 bits."""
    return "ms_" + base32(token_bytes(16))
