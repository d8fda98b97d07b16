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


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure.

    Attributes:
        name: the id of its text.
        unit: `count`, `share` or `seconds`.
        now: of the last 15 minutes; None if there is none.
        usual: of 15 minutes on the average of the last day, or the day's share or time; None if nothing is older.
        span: of the selected time span.
        alarming: whether `now` is far from the usual.
    """

    name: str
    unit: str
    now: float | None
    usual: float | None
    span: float | None
    alarming: bool = False


def tiles(hour: Figures, day: Figures, span: Figures, purposes: Sequence[str]) -> list[Tile]:
    """The tiles, from the figures of the last hour by minute, of the last day, and of the selected span."""
    latest: Counter[str] = Counter()
    for point in hour.points[-MINUTES:]:
        latest.update(point)
    now, usual, whole = tell(latest, purposes), tell(day.total - latest, purposes), tell(span.total, purposes)

    quarters = _older(day)

    def each(count: int) -> float | None:
        return count / quarters if quarters else None

    enough = now.issued >= _ENOUGH
    starts, wrongs = each(usual.issued) or 0.0, each(usual.wrong) or 0.0
    fewer = starts >= 2 * _ENOUGH and now.issued < starts / 5
    share, before = now.approved_share, usual.approved_share
    lost = enough and before is not None and share is not None and share < before / 2
    late = now.p50 is not None and usual.p50 is not None and now.p50 > max(10.0, 3 * usual.p50)
    fallen, fell = now.fallback_share, usual.fallback_share
    back = enough and fallen is not None and fallen > max(0.3, 2 * (fell or 0.0))
    return [
        Tile("issued", "count", now.issued, each(usual.issued), whole.issued, fewer),
        Tile("approved", "share", share, before, whole.approved_share, lost),
        Tile("delivered", "seconds", now.p50, usual.p50, whole.p50, late),
        Tile("fallback", "share", fallen, fell, whole.fallback_share, back),
        Tile("wrong", "count", now.wrong, each(usual.wrong), whole.wrong, now.wrong > 10 + 5 * wrongs),
        Tile("refused", "count", now.refused, each(usual.refused), whole.refused),
    ]


def _older(day: Figures) -> int:
    """How many quarters of an hour lie between the day's first figure and the last 15 minutes; 0 below an hour.

    On its first day a service is not compared with the hours before it was there.
    """
    first = next((place for place, point in enumerate(day.points) if point), len(day.points))
    older = len(day.points) - 1 - first
    return older if older >= _HOUR else 0
