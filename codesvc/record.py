"""One verification as the store answers it, and what of it may be said to whom (DESIGN rule 7).

`Record` holds everything; `delivery_view` is the one place that decides what a site, a page or an event stream
reads about the delivery. For a purpose that does not disclose bindings it says the same for every user, known or not,
bound or not, pushed to or not, until approval or until the bound WeChat itself scanned that very QR.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from codesvc.codes import TEST_ID
from codesvc.verification import (
    KEPT_AFTER_END_MS,
    PROOF_LIFE_MS,
    UNFINISHED_DELIVERIES,
    Basis,
    Channel,
    DeliveryStatus,
    ScanPolicy,
    Status,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


class Fixed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a start says once and nothing ever changes; travels through the store as one JSON text.

    Attributes:
        locale: `zh` or `en`, the language of messages.
        agent: family of the browser that asked, from a closed list, "" if unknown.
        place: the address that asked, masked, "" if unknown.
        address_given: whether the site sent an address.
        return_url: where the hosted page leads back to.
        metadata: the site's own object, handed back as it came.
    """

    locale: str = "zh"
    agent: str = ""
    place: str = ""
    return_url: str | None = None
    metadata: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """What may be said of a delivery: the words of the API's `delivery` member."""

    channel: str
    status: str
    reason: str | None


UNDISCLOSED = DeliveryView(Channel.AUTO, Status.PENDING, None)


def delivery_view(
    *, disclosed: bool, pending: bool, channel: str, delivery: DeliveryStatus, reason: str
) -> DeliveryView:
    """What sites, pages, event streams and webhooks read of a delivery; `pending` is about the verification."""
    if not disclosed:
        return UNDISCLOSED
    if not pending and delivery in UNFINISHED_DELIVERIES:
        return DeliveryView(channel, DeliveryStatus.FAILED, "expired")
    return DeliveryView(channel, delivery, reason or None)


@dataclass(frozen=True, slots=True, repr=False)
class Record:
    """One verification, read at `now` (ms by the store's clock). Openids and the user stay out of the repr."""

    id: str
    site: str
    user: str
    purpose: str
    address: str
    fixed: Fixed
    scan: ScanPolicy
    disclose: bool
    status: Status
    now: int
    created: int
    expires: int
    resend_at: int
    latest: int
    attempts: int
    attempts_left: int
    word: str
    channel: str
    delivery: DeliveryStatus
    reason: str
    delivery_at: int
    number: int
    first: str
    approved: int | None
    ended: int | None
    basis: Basis | None
    spent: bool
    sent_to: str | None
    claimed_basis: Basis | None
    scene_url: str | None
    vouched: bool
    disarmed: bool
    trail: str = ""

    def __repr__(self) -> str:
        return f"Record({self.id[:10]}…, {self.status})"

    @classmethod
    def parse(cls, now: int, flat: Sequence[bytes]) -> Record:
        """Read a script's flat list of fields and values."""
        fields = {flat[i].decode(): flat[i + 1].decode() for i in range(0, len(flat), 2)}
        status = Status(fields["status"])
        if status is Status.PENDING and now >= int(fields["expires"]):
            status = Status.EXPIRED
        basis, claimed_basis = fields.get("basis"), fields.get("claimed_basis")
        return cls(
            id=fields["id"],
            site=fields["site"],
            user=fields["user"],
            purpose=fields["purpose"],
            address=fields["address"],
            fixed=msgspec.json.decode(fields["fixed"], type=Fixed),
            scan=ScanPolicy(fields["scan"]),
            disclose=fields["disclose"] == "1",
            status=status,
            now=now,
            created=int(fields["created"]),
            expires=int(fields["expires"]),
            resend_at=int(fields["resend_at"]),
            latest=int(fields["latest"]),
            attempts=int(fields["attempts"]),
            attempts_left=int(fields["attempts_left"]),
            word=fields["word"],
            channel=fields["channel"],
            delivery=DeliveryStatus(fields["delivery"]),
            reason=fields["reason"],
            delivery_at=int(fields["delivery_at"]),
            number=int(fields["number"]),
            first=fields.get("first", ""),
            approved=int(fields["approved"]) if "approved" in fields else None,
            ended=int(fields["ended"]) if "ended" in fields else None,
            basis=Basis(basis) if basis else None,
            spent="spent" in fields,
            sent_to=fields.get("sent_to"),
            claimed_basis=Basis(claimed_basis) if claimed_basis else None,
            scene_url=fields.get("scene_url"),
            vouched=fields["vouched"] == "1",
            disarmed=fields.get("disarmed") == "1",
            trail=fields.get("trail", ""),
        )

    @property
    def test(self) -> bool:
        """Whether it is a test identity's (`codesvc.identity`)."""
        return self.id.startswith(TEST_ID)

    @property
    def disclosed(self) -> bool:
        """Whether the delivery's true state may be said (rule 7)."""
        return self.disclose or self.status is Status.APPROVED or self.claimed_basis is Basis.BOUND

    @property
    def scannable(self) -> bool:
        """Whether a scan may bring the code, as far as may be said: for undisclosed ones the same for everybody."""
        if self.status is not Status.PENDING or self.scan is ScanPolicy.OFF:
            return False
        if not self.disclose or self.scan is ScanPolicy.OPEN:
            return True
        return not (self.delivery is DeliveryStatus.FAILED and self.reason == "no-binding")

    @property
    def delivery_view(self) -> DeliveryView:
        """What sites, pages and event streams read."""
        return delivery_view(
            disclosed=self.disclosed,
            pending=self.status is Status.PENDING,
            channel=self.channel,
            delivery=self.delivery,
            reason=self.reason,
        )

    @property
    def proof_available(self) -> bool:
        """Whether a proof is still handed out."""
        return self.approved is not None and self.now < self.approved + PROOF_LIFE_MS

    @property
    def gone_at(self) -> int:
        """When this verification can no longer be read, ms."""
        return (self.ended or self.expires) + KEPT_AFTER_END_MS

    def as_started(self) -> Record:
        """This verification as it was when it was started: what a repeated start answers (Idempotency-Key)."""
        expires, resend_at, channel, delivery, reason = self.first.split(" ", 4)
        return replace(
            self,
            status=Status.PENDING,
            expires=int(expires),
            resend_at=int(resend_at),
            attempts_left=self.attempts,
            channel=channel,
            delivery=DeliveryStatus(delivery),
            reason=reason,
            approved=None,
            claimed_basis=None,
        )
