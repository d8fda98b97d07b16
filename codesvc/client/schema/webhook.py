"""The types of webhook events and of their delivery."""

from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from codesvc.client.schema.answer import Answer, Time, described
from codesvc.client.schema.message import MessageNews
from codesvc.client.schema.proof import BASES
from codesvc.client.schema.verification import STATUSES, Delivery, Reference

HOOK_STATUSES: Final = ("pending", "delivered", "failed")
HOOK_RESULTS: Final = (
    "delivered",
    "refused",
    "redirected",
    "gone",
    "timeout",
    "unreachable",
    "bad-certificate",
    "private-address",
    "unreadable",
)
_User = Annotated[str, described("your identifier of the person", example="alice")]
_Wechat = Annotated[
    str, described("the WeChat account's pseudonym in the binding's history; not an openid", example="97d18e059c0c")
]


class VerificationNews(Answer, frozen=True, kw_only=True):
    """A verification at the time of the event. It has no proof, page token or keyword: read those with your key."""

    secret: ClassVar[frozenset[str]] = frozenset({"user", "metadata"})

    id: Annotated[str, described("`vf_…`", example="vf_n7j7d6q6p5wliuuh343wacjntvzbbrmi")]
    purpose: Annotated[str, described("the verification's purpose", example="register")]
    user: _User
    status: Annotated[str, described("its status at that time", values=STATUSES, example="approved")]
    reference: Reference
    test: Annotated[bool, described("whether the user is a test identity")]
    created_at: Time
    expires_at: Time
    approved_at: Time | None
    basis: Annotated[str, described("if approved: how it was proved", values=BASES)] | None
    attempts_left: Annotated[int, described("how many more wrong codes were allowed", example=5)]
    metadata: Annotated[
        dict[str, Any],
        Meta(description="your own object, unchanged", extra_json_schema={"additionalProperties": True}),
    ]
    delivery: Delivery
    predecessor: Annotated[str | None, described("the verification whose page started this one; null if you did")] = (
        None
    )


class BindingCreated(Answer, frozen=True, kw_only=True, rename={"came_from": "from"}):
    """A user was bound to a WeChat account, or moved to another one."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    user: _User
    wechat: _Wechat
    made_by: Annotated[str, described("proof, openid, handle, intent or oauth", example="proof")]
    source: Annotated[str | None, described("the verification, bind intent, login or ticket it came from")]
    bound_at: Time
    came_from: Annotated[str | None, described("for a move: the previous WeChat account")]


class BindingRemoved(Answer, frozen=True, kw_only=True):
    """A user is no longer bound."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    user: _User
    wechat: _Wechat
    by: Annotated[
        str,
        described(
            "site, page (undone on the bind intent's page), or forgotten (the person withdrew, or stopped "
            "following long ago)",
            example="site",
        ),
    ]


class BindingConflict(Answer, frozen=True, kw_only=True):
    """A bind intent was confirmed but conflicts with an existing binding. Neither side learns who the other is."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    user: _User
    bind_intent: Annotated[str, described("`bi_…`", example="bi_4f7qk2m5x3zj6w7d2n5y4c3a2e")]
    reference: Reference
    conflict: Annotated[
        str,
        described(
            "user (has another WeChat account) or wechat (has another user)",
            values=("user", "wechat"),
            example="wechat",
        ),
    ]


class BindingUnreachable(Answer, frozen=True, kw_only=True):
    """No message can reach the WeChat account of a user."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    user: _User
    wechat: _Wechat
    reason: Annotated[
        str | None,
        described("not-following, or unknown-openid: the account has no such openid", example="not-following"),
    ] = None


class LoginApproved(Answer, frozen=True, kw_only=True):
    """A login was confirmed with a bound WeChat account."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    id: Annotated[str, described("`lg_…`", example="lg_kq3v7e2xw4p5s6t7r2n4m6j3ba")]
    user: _User
    reference: Reference
    created_at: Time
    approved_at: Time
    predecessor: Annotated[str | None, described("the login whose page started this one; null if you did")] = None
    client: Annotated[
        str | None, described("the app that the person signs in to by OpenID Connect; null for your own site")
    ] = None


class QuotaLow(Answer, frozen=True, kw_only=True):
    """The used part of an account's daily quota reached a threshold; sent once for each threshold and day."""

    account: Annotated[str, described("the account's name in the configuration", example="main")]
    call: Annotated[str, described("template messages or QR codes", values=("template", "qrcode"), example="template")]
    threshold: Annotated[int, described("percent used: 80, 95 or 100", example=80)]
    daily: Annotated[int, described("how many calls WeChat allows per day", example=100000)]
    left: Annotated[int, described("how many calls remain", example=20000)]
    day: Annotated[str, described("the day in Beijing time, in which WeChat counts", example="2026-11-22")]


class TestNews(Answer, frozen=True, kw_only=True):
    """A test event that you requested."""

    message: Annotated[str, described("a short text", example="This is a test of your webhook.")]


class WebhookEvent(Answer, frozen=True, kw_only=True):
    """The members common to all events. An event of an unknown type has this form, with `data` unchanged."""

    secret: ClassVar[frozenset[str]] = frozenset({"data"})

    type: Annotated[str, described("what happened", example="verification.approved")]
    timestamp: Annotated[Time, described("when it happened; not when it was sent")]
    data: Any


class VerificationEvent(WebhookEvent, frozen=True, kw_only=True):
    """Something happened to a verification."""

    data: VerificationNews


class BindingCreatedEvent(WebhookEvent, frozen=True, kw_only=True):
    """A binding was created or moved."""

    data: BindingCreated


class BindingRemovedEvent(WebhookEvent, frozen=True, kw_only=True):
    """A binding was removed."""

    data: BindingRemoved


class BindingConflictEvent(WebhookEvent, frozen=True, kw_only=True):
    """A binding was refused."""

    data: BindingConflict


class BindingUnreachableEvent(WebhookEvent, frozen=True, kw_only=True):
    """No message can reach a bound WeChat account."""

    data: BindingUnreachable


class LoginApprovedEvent(WebhookEvent, frozen=True, kw_only=True):
    """A login was confirmed."""

    data: LoginApproved


class QuotaLowEvent(WebhookEvent, frozen=True, kw_only=True):
    """A quota is running out."""

    data: QuotaLow


class MessageEvent(WebhookEvent, frozen=True, kw_only=True):
    """The delivery of a message has ended."""

    data: MessageNews


class TestEvent(WebhookEvent, frozen=True, kw_only=True):
    """A test."""

    data: TestNews


_KINDS: Final[dict[str, tuple[type[WebhookEvent], str]]] = {
    "verification.approved": (VerificationEvent, "The code was correct"),
    "verification.delivered": (VerificationEvent, "WeChat reports that the message was delivered"),
    "verification.failed": (
        VerificationEvent,
        "The code could not be delivered, and the purpose does not allow a scan",
    ),
    "verification.fell_back": (
        VerificationEvent,
        "A push failed or was not possible; the person can scan or send the keyword instead",
    ),
    "verification.exhausted": (VerificationEvent, "All attempts were used up by wrong codes"),
    "binding.created": (BindingCreatedEvent, "A user was bound, or moved to another WeChat account"),
    "binding.removed": (BindingRemovedEvent, "A user is no longer bound"),
    "binding.conflict": (BindingConflictEvent, "A bind intent was confirmed but conflicts with an existing binding"),
    "binding.unreachable": (
        BindingUnreachableEvent,
        "A bound WeChat account can no longer be reached: it stopped following, or the account has no such openid",
    ),
    "login.approved": (LoginApprovedEvent, "A bound WeChat account confirmed a login"),
    "quota.low": (QuotaLowEvent, "A daily quota of the account is running out"),
    "message.delivered": (MessageEvent, "WeChat reports that your message's code was delivered"),
    "message.handed_over": (MessageEvent, "Your gateway accepted a message"),
    "message.unknown": (MessageEvent, "Your gateway may have accepted a message; it is not sent again"),
    "message.failed": (MessageEvent, "A message could not be delivered"),
    "webhook.test": (TestEvent, "You requested it"),
}
EVENT_SHAPES: Final = {kind: shape for kind, (shape, _) in _KINDS.items()}
"""Every type of event and its class."""
EVENT_MEANINGS: Final = {kind: meaning for kind, (_, meaning) in _KINDS.items()}
"""Every type of event and what it says."""


class WebhookAttempt(Answer, frozen=True, kw_only=True):
    """One attempt to send an event."""

    at: Annotated[Time, described("when the attempt ended")]
    result: Annotated[str, described("its result", values=HOOK_RESULTS, example="refused")]
    status: Annotated[int | None, described("the HTTP status of the answer, if there was one", example=503)]
    milliseconds: Annotated[int, described("its duration", example=87)]


class WebhookDelivery(Answer, frozen=True, kw_only=True):
    """An event and its delivery."""

    secret: ClassVar[frozenset[str]] = frozenset({"payload"})

    id: Annotated[str, described("the value of the header webhook-id", example="wh_5b0f6c1e9a3d4e7f8a2b6c9d0e1f2a3b")]
    event: Annotated[str, described("its type", values=tuple(EVENT_SHAPES), example="verification.approved")]
    status: Annotated[str, described("the current status", values=HOOK_STATUSES, example="delivered")]
    reason: Annotated[
        str | None,
        described("why it failed: attempts (all used), overflow (too many were waiting) or expired (after 30 days)"),
    ]
    created_at: Annotated[Time, described("when it happened")]
    next_attempt_at: Annotated[Time | None, described("if pending: when the next attempt is made")]
    ended_at: Annotated[Time | None, described("when it was delivered or given up")]
    attempts: Annotated[
        list[WebhookAttempt], described("the latest 20 attempts, oldest first, including those before a resend")
    ]
    payload: Annotated[
        WebhookEvent | None, described("the body that is sent; only in the answer about a single event")
    ] = None


class WebhookDeliveries(Answer, frozen=True, kw_only=True):
    """A page of events, newest first."""

    deliveries: list[WebhookDelivery]
    next: Annotated[
        str | None,
        described("pass it as `cursor` to get the next page; null at the end. A page may be shorter than `limit`"),
    ]


class WebhookEndpoint(Answer, frozen=True, kw_only=True):
    """The site's webhook and its state."""

    url: Annotated[str, described("its address, without the query", example="https://shop.example/hooks/codesvc")]
    events: Annotated[list[str], described("the events it subscribes to", example=["verification.approved"])]
    enabled: Annotated[bool, described("false since the endpoint answered 410 Gone; events wait until it is enabled")]
    disabled_at: Annotated[Time | None, described("when it was disabled; null if it is enabled")]
    waiting: Annotated[int, described("how many events are waiting to be sent", example=0)]
    delivered_at: Annotated[Time | None, described("when an event was last delivered")]
    failed_at: Annotated[Time | None, described("when an attempt last failed")]
    last_failure: Annotated[str, described("the result of that attempt", values=HOOK_RESULTS[1:])] | None
    failures: Annotated[int, described("how many consecutive attempts have failed", example=0)]
