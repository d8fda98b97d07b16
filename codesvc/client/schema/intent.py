"""The types of bind intents, logins and redeemed tickets."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from codesvc.client.schema.answer import Answer, Time, told
from codesvc.client.schema.verification import Brand, Reference, Scan  # noqa: TC001  as above

INTENT_STATUSES: Final = ("pending", "scanned", "bound", "conflict", "declined", "canceled", "expired")
LOGIN_STATUSES: Final = ("pending", "scanned", "approved", "unknown", "declined", "canceled", "expired")


class BindIntent(Answer, frozen=True, kw_only=True):
    """A logged-in user is to be bound to the WeChat that says yes."""

    secret: ClassVar[frozenset[str]] = frozenset({"user", "scan", "page_url", "page_token", "link"})

    id: Annotated[str, told("`bi_…`", example="bi_4f7qk2m5x3zj6w7d2n5y4c3a2e")]
    user: Annotated[str, told("whom to bind", example="alice")]
    status: Annotated[str, told("where it stands", words=INTENT_STATUSES, example="pending")]
    reference: Reference
    created_at: Time
    expires_at: Time
    scan: Annotated[Scan | None, told("not null while a scan can still bring anything")]
    page_url: Annotated[str, told("the hosted page")]
    page_token: Annotated[str, told("lets a browser look at exactly this one")]
    method: Annotated[str, told("scan or oauth", words=("scan", "oauth"), example="scan")]
    link: Annotated[str | None, told("with oauth: where the person goes, inside WeChat")]
    conflict: Annotated[
        str | None, told("what stands in the way: user (has another WeChat account) or wechat (has another user)")
    ]
    predecessor: Annotated[str | None, told("the bind intent whose page started this one; null if you did")] = None
    successor: Annotated[str | None, told("the bind intent that this one's page started in its place")] = None


class Login(Answer, frozen=True, kw_only=True):
    """Somebody is to be recognised by the WeChat that says yes."""

    secret: ClassVar[frozenset[str]] = frozenset({"user", "scan", "page_url", "page_token", "handle"})

    id: Annotated[str, told("`lg_…`", example="lg_4f7qk2m5x3zj6w7d2n5y4c3a2e")]
    user: Annotated[str | None, told("who it is, once approved", example="alice")]
    status: Annotated[
        str, told("where it stands; unknown: a first-time visitor", words=LOGIN_STATUSES, example="pending")
    ]
    reference: Reference
    created_at: Time
    expires_at: Time
    scan: Annotated[Scan | None, told("not null while a scan can still bring anything")]
    page_url: Annotated[str, told("the hosted page")]
    page_token: Annotated[str, told("lets a browser look at exactly this one")]
    handle: Annotated[str | None, told("binds a first-time visitor by PUT /v1/bindings/{user}, once")]
    predecessor: Annotated[str | None, told("the login whose page started this one; null if you did")] = None
    successor: Annotated[str | None, told("the login that this one's page started in its place")] = None


class IntentPage(Answer, frozen=True, kw_only=True):
    """What a page token may read of a bind intent or login: no user, no handle."""

    secret: ClassVar[frozenset[str]] = frozenset({"scan", "return_to", "link"})

    status: Annotated[str, told("where it stands")]
    over: Annotated[bool, told("nothing can change any more")]
    confirmed: Annotated[bool, told("the WeChat said yes; for what that is worth, read the state with your key")]
    title: Annotated[str, told("how it stands, in the reader's language and for his device", example="Scan to log in")]
    hint: Annotated[str, told("what to do, likewise")]
    reference: Reference
    site: Annotated[str, told("the site's name in the reader's language", example="Moonhill Tea")]
    account: Annotated[str, told("the name of the Official Account")]
    now: Annotated[Time | None, told("the service's clock; null in events")]
    expires_at: Time
    scan: Scan | None
    return_to: Annotated[str | None, told("where to go on")]
    renew: Annotated[str, told("what the page can get anew, once", words=("scan",), example="scan")] | None = None
    link: Annotated[
        str | None, told("of web authorisation, for the browser of a phone: the address to open in WeChat")
    ] = None
    by_keyword: Annotated[
        bool, told("whether the account has no QR codes for pages, so that its keyword is the only way", example=False)
    ] = False
    brand: Annotated[Brand | None, told("the site's own looks; null where nothing is set")] = None


class Redemption(Answer, frozen=True, kw_only=True):
    """What a ticket from the chat brought: a handle to bind with, or of a reset a user and a proof."""

    secret: ClassVar[frozenset[str]] = frozenset({"handle", "user", "proof"})

    kind: Annotated[str, told("bind or reset", words=("bind", "reset"), example="bind")]
    handle: Annotated[str | None, told("of a bind: what PUT /v1/bindings/{user} accepts, once")]
    user: Annotated[str | None, told("of a reset: who asked")] = None
    verification: Annotated[str | None, told("of a reset: the verification that was approved in this act")] = None
    approved_at: Annotated[Time | None, told("of a reset: when")] = None
    proof: Annotated[str | None, told("of a reset: its proof")] = None
