"""The names of the figures in the store. The list is closed, so that the size of a bucket is bounded. Pure.

A *subject* is a site (`site/shop`) or an account (`account/main`). Each has a bucket for every minute of the last day
and for every hour of the last 90 days; a bucket maps fields to counts. A site's fields are `{purpose}.{fact}` and
`{purpose}.{fact}.{detail}`; an account's are `call.{endpoint}.{result}`.
"""

from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from codesvc.domain.timeline import Step, StepKind


class Fact(StrEnum):
    """What is counted of a site, by purpose: once for a verification, unless the text of a fact says otherwise."""

    ISSUED = "issued"
    PUSHED = "pushed"
    """A push to the bound WeChat account was queued."""
    UNBOUND = "unbound"
    """The user was not bound, so the page asked for a scan from the start."""
    SENT = "sent"
    """The code was sent for the first time; detail: the channel."""
    DELIVERED = "delivered"
    """WeChat's receipt reported success."""
    FALLEN_BACK = "fallen_back"
    """A bound user had to scan; detail: the reason."""
    FAILED = "failed"
    """A delivery failed finally; detail: the reason."""
    SHOWN = "shown"
    SCANNED = "scanned"
    TURNED_AWAY = "turned_away"
    APPROVED = "approved"
    EXHAUSTED = "exhausted"
    CANCELED = "canceled"
    SUPERSEDED = "superseded"
    DISOWNED = "disowned"
    RESENT = "resent"
    WRONG = "wrong"
    """A wrong code; each one is counted."""
    REFUSED = "refused"
    """A limit refused a call; each time is counted; detail: the limit."""
    KEY_REFUSED = "key_refused"
    """A call with an unknown key or secret that names the site; each time is counted; it has no purpose."""
    LOGIN = "login"
    """A login to an app; each time is counted; it has no purpose; detail: the client, a dot, and the outcome."""
    TO_DELIVERED = "to_delivered"
    """Histogram: from the start to the receipt; detail: upper bound in seconds."""
    TO_APPROVED = "to_approved"
    MESSAGE_ASKED = "message_asked"
    """A message was accepted; detail: its kind."""
    MESSAGE_DELIVERED = "message_delivered"
    """WeChat's receipt reported success for a message; detail: its kind."""
    MESSAGE_HANDED = "message_handed"
    """The site's gateway took a message; detail: its kind, a dash, and why it went to the gateway."""
    MESSAGE_UNKNOWN = "message_unknown"
    MESSAGE_FAILED = "message_failed"
    MESSAGE_WOULD = "message_would"
    """In shadow mode: what WeChat would have done; detail: the kind, a dash, and `push` or why not."""


_WORDS: Final = {
    StepKind.QUEUED: Fact.PUSHED,
    StepKind.SENT: Fact.SENT,
    StepKind.DELIVERED: Fact.DELIVERED,
    StepKind.FAILED: Fact.FAILED,
    StepKind.SHOWN: Fact.SHOWN,
    StepKind.SCANNED: Fact.SCANNED,
    StepKind.TURNED_AWAY: Fact.TURNED_AWAY,
    StepKind.APPROVED: Fact.APPROVED,
    StepKind.EXHAUSTED: Fact.EXHAUSTED,
    StepKind.CANCELED: Fact.CANCELED,
    StepKind.SUPERSEDED: Fact.SUPERSEDED,
    StepKind.DISOWNED: Fact.DISOWNED,
    StepKind.RESENT: Fact.RESENT,
}
_DETAILED: Final = frozenset({Fact.SENT, Fact.FAILED, Fact.FALLEN_BACK})
NO_PUSH_MEANT: Final = frozenset({"no-binding", "no-channel"})
"""Reasons for a scan that are not fallbacks, because no push was possible."""

BOUNDS: Final = (1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600)
"""Upper bounds of the latency histograms, seconds; longer durations are in `more`."""

MORE: Final = "more"


@dataclass(frozen=True, slots=True)
class Count:
    """One figure to increment."""

    fact: Fact
    detail: str = ""


def counts_of(step: Step) -> list[Count]:
    """The figures that a verification's first step of its kind increments."""
    if step.kind is StepKind.AWAITING_SCAN:
        if step.reason in NO_PUSH_MEANT:
            return [Count(Fact.UNBOUND)]
        limit = [Count(Fact.REFUSED, step.cause)] if step.reason == "limited" and step.cause else []
        return [Count(Fact.FALLEN_BACK, step.reason), *limit]
    fact = _WORDS.get(step.kind)
    if fact is None:
        return []
    return [Count(fact, step.reason if fact in _DETAILED else "")]


def bound_of(ms: int) -> str:
    """The histogram's bucket for a duration in ms."""
    place = bisect_left(BOUNDS, ms / 1000)
    return str(BOUNDS[place]) if place < len(BOUNDS) else MORE


def field(purpose: str, fact: Fact, detail: str = "") -> str:
    """The name of a site's field."""
    return f"{purpose}.{fact}.{detail}" if detail else f"{purpose}.{fact}"


def call_field(endpoint: str, result: str) -> str:
    """The name of an account's field: calls to WeChat by endpoint and errcode (or timeout, unreachable, garbled)."""
    return f"call.{endpoint}.{result}"


def site_subject(site: str) -> str:
    """The subject of a site."""
    return f"site/{site}"


def account_subject(account: str) -> str:
    """The subject of an account."""
    return f"account/{account}"
