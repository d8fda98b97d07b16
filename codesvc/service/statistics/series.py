"""Turns buckets into series, rates and quantiles. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from codesvc.service.statistics.fields import BOUNDS, MORE, Fact, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Span:
    """A time span for statistics.

    Attributes:
        name: the name in the page's address.
        kind: `minute` or `hour`, the kind of its buckets.
        buckets: the number of buckets.
        step: the number of buckets in one point of a series.
    """

    name: str
    kind: str
    buckets: int
    step: int

    @property
    def bucket_ms(self) -> int:
        """The length of a bucket, ms."""
        return MINUTE_MS if self.kind == "minute" else HOUR_MS

    @property
    def step_ms(self) -> int:
        """The length of a point, ms."""
        return self.bucket_ms * self.step


class Spans(Enum):
    """The spans that a page offers: at most 96 points each, so that the table of a chart stays readable."""

    HOUR = Span("1h", "minute", 60, 1)
    SIX_HOURS = Span("6h", "minute", 360, 5)
    DAY = Span("24h", "minute", 1_440, 15)
    WEEK = Span("7d", "hour", 168, 2)
    MONTH = Span("30d", "hour", 720, 12)
    QUARTER = Span("90d", "hour", 2_160, 24)


SPANS: Final = {member.value.name: member.value for member in Spans}


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a subject in a span.

    Attributes:
        starts: ms since 1970 at which each point begins; the last point is not complete.
        points: the counts of each point, by field.
    """

    span: Span
    starts: Sequence[int]
    points: Sequence[Mapping[str, int]]

    @property
    def total(self) -> Counter[str]:
        """The sum of all points."""
        total: Counter[str] = Counter()
        for point in self.points:
            total.update(point)
        return total

    def merged(self, other: Figures) -> Figures:
        """The sum of both, which have the same span and moment."""
        pairs = zip(self.points, other.points, strict=True)
        return Figures(self.span, self.starts, [Counter(mine) + Counter(its) for mine, its in pairs])


def gathered(span: Span, now: int, buckets: Iterable[tuple[int, Mapping[str, int]]]) -> Figures:
    """Group buckets, numbered since 1970, into the points of a span that ends now."""
    last = now // span.step_ms
    count = span.buckets // span.step
    points: list[Counter[str]] = [Counter() for _ in range(count)]
    for number, counts in buckets:
        place = count - 1 - (last - number // span.step)
        if 0 <= place < count:
            points[place].update(counts)
    return Figures(span, [(last - count + 1 + n) * span.step_ms for n in range(count)], points)


def by_purpose(counts: Mapping[str, int], purposes: Iterable[str], fact: Fact) -> int:
    """How often a fact was counted, over these purposes."""
    return sum(counts.get(field(purpose, fact), 0) for purpose in purposes)


def details(counts: Mapping[str, int], purposes: Iterable[str], fact: Fact) -> Counter[str]:
    """A fact's counts by detail, over these purposes."""
    found: Counter[str] = Counter()
    for purpose in purposes:
        start = field(purpose, fact) + "."
        for name, count in counts.items():
            if name.startswith(start):
                found[name.removeprefix(start)] += count
    return found


def quantile(histogram: Mapping[str, int], share: float) -> float | None:
    """The seconds within which this share of a latency histogram lies, None if nothing was measured.

    Linear within a bucket, as Prometheus' histogram_quantile. A duration above the last bound is read as that bound.
    """
    total = sum(histogram.values())
    if not total:
        return None
    wanted, below, lower = share * total, 0, 0.0
    for bound in BOUNDS:
        inside = histogram.get(str(bound), 0)
        if inside and below + inside >= wanted:
            return lower + (bound - lower) * (wanted - below) / inside
        below, lower = below + inside, float(bound)
    return float(BOUNDS[-1]) if histogram.get(MORE) else None


def since(figures: Figures, fields: Iterable[str], quiet: int = 3) -> int | None:
    """When the present episode of these fields began, ms since 1970.

    An episode begins after a gap of `quiet` points without a count.
    """
    wanted, began, gap = list(fields), None, 0
    for start, point in zip(reversed(figures.starts), reversed(figures.points), strict=True):
        if any(point.get(name) for name in wanted):
            began, gap = start, 0
        elif began is not None:
            gap += 1
            if gap >= quiet:
                break
    return began
