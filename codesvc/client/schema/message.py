"""The types of messages and recipients."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from codesvc.client.schema.answer import Answer, Time, told

MESSAGE_STATUSES: Final = ("accepted", "sent", "delivered", "handing_over", "handed_over", "unknown", "failed")
MESSAGE_KINDS: Final = ("sms", "email")
_User = Annotated[str, told("your identifier of the person, or the one that stands for the recipient", example="alice")]
_Status = Annotated[
    str,
    told(
        "where it stands; `accepted` until the end if the purpose does not disclose bindings",
        words=MESSAGE_STATUSES,
        example="accepted",
    ),
]
_Channel = Annotated[
    str | None, told("template or gateway; null if none was used, or if it is not disclosed", example="template")
]
_Reason = Annotated[str | None, told("why it went to the gateway, or why it failed", example="no-binding")]


class Message(Answer, frozen=True, kw_only=True):
    """A code that you made, on its way. Neither code nor recipient comes back."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    id: Annotated[str, told("`ms_…`", example="ms_4f7qk2m5x3zj6w7d2n5y4c3a2e")]
    user: _User
    purpose: Annotated[str, told("as it was asked for", example="register")]
    kind: Annotated[str, told("as what it was asked for", words=MESSAGE_KINDS, example="sms")]
    status: _Status
    channel: _Channel
    reason: _Reason
    reference: Annotated[str | None, told("as you sent it", example="KX")]
    created_at: Time
    expires_at: Annotated[Time, told("when the code's life ends; nothing is sent after it")]
    ended_at: Annotated[Time | None, told("when the delivery ended; null before, or if it is not disclosed")]


class RecipientUser(Answer, frozen=True, kw_only=True):
    """The lasting user id of a phone number or e-mail address in your site."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    user: Annotated[
        str,
        told("bind a WeChat under this id, and messages to the recipient reach it", example="ph_6clqdei6cd466stx"),
    ]


class MessageNews(Answer, frozen=True, kw_only=True):
    """A message as it stood when its delivery ended."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    id: Annotated[str, told("`ms_…`", example="ms_4f7qk2m5x3zj6w7d2n5y4c3a2e")]
    user: _User
    purpose: Annotated[str, told("as it was asked for", example="register")]
    kind: Annotated[str, told("as what it was asked for", words=MESSAGE_KINDS, example="sms")]
    status: Annotated[str, told("how it ended", words=MESSAGE_STATUSES[2:], example="delivered")]
    channel: _Channel
    reason: _Reason
    reference: Annotated[str | None, told("as you sent it", example="KX")]
    created_at: Time
    expires_at: Time
    ended_at: Time
