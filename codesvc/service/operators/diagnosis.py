"""Diagnoses a verification from its timeline: whether the code arrived, and why not. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from codesvc.domain.channels import Channel
from codesvc.domain.timeline import Step, StepKind, read_timeline
from codesvc.domain.verification import DeliveryStatus, Status
from codesvc.service.statistics.fields import NO_PUSH_MEANT

if TYPE_CHECKING:
    from codesvc.domain.record import Record


class Arrived(StrEnum):
    """Whether the code reached the person's WeChat."""

    YES = "yes"
    """WeChat's receipt reported it, the person read it in the chat, or typed it."""
    PROBABLY = "probably"
    """WeChat accepted the message and has sent no receipt (yet)."""
    NOT_YET = "not_yet"
    """The message is being sent, or the person has to scan first."""
    NO = "no"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The result of a diagnosis.

    Attributes:
        key: the sentence that says it; a text of the operator's pages, `why.{key}`.
        reason: why a delivery failed or waits, "" if nothing went wrong.
        cause: WeChat's errcode or the limit behind the reason, "" if none.
        after_ms: ms from the start until it arrived, None if it did not.
    """

    arrived: Arrived
    key: str
    reason: str = ""
    cause: str = ""
    after_ms: int | None = None

    @property
    def went_wrong(self) -> bool:
        """Whether other people may have the same problem."""
        return bool(self.reason) and self.reason not in NO_PUSH_MEANT


def diagnose(record: Record) -> Diagnosis:
    """Diagnose a verification."""
    steps = read_timeline(record.trail or "")
    return _arrival(record, steps) or _obstacle(record, steps)


def _arrival(record: Record, steps: list[Step]) -> Diagnosis | None:
    """The diagnosis if the code has arrived, as far as is known."""
    if record.status is Status.APPROVED:
        return Diagnosis(
            Arrived.YES, "approved", after_ms=_first(steps, StepKind.DELIVERED, StepKind.SENT, StepKind.APPROVED)
        )
    if record.disarmed:
        return Diagnosis(Arrived.YES, "disowned", after_ms=_first(steps, StepKind.DELIVERED, StepKind.SENT))
    if record.delivery is DeliveryStatus.DELIVERED:
        return Diagnosis(Arrived.YES, "delivered", after_ms=_first(steps, StepKind.DELIVERED))
    handed = {"handed_over": "gateway", "unknown": "gateway_unknown"}.get(record.gateway)
    if handed is not None:
        return Diagnosis(Arrived.PROBABLY, handed, after_ms=_first(steps, StepKind.GATEWAY))
    if record.delivery is DeliveryStatus.SENT:
        replied = record.channel == Channel.REPLY
        return Diagnosis(
            Arrived.YES if replied else Arrived.PROBABLY,
            "replied" if replied else "sent",
            after_ms=_first(steps, StepKind.SENT),
        )
    return None


def _obstacle(record: Record, steps: list[Step]) -> Diagnosis:
    """The diagnosis of a code that has not arrived."""
    trouble = _latest(steps, StepKind.FAILED, StepKind.AWAITING_SCAN, StepKind.TROUBLE, StepKind.UNKNOWN)
    reason, cause = (trouble.reason, trouble.cause) if trouble else ("", "")
    over = record.status is not Status.PENDING
    open_ended = Arrived.NO if over else Arrived.NOT_YET
    if _latest(steps, StepKind.TURNED_AWAY):
        return Diagnosis(Arrived.NO, "turned_away", reason, cause)
    if record.status in {Status.SUPERSEDED, Status.CANCELED}:
        return Diagnosis(Arrived.NO, record.status.value, reason, cause)
    if record.gateway == "handing_over":
        return Diagnosis(open_ended, "gateway_coming", reason, cause)
    match record.delivery:
        case DeliveryStatus.FAILED:
            return Diagnosis(Arrived.NO, "failed", reason, cause)
        case DeliveryStatus.AWAITING_SCAN if reason in NO_PUSH_MEANT:
            return Diagnosis(open_ended, "never_scanned" if over else "wants_scan", reason)
        case DeliveryStatus.AWAITING_SCAN:
            return Diagnosis(open_ended, "fell_back_unscanned" if over else "fell_back", reason, cause)
        case DeliveryStatus.UNKNOWN:
            return Diagnosis(Arrived.PROBABLY, "unknown", "timeout")
        case _ if trouble and trouble.kind is StepKind.TROUBLE:
            return Diagnosis(open_ended, "stuck", reason, cause)
        case _:
            return Diagnosis(open_ended, "never_left" if over else "on_its_way", reason)


def _latest(steps: list[Step], *words: StepKind) -> Step | None:
    return next((step for step in reversed(steps) if step.kind in words), None)


def _first(steps: list[Step], *words: StepKind) -> int | None:
    """The time of the first of these kinds that is in the timeline, ms after the start."""
    for word in words:
        found = next((step.after_ms for step in steps if step.kind is word), None)
        if found is not None:
            return found
    return None
