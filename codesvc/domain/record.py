"""A verification as read from the store, and what of it may be disclosed (DESIGN rule 7).

`Record` holds everything. `delivery_view` alone decides what a site, a page or an event stream reads about the
delivery. For a purpose that does not disclose bindings, the result is the same for every user: known or unknown, bound
or unbound, with or without a push. It changes only after approval, or after the bound WeChat account has scanned that
very QR code.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec.structs import force_setattr, replace

from codesvc.domain.addresses import masked_bucket
from codesvc.domain.channels import Channel
from codesvc.domain.clock import is_over
from codesvc.domain.codes import TEST_ID
from codesvc.domain.verification import (
    PROOF_LIFE_MS,
    RENEWABLE,
    UNFINISHED_DELIVERIES,
    Basis,
    DeliveryStatus,
    ScanPolicy,
    Status,
)


class Fixed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The values of a start that never change. The store holds them as one JSON text.

    Attributes:
        locale: `zh` or `en`, the language of messages.
        agent: family of the browser that asked, from a closed list, "" if unknown.
        place: the address that asked, masked, "" if unknown; of verifications only a successor's record holds it.
        return_url: where the hosted page leads back to.
        metadata: the site's own object, returned unchanged.
        trace: the call's `traceparent`, "" without tracing; see `codesvc.runtime.tracing`.
    """

    locale: str = "zh"
    agent: str = ""
    place: str = ""
    return_url: str | None = None
    metadata: dict[str, Any] = {}
    trace: str = ""


class DeliveryView(msgspec.Struct, frozen=True):
    """The disclosed state of a delivery: the API's `delivery` member."""

    channel: str
    status: str
    reason: str | None


UNDISCLOSED = DeliveryView(Channel.AUTO, Status.PENDING, None)


def delivery_view(
    *,
    disclosed: bool,
    pending: bool,
    channel: str,
    delivery: DeliveryStatus,
    reason: str,
    gateway: str = "",
    handed_for: str = "",
) -> DeliveryView:
    """The view of a delivery for sites, pages, event streams and webhooks; `pending` refers to the verification.

    `gateway` is where its last resort stands, "" for none, and `handed_for` why (`fragments/contact.lua`).
    """
    if not disclosed:
        return UNDISCLOSED
    if gateway and (standing := _gateway_status(gateway, delivery)) is not None:
        channel, delivery, reason = Channel.GATEWAY, standing, handed_for or reason or "no-binding"
    if not pending and delivery in UNFINISHED_DELIVERIES:
        return DeliveryView(channel, DeliveryStatus.FAILED, "expired")
    return DeliveryView(channel, delivery, reason or None)


def _gateway_status(gateway: str, delivery: DeliveryStatus) -> DeliveryStatus | None:
    """The status shown while the gateway is used as the last resort; None if that of WeChat's delivery says more."""
    given_up = delivery in {DeliveryStatus.FAILED, DeliveryStatus.AWAITING_SCAN}
    if delivery in {DeliveryStatus.DELIVERED, DeliveryStatus.SCANNED}:
        return None
    match gateway:
        case "waiting" if given_up:
            return DeliveryStatus.QUEUED
        case "handing_over":
            return DeliveryStatus.QUEUED
        case "handed_over":
            return DeliveryStatus.SENT
        case "unknown":
            return DeliveryStatus.UNKNOWN
        case "failed" if delivery is DeliveryStatus.FAILED:
            return DeliveryStatus.FAILED
        case _:
            return None


class Record(msgspec.Struct, frozen=True, array_like=True, eq=True):
    """A verification, read at `now` (ms by the store's clock). Its repr hides openids and the user.

    The members before `id`, in this order, are the stored form of a record: a MessagePack array that ends with the last
    member that has a value. So no names are stored and decoding is one step. Rarely used members come last. Fields that
    scripts write under other names are in `more`, so that the order never has to change. Times are in ms;
    `code_max_life_ms` and `delivery_after_ms` count from the start. `address` is the rate-limit bucket of the client's
    address, `-` for none.
    """

    more: dict[str, str] | None
    site: str
    user: str
    purpose: str
    address: str
    fixed_json: str = msgspec.field(name="fixed")
    scan: ScanPolicy
    vouched: bool
    disclose_binding: bool
    keyword: str
    status: Status
    attempts: int
    attempts_left: int
    created: int
    expires: int
    code_max_life_ms: int = msgspec.field(name="code_max_life")
    code_life_ms: int = msgspec.field(name="code_life")
    resend_at: int
    number: int
    channel: str
    delivery: DeliveryStatus
    reason: str
    delivery_after_ms: int = msgspec.field(name="delivery_after")
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
        """Decode the reply of a script. The id is not in the stored form, because it is part of the key."""
        record = _stored.decode(stored)
        # The record is new and nobody else holds it, so it may be changed. A copy would cost as much as decoding.
        force_setattr(record, "id", identifier)
        force_setattr(record, "now", now)
        if record.status is Status.PENDING and is_over(now, since=record.created, ends=record.expires):
            force_setattr(record, "status", Status.EXPIRED)
        return record

    @property
    def fixed(self) -> Fixed:
        """The values fixed at the start. `place` is computed from the address that the limits count.

        Limits count a successor for the address of the page's reader. Messages show where its predecessor began, so its
        place is stored.
        """
        fixed = _fixed.decode(self.fixed_json)
        if not self.predecessor:
            force_setattr(fixed, "place", masked_bucket(self.address))
        return fixed

    @property
    def test(self) -> bool:
        """Whether the verification belongs to a test identity (`codesvc.domain.test_identity`)."""
        return self.id.startswith(TEST_ID)

    @property
    def disclosed(self) -> bool:
        """Whether the real state of the delivery may be disclosed (DESIGN rule 7)."""
        return self.disclose_binding or self.status is Status.APPROVED or self.claimed_basis is Basis.BOUND

    @property
    def scannable(self) -> bool:
        """Whether a scan may bring the code. If bindings are not disclosed, the answer does not depend on the user."""
        if self.status is not Status.PENDING or self.scan is ScanPolicy.OFF:
            return False
        if not self.disclose_binding or self.scan is ScanPolicy.OPEN:
            return True
        return not (self.delivery is DeliveryStatus.FAILED and self.reason == "no-binding")

    @property
    def predecessor(self) -> str | None:
        """The verification whose page started this one; None if the site did."""
        return (self.more or {}).get("predecessor")

    @property
    def successor(self) -> str | None:
        """The verification that this one's page started; None if there is none."""
        return (self.more or {}).get("successor")

    @property
    def gateway(self) -> str:
        """Where its last resort stands (`fragments/contact.lua`); "" if its start named none."""
        return (self.more or {}).get("gateway", "")

    @property
    def renewable(self) -> bool:
        """Whether the page may start a successor, or lead on to the one that it has started (`start.lua`).

        It may after it expired, was exhausted or superseded, and while a WeChat account that is not the bound one holds
        the only scan. The second is said only where the delivery is disclosed, so that the answer does not depend on
        the user. With a last resort it may not: its page does not know the recipient.
        """
        if self.predecessor or self.gateway:
            return False
        if self.status is Status.PENDING:
            return self.disclose_binding and self.claimed_by is not None and self.claimed_basis is not Basis.BOUND
        return self.status in RENEWABLE

    @property
    def delivery_view(self) -> DeliveryView:
        """The delivery as sites, pages and event streams may read it."""
        more = self.more or {}
        return delivery_view(
            disclosed=self.disclosed,
            pending=self.status is Status.PENDING,
            channel=self.channel,
            delivery=self.delivery,
            reason=self.reason,
            gateway=more.get("gateway", ""),
            handed_for=more.get("handed_for", ""),
        )

    @property
    def proof_available(self) -> bool:
        """Whether a proof is still available."""
        since = self.approved
        return since is not None and not is_over(self.now, since=since, ends=since + PROOF_LIFE_MS)

    @property
    def return_hash(self) -> str:
        """The hash of the return key that the proof is given for, "" if it takes none (`codesvc.domain.return_key`)."""
        return (self.more or {}).get("return_hash", "")

    def as_started(self) -> Record:
        """The verification as it was when it was started: the answer to a repeated start (Idempotency-Key)."""
        expires, resend_at, channel, delivery, reason = (self.first or "").split(" ", 4)
        more = self.more
        if more and "first_gateway" in more:
            more = {name: value for name, value in more.items() if name != "handed_for"}
            more["gateway"] = more["first_gateway"]
        return replace(
            self,
            more=more,
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


# The scripts write numbers as numbers and some flags as text.
_stored: Final = msgspec.msgpack.Decoder(Record, strict=False)
_fixed: Final = msgspec.json.Decoder(Fixed)
LAYOUT: Final = Record.__struct_encode_fields__[1:-2]
"""The members' names in the scripts, in the stored order, after `more`."""
