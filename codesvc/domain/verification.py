"""States of a verification and of its delivery, as transition tables (DESIGN, "Life of a verification").

The tables below are the only definition of the states. `codesvc.store` copies them into the Lua scripts, which change
the state. The documentation's diagram is drawn from them. A transition that is not in them raises an error.

Two conditions look like states but are not stored. A pending verification *reads* as expired once its time is over. An
ended one can no longer be read an hour after its end, even if the store still holds it: TTLs decide nothing.
"""

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """State of a verification."""

    PENDING = "pending"
    APPROVED = "approved"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    CANCELED = "canceled"
    SUPERSEDED = "superseded"


class DeliveryStatus(StrEnum):
    """State of a delivery."""

    QUEUED = "queued"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DELIVERED = "delivered"
    AWAITING_SCAN = "awaiting_scan"
    SCANNED = "scanned"


class ScanPolicy(StrEnum):
    """The people who may receive a code by scanning (DESIGN rule 6)."""

    OPEN = "open"
    BOUND = "bound"
    OFF = "off"


class Basis(StrEnum):
    """What an approval is based on: the claim `basis` of a proof."""

    OPEN = "open"
    BOUND = "bound"
    VOUCHED = "vouched"
    CONTACT = "contact"
    """The site's gateway brought the code to a phone number or e-mail address, and no WeChat account had it."""
    EITHER = "either"
    """A WeChat account and the gateway both had the code. Nobody can know which of the two was read."""
    TEST = "test"


VERIFICATION_MOVES: Final[dict[Status, frozenset[Status]]] = {
    Status.PENDING: frozenset(
        {Status.APPROVED, Status.EXPIRED, Status.EXHAUSTED, Status.CANCELED, Status.SUPERSEDED},
    ),
    Status.APPROVED: frozenset(),
    Status.EXPIRED: frozenset(),
    Status.EXHAUSTED: frozenset(),
    Status.CANCELED: frozenset(),
    Status.SUPERSEDED: frozenset(),
}

DELIVERY_MOVES: Final[dict[DeliveryStatus, frozenset[DeliveryStatus]]] = {
    DeliveryStatus.QUEUED: frozenset({DeliveryStatus.SENT, DeliveryStatus.UNKNOWN, DeliveryStatus.FAILED}),
    DeliveryStatus.UNKNOWN: frozenset({DeliveryStatus.SENT, DeliveryStatus.FAILED}),
    DeliveryStatus.SENT: frozenset({DeliveryStatus.DELIVERED, DeliveryStatus.FAILED}),
    DeliveryStatus.FAILED: frozenset({DeliveryStatus.AWAITING_SCAN}),
    DeliveryStatus.AWAITING_SCAN: frozenset({DeliveryStatus.SCANNED, DeliveryStatus.FAILED}),
    DeliveryStatus.SCANNED: frozenset({DeliveryStatus.SENT, DeliveryStatus.FAILED}),
    DeliveryStatus.DELIVERED: frozenset(),
}

UNFINISHED_DELIVERIES: Final = frozenset(
    {DeliveryStatus.QUEUED, DeliveryStatus.UNKNOWN, DeliveryStatus.AWAITING_SCAN, DeliveryStatus.SCANNED},
)
"""Delivery states that an ended verification cannot have: they then read as failed(expired)."""

RENEWABLE: Final = frozenset({Status.EXPIRED, Status.EXHAUSTED, Status.SUPERSEDED})
"""Ends after which the page token may start a successor, once. A canceled verification is none: its end was wanted."""

KEPT_AFTER_END_MS: Final = 3_600_000
"""How long an ended verification can still be read."""

DOUBLE_START_MS: Final = 2_000
"""A start this soon after another for the same user, purpose and address, whose code was sent, gets no message."""

KEPT_SHOWN_MS: Final = 60_000
"""Without addresses: how long a verification that was shown or sent is not superseded by others (decision 22)."""

MOST_KEPT: Final = 20
"""The most verifications of a user and purpose that are kept so."""

PROOF_LIFE_MS: Final = 600_000
"""How long after approval a proof is available and accepted."""
