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

Reference = Annotated[str, described("two letters that stand on the page and in the message", example="KX")]


class Delivery(Answer, frozen=True, kw_only=True):
    """Where carrying the code stands. Where bindings are not disclosed it reads auto, pending, null for every user."""

    channel: Annotated[str, described("the channel that delivers the code", values=CHANNELS, example="scan")]
    status: Annotated[str, described("the present status", values=DELIVERY_STATUSES, example="awaiting_scan")]
    reason: Annotated[
        str | None, described("why it failed or fell back; further reasons may come", example="user-block")
    ]


class Scan(Answer, frozen=True, kw_only=True):
    """How a scan may bring the code, or where the account has no such QR codes, its keyword."""

    image_url: Annotated[
        str, described("the QR code as SVG, made when it is first asked for; `picture` says what it shows")
    ]
    keyword: Annotated[
        str, described("does what the scan does when sent to the account as a message", example="zs77sbm6")
    ]
    picture: Annotated[
        str,
        described(
            "what image_url shows. scan: the QR code that does it all. follow: the account's own QR code (PNG, JPEG or "
            "WebP), for following only: show the keyword first. none: nothing, 404",
            values=PICTURES,
            example="scan",
        ),
    ] = "scan"


class Verification(Answer, frozen=True, kw_only=True):
    """One attempt to prove that a person controls a WeChat account."""

    secret: ClassVar[frozenset[str]] = frozenset({"user", "page_url", "page_token", "proof", "scan", "metadata"})

    id: Annotated[str, described("`vf_…`", example="vf_n7j7d6q6p5wliuuh343wacjntvzbbrmi")]
    purpose: Annotated[str, described("the purpose of the start", example="register")]
    user: Annotated[str, described("your identifier of the person", example="attempt-7f3a")]
    status: Annotated[str, described("the present status", values=STATUSES, example="pending")]
    reference: Reference
    test: Annotated[bool, described("whether the user is a test identity, whom no message goes to")]
    created_at: Time
    expires_at: Annotated[Time, described("when the code ends")]
    resend_at: Annotated[Time, described("from when on a resend is taken")]
    approved_at: Annotated[Time | None, described("when it was approved")]
    attempts_left: Annotated[int, described("how many wrong codes it still takes", example=5)]
    metadata: Annotated[
        dict[str, Any],
        Meta(description="your own object, as it came", extra_json_schema={"additionalProperties": True}),
    ]
    delivery: Delivery
    scan: Annotated[Scan | None, described("not null wherever a scan may bring the code")]
    page_url: Annotated[str, described("the address of the hosted page")]
    page_token: Annotated[str, described("lets a browser act on exactly this verification")]
    predecessor: Annotated[str | None, described("the verification whose page started this one; null if you did")] = (
        None
    )
    successor: Annotated[str | None, described("the verification that this one's page started in its place")] = None
    proof: Annotated[str | None, described("a JWT; there for 10 minutes after approval")] = None

    @property
    def approved(self) -> bool:
        """Whether it was approved: the only status that lets anybody in."""
        return self.status == "approved"


class ScanCode(Answer, frozen=True, kw_only=True):
    """A QR code to draw oneself."""

    secret: ClassVar[frozenset[str]] = frozenset({"url", "image_url", "keyword"})

    url: Annotated[str, described("what the QR code says", example="http://weixin.qq.com/q/02TApEFQtcBhQp1K82mtyQ")]
    image_url: Annotated[str, described("the picture as the service draws it")]
    keyword: Annotated[str, described("does the same when sent as a message", example="zs77sbm6")]
    expires_at: Time


class Brand(Answer, frozen=True, kw_only=True):
    """The looks of a site's pages and widget, as its operator has set them."""

    logo: Annotated[str | None, described("the picture's address; null for none")]
    accent: Annotated[
        str | None, described("colour of buttons and links, in a shade that can be read; null: ours", example="#1366db")
    ]
    accent_dark: Annotated[str | None, described("colour of buttons and links on dark pages", example="#3b8dff")]
    radius: Annotated[int, described("the radius of the card's corners, in CSS pixels", example=20)]
    qr_frame: Annotated[str, described("around the QR code", values=("line", "accent", "none"), example="line")]


class VerificationPage(Answer, frozen=True, kw_only=True):
    """What a page token may read of a verification: no user, no proof, no metadata."""

    secret: ClassVar[frozenset[str]] = frozenset({"scan", "return_to"})

    status: Annotated[str, described("the present status", values=STATUSES, example="pending")]
    reference: Reference
    test: Annotated[bool, described("whether the user is a test identity, whom no message goes to")] = False
    site: Annotated[str, described("the site's name in the reader's language", example="Moonhill Tea")]
    account: Annotated[str, described("the name of the Official Account")]
    purpose: Annotated[str, described("the purpose's name in the reader's language", example="Sign-up")]
    now: Annotated[Time | None, described("the service's time; null in events, where it would be a change by itself")]
    expires_at: Time
    resend_at: Time
    attempts_left: Annotated[int, described("how many wrong codes it still takes", example=5)]
    code_length: Annotated[int, described("how many characters the code has", example=6)]
    code_digits: Annotated[bool, described("whether these are digits only", example=True)]
    delivery: Delivery
    scan: Scan | None
    return_to: Annotated[str | None, described("where to go after approval")]
    renew: (
        Annotated[
            str, described("what the page can renew once: the QR code or the code", values=RENEWALS, example="scan")
        ]
        | None
    ) = None
    by_keyword: Annotated[
        bool, described("whether only the keyword works, because the account has no QR codes for pages", example=False)
    ] = False
    brand: Annotated[Brand | None, described("the logo and colours of the site; null if the operator has set none")] = (
        None
    )


class Renewal(Answer, frozen=True, kw_only=True):
    """The successor of a verification, bind intent or login, for the browser that asked for it."""

    secret: ClassVar[frozenset[str]] = frozenset({"page_url", "page_token"})

    page_url: Annotated[str, described("its hosted page")]
    page_token: Annotated[str, described("lets a browser act on exactly the successor")]
