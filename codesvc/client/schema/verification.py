"""The types of a verification: for a site with its key, and for a browser with a page token."""

from typing import Annotated, Any, ClassVar, Final

from msgspec import Meta

from codesvc.client.schema.answer import Answer, Time, described

STATUSES: Final = ("pending", "approved", "expired", "exhausted", "canceled", "superseded")
DELIVERY_STATUSES: Final = (
    "queued",
    "sent",
    "unknown",
    "failed",
    "delivered",
    "awaiting_scan",
    "scanned",
    "pending",
)
PICTURES: Final = ("scan", "follow", "none")
RENEWALS: Final = ("scan", "code")
CHANNELS: Final = ("template", "subscription", "customer_service", "reply", "gateway", "scan", "auto")

Reference = Annotated[str, described("two letters shown on the page and in the message", example="KX")]


class Delivery(Answer, frozen=True, kw_only=True):
    """The state of the delivery. If bindings are not disclosed, it is auto, pending, null for every user."""

    channel: Annotated[str, described("the channel that delivers the code", values=CHANNELS, example="scan")]
    status: Annotated[str, described("the current status", values=DELIVERY_STATUSES, example="awaiting_scan")]
    reason: Annotated[str | None, described("why it failed or fell back; reasons may be added", example="user-block")]


class Scan(Answer, frozen=True, kw_only=True):
    """How the code can be received by a scan or, if the account has no such QR codes, by a keyword."""

    image_url: Annotated[
        str, described("the QR code as SVG, created at the first request; `picture` says what it shows")
    ]
    keyword: Annotated[
        str, described("has the same effect as the scan when sent to the account as a message", example="zs77sbm6")
    ]
    picture: Annotated[
        str,
        described(
            "what image_url shows. scan: the QR code for this attempt. follow: the account's own QR code (PNG, "
            "JPEG or WebP), only for following: show the keyword first. none: nothing, 404",
            values=PICTURES,
            example="scan",
        ),
    ] = "scan"


class Verification(Answer, frozen=True, kw_only=True):
    """One attempt to prove that a person controls a WeChat account."""

    secret: ClassVar[frozenset[str]] = frozenset({"user", "page_url", "page_token", "proof", "scan", "metadata"})

    id: Annotated[str, described("`vf_…`", example="vf_n7j7d6q6p5wliuuh343wacjntvzbbrmi")]
    purpose: Annotated[str, described("the verification's purpose", example="register")]
    user: Annotated[str, described("your identifier of the person", example="attempt-7f3a")]
    status: Annotated[str, described("the current status", values=STATUSES, example="pending")]
    reference: Reference
    test: Annotated[bool, described("whether the user is a test identity, which never gets messages")]
    created_at: Time
    expires_at: Annotated[Time, described("when the code expires")]
    resend_at: Annotated[Time, described("when a resend is possible")]
    approved_at: Annotated[Time | None, described("when it was approved")]
    attempts_left: Annotated[int, described("how many more wrong codes are allowed", example=5)]
    metadata: Annotated[
        dict[str, Any],
        Meta(description="your own object, unchanged", extra_json_schema={"additionalProperties": True}),
    ]
    delivery: Delivery
    scan: Annotated[Scan | None, described("not null if the code can be received by a scan")]
    page_url: Annotated[str, described("the address of the hosted page")]
    page_token: Annotated[str, described("lets a browser act on this verification only")]
    predecessor: Annotated[str | None, described("the verification whose page started this one; null if you did")] = (
        None
    )
    successor: Annotated[str | None, described("the verification that this one's page started in its place")] = None
    proof: Annotated[str | None, described("a JWT; present for 10 minutes after approval")] = None

    @property
    def approved(self) -> bool:
        """Whether it was approved: the only status that lets anybody in."""
        return self.status == "approved"


class ScanCode(Answer, frozen=True, kw_only=True):
    """A QR code to draw yourself."""

    secret: ClassVar[frozenset[str]] = frozenset({"url", "image_url", "keyword"})

    url: Annotated[
        str, described("the content of the QR code", example="http://weixin.qq.com/q/02TApEFQtcBhQp1K82mtyQ")
    ]
    image_url: Annotated[str, described("the address of the image drawn by the service")]
    keyword: Annotated[str, described("has the same effect when sent as a message", example="zs77sbm6")]
    expires_at: Time


class Brand(Answer, frozen=True, kw_only=True):
    """The branding of a site's pages and widget, as set by its operator."""

    logo: Annotated[str | None, described("the image's address; null if there is none")]
    accent: Annotated[
        str | None,
        described("the colour of buttons and links, in a readable shade; null for the default", example="#1366db"),
    ]
    accent_dark: Annotated[str | None, described("the colour of buttons and links on dark pages", example="#3b8dff")]
    radius: Annotated[int, described("the radius of the card's corners, in CSS pixels", example=20)]
    qr_frame: Annotated[
        str, described("the colour around the QR code", values=("line", "accent", "none"), example="line")
    ]


class VerificationPage(Answer, frozen=True, kw_only=True):
    """What a page token may read of a verification: no user, no proof, no metadata."""

    secret: ClassVar[frozenset[str]] = frozenset({"scan", "return_to"})

    status: Annotated[str, described("the current status", values=STATUSES, example="pending")]
    reference: Reference
    test: Annotated[bool, described("whether the user is a test identity, which never gets messages")] = False
    site: Annotated[str, described("the site's name in the reader's language", example="Moonhill Tea")]
    account: Annotated[str, described("the name of the Official Account")]
    purpose: Annotated[str, described("the purpose's name in the reader's language", example="Sign-up")]
    now: Annotated[Time | None, described("the service's time; null in events, where it would count as a change")]
    expires_at: Time
    resend_at: Time
    attempts_left: Annotated[int, described("how many more wrong codes are allowed", example=5)]
    code_length: Annotated[int, described("how many characters the code has", example=6)]
    code_digits: Annotated[bool, described("whether these are digits only", example=True)]
    delivery: Delivery
    scan: Scan | None
    return_to: Annotated[str | None, described("the address to which the browser goes after approval")]
    renew: (
        Annotated[
            str, described("what the page can renew once: the QR code or the code", values=RENEWALS, example="scan")
        ]
        | None
    ) = None
    by_keyword: Annotated[
        bool, described("whether only the keyword works because the account has no QR codes for pages", example=False)
    ] = False
    brand: Annotated[Brand | None, described("the logo and colours of the site; null if the operator has set none")] = (
        None
    )


class Renewal(Answer, frozen=True, kw_only=True):
    """The successor of a verification, bind intent or login, for the browser that requested it."""

    secret: ClassVar[frozenset[str]] = frozenset({"page_url", "page_token"})

    page_url: Annotated[str, described("the address of its hosted page")]
    page_token: Annotated[str, described("lets a browser act on the successor only")]
