"""The types of webhook events and of their delivery."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from codesvc.client.schema.answer import Answer, Time, told
from codesvc.client.schema.message import MessageNews  # noqa: TC001  msgspec reads the annotation
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
_User = Annotated[str, told("your identifier of the person", example="alice")]
_Wechat = Annotated[str, told("names the WeChat, as the history of a binding does; no openid", example="97d18e059c0c")]


class VerificationNews(Answer, frozen=True, kw_only=True):
    """A verification as it stood when it happened. No proof, page token or keyword: read those with your key."""

    secret: ClassVar[frozenset[str]] = frozenset({"user", "metadata"})

    id: Annotated[str, told("`vf_…`", example="vf_n7j7d6q6p5wliuuh343wacjntvzbbrmi")]
    purpose: Annotated[str, told("as it was started", example="register")]
    user: _User
    status: Annotated[str, told("where it stood", words=STATUSES, example="approved")]
    reference: Reference
    test: Annotated[bool, told("whether the user is a test identity")]
    created_at: Time
    expires_at: Time
    approved_at: Time | None
    basis: Annotated[str, told("of an approved one: why it may be believed", words=BASES)] | None
    attempts_left: Annotated[int, told("how many wrong codes it still took", example=5)]
    metadata: Annotated[
        dict[str, Any],
        Meta(description="your own object, as it came", extra_json_schema={"additionalProperties": True}),
    ]
    delivery: Delivery
    predecessor: Annotated[str | None, told("the verification whose page started this one; null if you did")] = None


class BindingCreated(Answer, frozen=True, kw_only=True, rename={"came_from": "from"}):
    """A user has been bound to a WeChat, or moved to another one."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    user: _User
    wechat: _Wechat
    made_by: Annotated[str, told("proof, openid, handle, intent or oauth", example="proof")]
    source: Annotated[str | None, told("the verification, bind intent, login or ticket it came from")]
    bound_at: Time
    came_from: Annotated[str | None, told("of a move: the WeChat before")]


class BindingRemoved(Answer, frozen=True, kw_only=True):
    """A user is no longer bound."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    user: _User
    wechat: _Wechat
    by: Annotated[str, told("site, or forgotten (the person withdrew, or left long ago)", example="site")]


class BindingConflict(Answer, frozen=True, kw_only=True):
    """A bind intent got its yes, and something stands in the way. Neither side learns who the other is."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    user: _User
    bind_intent: Annotated[str, told("`bi_…`", example="bi_4f7qk2m5x3zj6w7d2n5y4c3a2e")]
    reference: Reference
    conflict: Annotated[
        str,
        told(
            "user (has another WeChat account) or wechat (has another user)", words=("user", "wechat"), example="wechat"
        ),
    ]


class BindingUnreachable(Answer, frozen=True, kw_only=True):
    """Nothing can be pushed to the WeChat of a user."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    user: _User
    wechat: _Wechat
    reason: Annotated[
        str | None,
        told("not-following, or unknown-openid: the account has no such openid", example="not-following"),
    ] = None


class LoginApproved(Answer, frozen=True, kw_only=True):
    """A login was confirmed by a bound WeChat."""

    secret: ClassVar[frozenset[str]] = frozenset({"user"})

    id: Annotated[str, told("`lg_…`", example="lg_kq3v7e2xw4p5s6t7r2n4m6j3ba")]
    user: _User
    reference: Reference
    created_at: Time
    approved_at: Time
    predecessor: Annotated[str | None, told("the login whose page started this one; null if you did")] = None
    client: Annotated[str | None, told("the app that they sign in to by OpenID Connect; null for your own site")] = None


class QuotaLow(Answer, frozen=True, kw_only=True):
    """So much of the day's quota of an account is used up; told once for each threshold and day."""

    account: Annotated[str, told("the account's name in the configuration", example="main")]
    call: Annotated[str, told("template messages or QR codes", words=("template", "qrcode"), example="template")]
    threshold: Annotated[int, told("percent used: 80, 95 or 100", example=80)]
    daily: Annotated[int, told("what WeChat allows in a day", example=100000)]
    left: Annotated[int, told("what is left of it", example=20000)]
    day: Annotated[str, told("the day in Beijing, which is when WeChat counts anew", example="2026-11-22")]


class TestNews(Answer, frozen=True, kw_only=True):
    """You asked for it."""

    message: Annotated[str, told("a greeting", example="This is a test of your webhook.")]


class WebhookEvent(Answer, frozen=True, kw_only=True):
    """What is common to all events. A type that is not known here comes as this, with `data` as it is."""

    secret: ClassVar[frozenset[str]] = frozenset({"data"})

    type: Annotated[str, told("what happened", example="verification.approved")]
    timestamp: Annotated[Time, told("when it happened; not when it was sent")]
    data: Any


class VerificationEvent(WebhookEvent, frozen=True, kw_only=True):
    """Something happened to a verification."""

    data: VerificationNews


class BindingCreatedEvent(WebhookEvent, frozen=True, kw_only=True):
    """A binding was made or moved."""

    data: BindingCreated


class BindingRemovedEvent(WebhookEvent, frozen=True, kw_only=True):
    """A binding was removed."""

    data: BindingRemoved


class BindingConflictEvent(WebhookEvent, frozen=True, kw_only=True):
    """A binding was refused."""

    data: BindingConflict


class BindingUnreachableEvent(WebhookEvent, frozen=True, kw_only=True):
    """No message reaches a bound WeChat."""

    data: BindingUnreachable


class LoginApprovedEvent(WebhookEvent, frozen=True, kw_only=True):
    """A login was confirmed."""

    data: LoginApproved


class QuotaLowEvent(WebhookEvent, frozen=True, kw_only=True):
    """A quota runs out."""

    data: QuotaLow


class MessageEvent(WebhookEvent, frozen=True, kw_only=True):
    """The delivery of a message has ended."""

    data: MessageNews


class TestEvent(WebhookEvent, frozen=True, kw_only=True):
    """A test."""

    data: TestNews


_KINDS: Final[dict[str, tuple[type[WebhookEvent], str]]] = {
    "verification.approved": (VerificationEvent, "The code was right"),
    "verification.delivered": (VerificationEvent, "WeChat says that the message is on the phone"),
    "verification.failed": (VerificationEvent, "The code could not be delivered, and no scan may bring it"),
    "verification.fell_back": (
        VerificationEvent,
        "A push failed or could not be made; now a scan or the keyword brings the code",
    ),
    "verification.exhausted": (VerificationEvent, "All attempts were spent on wrong codes"),
    "binding.created": (BindingCreatedEvent, "A user was bound, or moved to another WeChat account"),
    "binding.removed": (BindingRemovedEvent, "A user is no longer bound"),
    "binding.conflict": (BindingConflictEvent, "A bind intent was confirmed, and something stands in its way"),
    "binding.unreachable": (
        BindingUnreachableEvent,
        "No message reaches a bound WeChat: it stopped following, or the account has no such openid",
    ),
    "login.approved": (LoginApprovedEvent, "A bound WeChat confirmed a login"),
    "quota.low": (QuotaLowEvent, "A day's quota of the account runs out"),
    "message.delivered": (MessageEvent, "WeChat says that the code of your message is on the phone"),
    "message.handed_over": (MessageEvent, "Your gateway took a message"),
    "message.unknown": (MessageEvent, "Your gateway may have taken a message; it is not repeated"),
    "message.failed": (MessageEvent, "A message could not be delivered"),
    "webhook.test": (TestEvent, "You asked for it"),
}
EVENT_SHAPES: Final = {kind: shape for kind, (shape, _) in _KINDS.items()}
"""Every type of event and its class."""
EVENT_MEANINGS: Final = {kind: meaning for kind, (_, meaning) in _KINDS.items()}
"""Every type of event and what it says."""


class WebhookAttempt(Answer, frozen=True, kw_only=True):
    """One try to send an event."""

    at: Annotated[Time, told("when it ended")]
    result: Annotated[str, told("how it ended", words=HOOK_RESULTS, example="refused")]
    status: Annotated[int | None, told("the HTTP status that came back, if one did", example=503)]
    milliseconds: Annotated[int, told("how long it took", example=87)]


class WebhookDelivery(Answer, frozen=True, kw_only=True):
    """An event and what came of sending it."""

    secret: ClassVar[frozenset[str]] = frozenset({"payload"})

    id: Annotated[str, told("what the header webhook-id says", example="wh_5b0f6c1e9a3d4e7f8a2b6c9d0e1f2a3b")]
    event: Annotated[str, told("its type", words=tuple(EVENT_SHAPES), example="verification.approved")]
    status: Annotated[str, told("where it stands", words=HOOK_STATUSES, example="delivered")]
    reason: Annotated[
        str | None,
        told("why it failed: attempts (all spent), overflow (too many were waiting) or expired (after 30 days)"),
    ]
    created_at: Annotated[Time, told("when it happened")]
    next_attempt_at: Annotated[Time | None, told("of a pending one: when it is tried next")]
    ended_at: Annotated[Time | None, told("when it was delivered or given up")]
    attempts: Annotated[list[WebhookAttempt], told("the latest 20, oldest first; those before a resend too")]
    payload: Annotated[WebhookEvent | None, told("what is sent; in the answer about a single one")] = None


class WebhookDeliveries(Answer, frozen=True, kw_only=True):
    """A page of events, latest first."""

    deliveries: list[WebhookDelivery]
    next: Annotated[
        str | None, told("hand it back as `cursor` for what comes after; null at the end. A page may be short before")
    ]


class WebhookEndpoint(Answer, frozen=True, kw_only=True):
    """The site's webhook and how it fares."""

    url: Annotated[str, told("where it is, without its query", example="https://shop.example/hooks/codesvc")]
    events: Annotated[list[str], told("what it listens to", example=["verification.approved"])]
    enabled: Annotated[bool, told("false since the endpoint answered 410 Gone; events wait until it is enabled")]
    disabled_at: Annotated[Time | None, told("since when")]
    waiting: Annotated[int, told("how many events are still to be sent", example=0)]
    delivered_at: Annotated[Time | None, told("when an event was last delivered")]
    failed_at: Annotated[Time | None, told("when an attempt last failed")]
    last_failure: Annotated[str, told("how it failed", words=HOOK_RESULTS[1:])] | None
    failures: Annotated[int, told("how many attempts in a row have failed", example=0)]
