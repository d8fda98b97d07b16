"""The life of a verification and of its delivery, as tables (DESIGN, "Life of a verification").

The tables below are the only place where the states are spelt. `codesvc.store` writes them into the Lua scripts, which
do the moving; the documentation's diagram is drawn from them. A move that is not in them raises.

Two things that look like states are not: a pending verification whose time is over *reads* as expired without anybody
writing so, and an ended one is gone an hour after its end although the store still holds it (TTLs decide nothing).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """Where a verification stands."""

    PENDING = "pending"
    APPROVED = "approved"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    CANCELED = "canceled"
    SUPERSEDED = "superseded"


class DeliveryStatus(StrEnum):
    """Where carrying the code to an openid stands."""

    QUEUED = "queued"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DELIVERED = "delivered"
    AWAITING_SCAN = "awaiting_scan"
    SCANNED = "scanned"


class ScanPolicy(StrEnum):
    """Who may receive a code by scanning (DESIGN rule 6)."""

    OPEN = "open"
    BOUND = "bound"
    OFF = "off"


class Basis(StrEnum):
    """Why an approval may be believed: what a proof says in `basis`."""

    OPEN = "open"
    BOUND = "bound"
    VOUCHED = "vouched"
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
"""What an ended verification cannot leave behind: these read as failed(expired) from then on."""

KEPT_AFTER_END_MS: Final = 3_600_000
"""How long an ended verification can still be read."""

PROOF_LIFE_MS: Final = 600_000
"""How long after approval a proof is handed out and accepted."""
