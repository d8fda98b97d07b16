"""Computes the operator's overview from figures. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from codesvc.service.statistics.fields import Fact, call_field
from codesvc.service.statistics.series import by_purpose, details, quantile, since
from codesvc.wechat.errcodes import TABLE, Judgement, judge, judge_token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codesvc.service.statistics.series import Figures
    from codesvc.store.counts import Episode

FUNNEL: Final = (Fact.ISSUED, Fact.SENT, Fact.DELIVERED, Fact.APPROVED)
"""The steps of a verification. A reply in the chat has no receipt, so DELIVERED counts only pushes."""

FINE: Final = "0"
_OVER_MS: Final = 900_000


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
        reasons: fallbacks by reason.
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
        """The approved share of those issued; those issued before the span that were approved in it count too."""
        return min(1.0, self.approved / self.issued) if self.issued else None

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
        since: the first failure of the present episode, ms since 1970.
        triage: how the service treats the errcode, None if it is not an errcode.
    """

    result: str
    endpoints: Sequence[str]
    count: int
    since: int
    triage: Judgement | None
    recovered: bool = False
    """Whether each of these calls has succeeded since its latest failure."""
    over: bool = False
    """Whether a later call succeeded, and a quarter of an hour has passed."""

    @property
    def needs_action(self) -> bool:
        """Whether a person has to act, because trying again does not help."""
        return self.triage is not None and self.triage.alarm


def _judged(result: str, *, token: bool) -> Judgement | None:
    if not result.lstrip("-").isdigit():
        return None
    code = int(result)
    return judge_token(code) if token else judge(code) if code in TABLE else None


def _recovered(endpoint: str, result: str, episodes: Mapping[str, Episode], at: int) -> bool:
    """Whether the call has succeeded since this failure, which happened before `at`."""
    failed, fine = episodes.get(call_field(endpoint, result)), episodes.get(call_field(endpoint, FINE))
    return failed is not None and fine is not None and fine.last > failed.last and failed.last < at


def faults(figures: Figures, episodes: Mapping[str, Episode], now: int) -> list[Fault]:
    """All results except 0 of an account's calls: first those that need action, then by count.

    Args:
        figures: the account's figures.
        episodes: when each failure began, and when it was last seen.
        now: ms since 1970, by the store.
    """
    calls: dict[tuple[str, bool], Counter[str]] = {}
    for name, count in figures.total.items():
        _, endpoint, result = name.split(".", 2)
        if result != FINE:
            calls.setdefault((result, endpoint == "token"), Counter())[endpoint] += count

    def begun(endpoints: Counter[str], result: str) -> int:
        names = [call_field(endpoint, result) for endpoint in endpoints]
        known = [episodes[name].since for name in names if name in episodes]
        return min(known) if known else since(figures, names) or figures.starts[0]

    found = [
        Fault(
            result,
            [endpoint for endpoint, _ in endpoints.most_common()],
            sum(endpoints.values()),
            begun(endpoints, result),
            _judged(result, token=token),
            all(_recovered(endpoint, result, episodes, now) for endpoint in endpoints),
            all(_recovered(endpoint, result, episodes, now - _OVER_MS) for endpoint in endpoints),
        )
        for (result, token), endpoints in calls.items()
    ]
    return sorted(found, key=lambda fault: (fault.over, not fault.needs_action, -fault.count))


def errors(figures: Figures, most: int = 6) -> list[Line]:
    """A series for each errcode."""
    total: Counter[str] = Counter()
    for name, count in figures.total.items():
        total[name.rpartition(".")[2]] += count
    names = [name for name, _ in total.most_common() if name != FINE][:most]

    def counted(point: Mapping[str, int], result: str) -> int:
        return sum(n for name, n in point.items() if name.endswith(f".{result}"))

    return [Line(name, [counted(point, name) for point in figures.points]) for name in names]


def calls(counts: Mapping[str, int]) -> tuple[int, int]:
    """The number of calls, and of those that WeChat did not answer with 0."""
    total = sum(counts.values())
    return total, total - sum(count for name, count in counts.items() if name.endswith(f".{FINE}"))
