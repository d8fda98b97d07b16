"""A verification's trail: what happened to it and when, as the scripts write it down (`fragments/record.lua`).

It is for operators and for counting; sites and pages never read it, because it tells what an undisclosed verification
must not (DESIGN rule 7). An entry is `ms-since-the-start:word` or `…:word/detail`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Word(StrEnum):
    """What can happen. Those that are states too are spelt as in `codesvc.domain.verification`."""

    QUEUED = "queued"
    """A push was put into the outbox; detail: the channel tried first."""
    SENT = "sent"
    """The code left; detail: by which channel."""
    UNKNOWN = "unknown"
    FAILED = "failed"
    """Detail: the reason, and after a full stop WeChat's errcode or the limit."""
    DELIVERED = "delivered"
    AWAITING_SCAN = "awaiting_scan"
    """Nothing is pushed, or no longer; detail: why, as for FAILED."""
    SCANNED = "scanned"
    APPROVED = "approved"
    """Detail: the basis."""
    EXHAUSTED = "exhausted"
    CANCELED = "canceled"
    SUPERSEDED = "superseded"
    SHOWN = "shown"
    """The QR code was shown."""
    RESENT = "resent"
    WRONG = "wrong"
    REFUSED = "refused"
    """A guess was refused; detail: the limit."""
    TURNED_AWAY = "turned_away"
    """A WeChat that may not have the code scanned."""
    DISOWNED = "disowned"
    """The person said that it was not him."""
    TROUBLE = "trouble"
    """A try to send that will be repeated; detail: why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One entry.

    Attributes:
        after: ms since the start.
        word: what happened.
        detail: see `Word`; "" where there is none.
    """

    after: int
    word: Word
    detail: str = ""

    @property
    def reason(self) -> str:
        """The detail without what stands behind the full stop."""
        return self.detail.partition(".")[0]

    @property
    def cause(self) -> str:
        """What stands behind it: WeChat's errcode, or the limit; "" if nothing."""
        return self.detail.partition(".")[2]


def read_step(told: str, after: int = 0) -> Step:
    """One entry without its time, as `Answer.firsts` names them."""
    word, _, detail = told.partition("/")
    return Step(after, Word(word), detail)


def read_trail(text: str) -> list[Step]:
    """All entries, oldest first."""
    return [read_step(told, int(after)) for after, _, told in (entry.partition(":") for entry in text.split())]
