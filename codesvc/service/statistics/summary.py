"""Computes the operator's overview from figures. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from codesvc.service.statistics.fields import Fact
from codesvc.service.statistics.series import by_purpose, details, quantile, since
from codesvc.wechat.errcodes import TABLE, Judgement, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codesvc.service.statistics.series import Figures

FUNNEL: Final = (Fact.ISSUED, Fact.SENT, Fact.DELIVERED, Fact.APPROVED)
"""The steps of a verification. A reply in the chat has no receipt, so DELIVERED counts only pushes."""

FINE: Final = "0"


@dataclass(frozen=True, slots=True)
class Line:
    """A series of a chart: its name and a value for each point, None if there is none."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Story:
    """The sums of a span.

    Attributes:
        issued: and the other counts: verifications that reached that step.
        p50: seconds until the receipt, median.
        p95: seconds until the receipt, 95th percentile.
        typed: seconds until the right code, median.
        reasons: of fallbacks.
        limits: refusals by limit.
    """

    issued: int
    pushed: int
    unbound: int
    sent: int
    delivered: int
    scanned: int
    approved: int
    fallen_back: int
    wrong: int
    refused: int
    p50: float | None
    p95: float | None
    typed: float | None
    reasons: Mapping[str, int]
    limits: Mapping[str, int]

    @property
    def approved_share(self) -> float | None:
        """The approved share of those issued."""
        return self.approved / self.issued if self.issued else None

    @property
    def fallback_share(self) -> float | None:
        """The share of fallbacks among bound users."""
        bound = self.issued - self.unbound
        return min(1.0, self.fallen_back / bound) if bound > 0 else None


def tell(counts: Mapping[str, int], purposes: Sequence[str]) -> Story:
    """The sums of some purposes. Refusals of calls without a purpose belong to all of them."""

    def of(fact: Fact) -> int:
        return by_purpose(counts, purposes, fact)

    delivered, approved = details(counts, purposes, Fact.TO_DELIVERED), details(counts, purposes, Fact.TO_APPROVED)
    limits = details(counts, [*purposes, ""], Fact.REFUSED)
    return Story(
        issued=of(Fact.ISSUED),
        pushed=of(Fact.PUSHED),
        unbound=of(Fact.UNBOUND),
        sent=of(Fact.SENT),
        delivered=of(Fact.DELIVERED),
        scanned=of(Fact.SCANNED),
        approved=of(Fact.APPROVED),
        fallen_back=of(Fact.FALLEN_BACK),
        wrong=of(Fact.WRONG),
        refused=sum(limits.values()),
        p50=quantile(delivered, 0.5),
        p95=quantile(delivered, 0.95),
        typed=quantile(approved, 0.5),
        reasons=details(counts, purposes, Fact.FALLEN_BACK),
        limits=limits,
    )


def lines(figures: Figures, purposes: Sequence[str], facts: Sequence[Fact]) -> list[Line]:
    """A series for each fact."""
    return [Line(fact.value, [by_purpose(point, purposes, fact) for point in figures.points]) for fact in facts]


def curve(name: str, figures: Figures, value: Callable[[Mapping[str, int]], float | None]) -> Line:
    """A series of a value that is computed from each point."""
    return Line(name, [value(point) for point in figures.points])


def split(figures: Figures, purposes: Sequence[str], fact: Fact, most: int = 6) -> list[Line]:
    """A series for each detail of a fact, the most common first; those after the sixth become `other`."""
    total = details(figures.total, purposes, fact)
    names = [name for name, _ in total.most_common(most)]
    found = [details(point, purposes, fact) for point in figures.points]
    drawn = [Line(name, [point[name] for point in found]) for name in names]
    if len(total) > most:
        drawn.append(Line("other", [sum(point.values()) - sum(point[name] for name in names) for point in found]))
    return drawn


@dataclass(frozen=True, slots=True)
class Fault:
    """An errcode or failure of calls to WeChat.

    Attributes:
        result: the errcode, or `timeout`, `unreachable`, `garbled`, `other`.
        endpoints: the calls that had it.
        count: how often in the span.
        since: when the present episode began, ms since 1970.
        triage: how the service treats the errcode, None if it is no errcode.
    """

    result: str
    endpoints: Sequence[str]
    count: int
    since: int
    triage: Judgement | None

    @property
    def needs_action(self) -> bool:
        """Whether a person has to act, because trying again does not help."""
        return self.triage is not None and self.triage.alarm


def faults(figures: Figures) -> list[Fault]:
    """All results except 0 of an account's calls: first those that need action, then by count."""
    calls: dict[str, Counter[str]] = {}
    for name, count in figures.total.items():
        _, endpoint, result = name.split(".", 2)
        if result != FINE:
            calls.setdefault(result, Counter())[endpoint] += count
    found = [
        Fault(
            result,
            [endpoint for endpoint, _ in endpoints.most_common()],
            sum(endpoints.values()),
            since(figures, [f"call.{endpoint}.{result}" for endpoint in endpoints]) or figures.starts[0],
            judge(int(result)) if result.lstrip("-").isdigit() and int(result) in TABLE else None,
        )
        for result, endpoints in calls.items()
    ]
    return sorted(found, key=lambda fault: (not fault.needs_action, -fault.count))


def errors(figures: Figures, most: int = 6) -> list[Line]:
    """A series for each errcode."""
    names = [fault.result for fault in faults(figures)][:most]

    def count(point: Mapping[str, int], result: str) -> int:
        return sum(n for name, n in point.items() if name.endswith(f".{result}"))

    return [Line(name, [count(point, name) for point in figures.points]) for name in names]


def calls(counts: Mapping[str, int]) -> tuple[int, int]:
    """The number of calls, and of those that WeChat did not answer with 0."""
    total = sum(counts.values())
    return total, total - sum(count for name, count in counts.items() if name.endswith(f".{FINE}"))
