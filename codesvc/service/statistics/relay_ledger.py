"""The ledger of messages: what became of them, by site, kind and day, and what was not spent on SMS. Pure.

Days are days in Beijing, as those of WeChat's quotas. The figures are those of `codesvc.service.statistics.recorder`,
so they can lack up to two seconds of a process that was killed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from codesvc.domain.message import PUSH
from codesvc.domain.quota import day_of
from codesvc.domain.recipient import MessageKind
from codesvc.service.statistics.fields import Fact
from codesvc.service.statistics.series import Span, details

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from codesvc.service.statistics.series import Figures

DAYS: Final = 31
LEDGER_SPAN: Final = Span("31d", "hour", (DAYS + 1) * 24, 1)
"""One point for each hour, and a day more, because the first day is cut."""


@dataclass(slots=True)
class Row:
    """What became of the messages of one site, kind and day.

    Attributes:
        day: the day in Beijing; None for a sum of days.
        kind: `sms` or `email`.
        price: the price of one message of this kind.
        asked: how many were accepted.
        delivered: how many WeChat delivered, by its receipt.
        handed: how many the site's gateway took, by why.
        unknown: how many it may have taken.
        failed: how many neither WeChat nor the gateway took.
        would: in shadow mode: what WeChat would have done, `push` or why not.
    """

    site: str
    day: date | None
    kind: str
    price: float
    asked: int = 0
    delivered: int = 0
    handed: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    failed: int = 0
    would: Counter[str] = field(default_factory=Counter)

    @property
    def by_gateway(self) -> int:
        """How many the gateway took."""
        return self.handed.total()

    @property
    def saved(self) -> float:
        """What the delivered ones would have cost."""
        return self.delivered * self.price

    @property
    def would_save(self) -> float:
        """The cost that sending by WeChat would have saved, as shadow mode counted it."""
        return self.would[PUSH] * self.price

    @property
    def empty(self) -> bool:
        """Whether there was nothing."""
        return not (self.asked or self.delivered or self.by_gateway or self.unknown or self.failed)

    def add(self, other: Row) -> None:
        """Add the counts of another row."""
        self.asked += other.asked
        self.delivered += other.delivered
        self.unknown += other.unknown
        self.failed += other.failed
        self.handed.update(other.handed)
        self.would.update(other.would)


def rows_of(site: str, figures: Figures, purposes: Sequence[str], *, price: float) -> list[Row]:
    """The rows of a site, the latest day first; days and kinds without messages are left out.

    `price` is that of an SMS; an e-mail is free.
    """
    days: dict[int, Counter[str]] = {}
    for start, point in zip(figures.starts, figures.points, strict=True):
        days.setdefault(day_of(start), Counter()).update(point)
    rows = [
        _counted(Row(site, _date_of(day), kind.value, price if kind is MessageKind.SMS else 0.0), days[day], purposes)
        for day in sorted(days, reverse=True)[:DAYS]
        for kind in sorted(MessageKind)
    ]
    return [row for row in rows if not row.empty]


def _date_of(day: int) -> date:
    return datetime.fromtimestamp(day * 86_400, UTC).date()


def _counted(row: Row, point: Mapping[str, int], purposes: Sequence[str]) -> Row:
    def count(fact: Fact) -> int:
        return details(point, purposes, fact)[row.kind]

    row.asked, row.delivered = count(Fact.MESSAGE_ASKED), count(Fact.MESSAGE_DELIVERED)
    row.unknown, row.failed = count(Fact.MESSAGE_UNKNOWN), count(Fact.MESSAGE_FAILED)
    for fact, into in ((Fact.MESSAGE_HANDED, row.handed), (Fact.MESSAGE_WOULD, row.would)):
        for detail, number in details(point, purposes, fact).items():
            kind, _, why = detail.partition("-")
            if kind == row.kind:
                into[why] += number
    return row


def total(rows: Iterable[Row]) -> list[Row]:
    """The sums by site and kind."""
    sums: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row.site, row.kind)
        sums.setdefault(key, Row(row.site, None, row.kind, row.price)).add(row)
    return list(sums.values())
