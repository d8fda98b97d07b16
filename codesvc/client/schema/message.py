"""The types of messages and recipients."""

from typing import Annotated, ClassVar, Final

from codesvc.client.schema.answer import Answer, Time, described

MESSAGE_STATUSES: Final = ("accepted", "sent", "delivered", "handing_over", "handed_over", "unknown", "failed")
MESSAGE_KINDS: Final = ("sms", "email")
_User = Annotated[str, described("your identifier of the person, or the recipient's user id", example="alice")]
_Status = Annotated[
    str,
    described(
        "the current status; `accepted` until the end if the purpose does not disclose bindings",
        values=MESSAGE_STATUSES,
        example="accepted",
    ),
]
_Channel = Annotated[
    str | None,
    described("template or gateway; null if neither was used, or if it is not disclosed", example="template"),
]
_Reason = Annotated[
    str | None, described("why it was sent through the gateway, or why it failed", example="no-binding")
]


class Message(Answer, frozen=True, kw_only=True):
    """A code that you generated, being delivered. Neither code nor recipient is returned."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    id: Annotated[str, described("`ms_…`", example="ms_4f7qk2m5x3zj6w7d2n5y4c3a2e")]
    user: _User
    purpose: Annotated[str, described("the purpose of the request", example="register")]
    kind: Annotated[str, described("the kind in the request", values=MESSAGE_KINDS, example="sms")]
    status: _Status
    channel: _Channel
    reason: _Reason
    reference: Annotated[str | None, described("the reference in the request", example="KX")]
    created_at: Time
    expires_at: Annotated[Time, described("when the code expires; nothing is sent after that")]
    ended_at: Annotated[Time | None, described("when the delivery ended; null before, or if it is not disclosed")]


class RecipientUser(Answer, frozen=True, kw_only=True):
    """The permanent user id of a phone number or e-mail address on your site."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    user: Annotated[
        str,
        described(
            "if a WeChat account is bound under this id, messages to the recipient reach it",
            example="ph_6clqdei6cd466stx",
        ),
    ]


class MessageNews(Answer, frozen=True, kw_only=True):
    """The state of a message when its delivery ended."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    id: Annotated[str, described("`ms_…`", example="ms_4f7qk2m5x3zj6w7d2n5y4c3a2e")]
    user: _User
    purpose: Annotated[str, described("the purpose of the request", example="register")]
    kind: Annotated[str, described("the kind in the request", values=MESSAGE_KINDS, example="sms")]
    status: Annotated[str, described("its final status", values=MESSAGE_STATUSES[2:], example="delivered")]
    channel: _Channel
    reason: _Reason
    reference: Annotated[str | None, described("the reference in the request", example="KX")]
    created_at: Time
    expires_at: Time
    ended_at: Time
