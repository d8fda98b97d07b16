"""The timeline of a verification: what happened and when, as the scripts record it (`fragments/record.lua`).

It is for operators and statistics. Sites and pages never read it, because it shows what an undisclosed verification
must hide (DESIGN rule 7). An entry is `ms-since-the-start:kind` or `…:kind/detail`.
"""

from dataclasses import dataclass
from enum import StrEnum


class StepKind(StrEnum):
    """Kinds of steps. A step that is also a state has the name that it has in `codesvc.domain.verification`."""

    QUEUED = "queued"
    """A push was added to the outbox. Detail: the channel that is tried first."""
    SENT = "sent"
    """The code was sent. Detail: the channel."""
    UNKNOWN = "unknown"
    FAILED = "failed"
    """Detail: the reason, and after a full stop WeChat's errcode or the limit."""
    DELIVERED = "delivered"
    AWAITING_SCAN = "awaiting_scan"
    """No push is made, or no further one. Detail: the reason, as for FAILED."""
    SCANNED = "scanned"
    APPROVED = "approved"
    """Detail: the basis."""
    EXHAUSTED = "exhausted"
    CANCELED = "canceled"
    SUPERSEDED = "superseded"
    SHOWN = "shown"
    """The QR code was shown."""
    RESENT = "resent"
    GATEWAY = "gateway"
    """The site's own gateway is called, as the last resort. Detail: why."""
    WRONG = "wrong"
    REFUSED = "refused"
    """A guess was refused. Detail: the limit."""
    TURNED_AWAY = "turned_away"
    """A WeChat account scanned that may not receive the code."""
    DISOWNED = "disowned"
    """The person replied that they did not start it."""
    TROUBLE = "trouble"
    """An attempt to send failed and will be repeated. Detail: the reason."""


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a timeline.

    Attributes:
        after_ms: ms since the start.
        detail: see `StepKind`; "" if there is none.
    """

    after_ms: int
    kind: StepKind
    detail: str = ""

    @property
    def reason(self) -> str:
        """The detail up to the full stop."""
        return self.detail.partition(".")[0]

    @property
    def cause(self) -> str:
        """The detail after the full stop: WeChat's errcode or the limit, "" if none."""
        return self.detail.partition(".")[2]


def read_step(text: str, after: int = 0) -> Step:
    """Read one entry without its time: `kind` or `kind/detail`."""
    kind, _, detail = text.partition("/")
    return Step(after, StepKind(kind), detail)


def read_timeline(text: str) -> list[Step]:
    """Read a whole timeline, oldest entry first."""
    return [read_step(step, int(after)) for after, _, step in (entry.partition(":") for entry in text.split())]
