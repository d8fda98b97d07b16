"""The tiles of the overview: the last 15 minutes beside what is usual, so that an outage shows at once. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from codesvc.service.statistics.summary import tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.service.statistics.series import Figures

MINUTES: Final = 15
_HOUR: Final = 60 // MINUTES
_ENOUGH: Final = 5
"""Fewer verifications in 15 minutes say nothing."""
_FEW: Final = 3
"""Fewer fallbacks in 15 minutes say nothing."""
_MANY: Final = 0.2
"""A smaller share of fallbacks is not an alarm, however few there usually are."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure.

    Attributes:
        name: the id of its text.
        unit: `count`, `share` or `seconds`.
        now: the value of the last 15 minutes; None if there is none.
        usual: the usual value: 15 minutes on the average of the last day, or the day's share or time, without the last
            15 minutes and what followed the beginning of an incident; None if less than an hour is left.
        span: the value of the selected time span.
        alarming: whether `now` is far from the usual.
    """

    name: str
    unit: str
    now: float | None
    usual: float | None
    span: float | None
    alarming: bool = False


def tiles(hour: Figures, day: Figures, span: Figures, purposes: Sequence[str], begun: Sequence[int] = ()) -> list[Tile]:
    """The tiles.

    Args:
        hour: the figures of the last hour by minute.
        day: the figures of the last day.
        span: the figures of the selected span.
        purposes: what is counted.
        begun: when each part of the present incident began, ms since 1970; empty if there is none.
    """
    latest: Counter[str] = Counter()
    for point in hour.points[-MINUTES:]:
        latest.update(point)
    before_now, quarters = _older(day, hour.starts[-MINUTES], begun)
    now, usual, whole = tell(latest, purposes), tell(before_now, purposes), tell(span.total, purposes)

    def each(count: int) -> float | None:
        return count / quarters if quarters else None

    enough = now.issued >= _ENOUGH
    starts, wrongs = each(usual.issued) or 0.0, each(usual.wrong) or 0.0
    fewer = starts >= 2 * _ENOUGH and now.issued < starts / 5
    share, before = now.approved_share, usual.approved_share
    lost = enough and before is not None and share is not None and share < before / 2
    late = now.p50 is not None and usual.p50 is not None and now.p50 > max(10.0, 3 * usual.p50)
    fallen, fell = now.fallback_share, usual.fallback_share
    back = enough and now.fallen_back >= _FEW and fallen is not None and _far(fallen, fell or 0.0)
    return [
        Tile("issued", "count", now.issued, each(usual.issued), whole.issued, fewer),
        Tile("approved", "share", share, before, whole.approved_share, lost),
        Tile("delivered", "seconds", now.p50, usual.p50, whole.p50, late),
        Tile("fallback", "share", fallen, fell, whole.fallback_share, back),
        Tile("wrong", "count", now.wrong, each(usual.wrong), whole.wrong, now.wrong > 10 + 5 * wrongs),
        Tile("refused", "count", now.refused, each(usual.refused), whole.refused),
    ]


def _far(fallen: float, usual: float) -> bool:
    """Whether far more fall back than usual: twice as many, or fewer than half of the usual ones do not."""
    return fallen > max(_MANY, 2 * usual) or 1 - fallen < (1 - usual) / 2


def _older(day: Figures, latest: int, begun: Sequence[int]) -> tuple[Counter[str], int]:
    """The day's figures before `latest` and before the incident, and how many quarters of an hour they are.

    On its first day a service is not compared with the hours before it was there. Less than an hour is nothing to
    compare with: no quarters. A part of the incident that is older than all figures has become the usual.
    """
    first = next((place for place, point in enumerate(day.points) if point), len(day.points))
    known = range(first, len(day.points))
    if known:
        latest = min([latest, *(since for since in begun if since > day.starts[first])])
    older = [day.points[place] for place in known if day.starts[place] + day.span.step_ms <= latest]
    total: Counter[str] = Counter()
    if len(older) < _HOUR:
        return total, 0
    for point in older:
        total.update(point)
    return total, len(older)
