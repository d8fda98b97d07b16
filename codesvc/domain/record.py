"""One verification as the store answers it, and what of it may be said to whom (DESIGN rule 7).

`Record` holds everything; `delivery_view` is the one place that decides what a site, a page or an event stream
reads about the delivery. For a purpose that does not disclose bindings it says the same for every user, known or not,
bound or not, pushed to or not, until approval or until the bound WeChat itself scanned that very QR.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec.structs import force_setattr, replace

from codesvc.domain.codes import TEST_ID
from codesvc.domain.limits import masked_bucket
from codesvc.domain.verification import (
    KEPT_AFTER_END_MS,
    PROOF_LIFE_MS,
    UNFINISHED_DELIVERIES,
    Basis,
    Channel,
    DeliveryStatus,
    ScanPolicy,
    Status,
)


class Fixed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a start says once and nothing ever changes; travels through the store as one JSON text.

    Attributes:
        locale: `zh` or `en`, the language of messages.
        agent: family of the browser that asked, from a closed list, "" if unknown.
        place: the address that asked, masked, "" if unknown; a verification's record does not repeat it.
        address_given: whether the site sent an address.
        return_url: where the hosted page leads back to.
        metadata: the site's own object, handed back as it came.
        trace: the call's `traceparent`, "" where nothing is traced; see `codesvc.runtime.tracing`.
    """

    locale: str = "zh"
    agent: str = ""
    place: str = ""
    return_url: str | None = None
    metadata: dict[str, Any] = {}
    trace: str = ""


class DeliveryView(msgspec.Struct, frozen=True):
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


class Record(msgspec.Struct, frozen=True, array_like=True, eq=True):
    """One verification, read at `now` (ms by the store's clock). Openids and the user stay out of the repr.

    The members in front of `id` are, in this order, how a record lies in the store: an array in MessagePack, which ends
    with the last one that is there. So names take no room, and reading one is one step. What is rarely there stands
    last. What the scripts write under other names travels in `more`; so the order never has to change. Times are ms;
    `max_life` and `delivery_after` count from the start.
    """

    more: dict[str, str] | None
    site: str
    user: str
    purpose: str
    address: str
    fixed_json: str = msgspec.field(name="fixed")
    scan: ScanPolicy
    vouched: bool
    disclose: bool
    keyword: str
    status: Status
    attempts: int
    attempts_left: int
    created: int
    expires: int
    max_life: int
    life: int
    resend_at: int
    number: int
    channel: str
    delivery: DeliveryStatus
    reason: str
    delivery_after: int
    trail: str | None = None
    sent_to: str | None = None
    hooks: str | None = None
    msgid: str | None = None
    first: str | None = None
    claimed_by: str | None = None
    claimed_basis: Basis | None = None
    ended: int | None = None
    approved: int | None = None
    basis: Basis | None = None
    scene: str | None = None
    scene_url: str | None = None
    spent: int | None = None
    disarmed: bool | None = None
    id: str = ""
    now: int = 0

    def __repr__(self) -> str:
        return f"Record({self.id[:10]}…, {self.status})"

    @classmethod
    def parse(cls, now: int, stored: bytes, identifier: str) -> Record:
        """Read what a script answers about a verification; its id is part of its key, not of what lies there."""
        record = _stored.decode(stored)
        # It is nobody else's yet; a copy would cost as much as the reading.
        force_setattr(record, "id", identifier)
        force_setattr(record, "now", now)
        if record.status is Status.PENDING and now >= record.expires:
            force_setattr(record, "status", Status.EXPIRED)
        return record

    @property
    def fixed(self) -> Fixed:
        """What the start has said; the place is worked out from the address that is counted."""
        fixed = _fixed.decode(self.fixed_json)
        force_setattr(fixed, "place", masked_bucket(self.address))
        return fixed

    @property
    def test(self) -> bool:
        """Whether it is a test identity's (`codesvc.domain.test_identity`)."""
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
        expires, resend_at, channel, delivery, reason = (self.first or "").split(" ", 4)
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


# The scripts write numbers as numbers, and some flags as text.
_stored: Final = msgspec.msgpack.Decoder(Record, strict=False)
_fixed: Final = msgspec.json.Decoder(Fixed)
LAYOUT: Final = Record.__struct_encode_fields__[1:-2]
"""The names that the scripts know the members by, in the order in which they lie in the store, after `more`."""
