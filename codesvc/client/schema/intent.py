"""The types of bind intents, logins and redeemed tickets."""

from typing import Annotated, ClassVar, Final

from codesvc.client.schema.answer import Answer, Time, described
from codesvc.client.schema.verification import Brand, Reference, Scan

INTENT_STATUSES: Final = ("pending", "scanned", "bound", "conflict", "declined", "canceled", "expired")
LOGIN_STATUSES: Final = ("pending", "scanned", "approved", "unknown", "declined", "canceled", "expired")


class BindIntent(Answer, frozen=True, kw_only=True):
    """A request to bind a logged-in user to the WeChat account that scans the code and confirms."""

    secret: ClassVar[frozenset[str]] = frozenset({"user", "scan", "page_url", "page_token", "link"})

    id: Annotated[str, described("`bi_…`", example="bi_4f7qk2m5x3zj6w7d2n5y4c3a2e")]
    user: Annotated[str, described("your identifier of the user to bind", example="alice")]
    status: Annotated[str, described("the current status", values=INTENT_STATUSES, example="pending")]
    reference: Reference
    created_at: Time
    expires_at: Time
    scan: Annotated[Scan | None, described("the QR code and the keyword; null once scanning no longer has an effect")]
    page_url: Annotated[str, described("the address of the hosted page")]
    page_token: Annotated[str, described("lets a browser read this bind intent, and renew it once")]
    method: Annotated[str, described("scan or oauth", values=("scan", "oauth"), example="scan")]
    link: Annotated[str | None, described("with method oauth: the address that the person opens in WeChat")]
    conflict: Annotated[
        str | None,
        described("with status conflict: user (the user has another WeChat account) or wechat (it has another user)"),
    ]
    predecessor: Annotated[str | None, described("the bind intent whose page started this one; null if you did")] = None
    successor: Annotated[str | None, described("the bind intent that this one's page started in its place")] = None


class Login(Answer, frozen=True, kw_only=True):
    """A request to find out which user is present: the one whose WeChat account scans the code and confirms."""

    secret: ClassVar[frozenset[str]] = frozenset({"user", "scan", "page_url", "page_token", "handle"})

    id: Annotated[str, described("`lg_…`", example="lg_4f7qk2m5x3zj6w7d2n5y4c3a2e")]
    user: Annotated[str | None, described("the user who is present; null before status approved", example="alice")]
    status: Annotated[
        str,
        described("the current status; unknown: a visitor without a user", values=LOGIN_STATUSES, example="pending"),
    ]
    reference: Reference
    created_at: Time
    expires_at: Time
    scan: Annotated[Scan | None, described("the QR code and the keyword; null once scanning no longer has an effect")]
    page_url: Annotated[str, described("the address of the hosted page")]
    page_token: Annotated[str, described("lets a browser read this login, and renew it once")]
    handle: Annotated[
        str | None,
        described("with status unknown: a handle to bind the visitor with PUT /v1/bindings/{user}; works once"),
    ]
    predecessor: Annotated[str | None, described("the login whose page started this one; null if you did")] = None
    successor: Annotated[str | None, described("the login that this one's page started in its place")] = None


class Disown(Answer, frozen=True, kw_only=True):
    """What a page offers if another person has scanned its bind intent: POST /p/{page_token}/disown."""

    question: Annotated[str, described("what happened, in the reader's language")]
    act: Annotated[str, described("the button's label", example="This wasn’t me, cancel")]


class IntentPage(Answer, frozen=True, kw_only=True):
    """What a page token may read of a bind intent or login: no user, no handle."""

    secret: ClassVar[frozenset[str]] = frozenset({"scan", "return_to", "link"})

    status: Annotated[str, described("the current status")]
    over: Annotated[bool, described("whether the status is final")]
    confirmed: Annotated[
        bool, described("whether the person confirmed. This is not a proof: read the state with your key")
    ]
    title: Annotated[
        str, described("the status in words, in the reader's language and for their device", example="Scan to log in")
    ]
    hint: Annotated[str, described("what the person should do, in the same language and for the same device")]
    reference: Reference
    site: Annotated[str, described("the site's name in the reader's language", example="Moonhill Tea")]
    account: Annotated[str, described("the name of the Official Account")]
    now: Annotated[Time | None, described("the service's time; null in events")]
    expires_at: Time
    scan: Scan | None
    return_to: Annotated[str | None, described("the address to which the browser goes at the end")]
    renew: (
        Annotated[
            str,
            described(
                "what the page can renew once; absent if there is nothing to renew", values=("scan",), example="scan"
            ),
        ]
        | None
    ) = None
    link: Annotated[
        str | None,
        described("with method oauth, in the browser of a phone: the address that the person opens in WeChat"),
    ] = None
    by_keyword: Annotated[
        bool, described("whether only the keyword works because the account has no QR codes for pages", example=False)
    ] = False
    disown: Annotated[
        Disown | None,
        described("how the person can report that the WeChat account that scanned is not theirs; null if they cannot"),
    ] = None
    brand: Annotated[Brand | None, described("the logo and colours of the site; null if the operator has set none")] = (
        None
    )


class Redemption(Answer, frozen=True, kw_only=True):
    """The result of redeeming a ticket: a handle for a binding, or a user and a proof for a password reset."""

    secret: ClassVar[frozenset[str]] = frozenset({"handle", "user", "proof"})

    kind: Annotated[str, described("bind or reset", values=("bind", "reset"), example="bind")]
    handle: Annotated[str | None, described("for bind: the handle for PUT /v1/bindings/{user}; works once")]
    user: Annotated[str | None, described("for reset: the user who requested it")] = None
    verification: Annotated[
        str | None, described("for reset: the verification that this call created and approved")
    ] = None
    approved_at: Annotated[Time | None, described("for reset: when it was approved")] = None
    proof: Annotated[str | None, described("for reset: the proof of the verification")] = None
