"""Groups of counters that the same kind of event always changes together.

A start of a busy site changes ten counters, always the same ones. An event only increments its group's `times`, and
`settle` adds them to the ten counters: every two seconds, and before the counters are read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from codesvc.domain.timeline import StepKind, read_step
from codesvc.runtime import metrics
from codesvc.service.statistics import fields
from codesvc.service.statistics.fields import Count, Fact
from codesvc.store.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from prometheus_client import Counter

    Kind: TypeAlias = tuple[str, str, str, Outcome | None, str, str]

_MOST_KINDS: Final = 20_000
_TIMED: Final = {StepKind.DELIVERED: Fact.TO_DELIVERED, StepKind.APPROVED: Fact.TO_APPROVED}


@dataclass(slots=True)
class Effect:
    """The counters that one kind of event changes.

    Attributes:
        site: the site of these figures.
        steps: the steps to log, each with its detail, "" for none.
        timed: the durations that are measured for each event.
        faults: the fields of failures, whose first and latest time are kept.
        times: the number of events since the last `settle`.
    """

    site: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    timed: list[Fact] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    times: int = 0
    _counters: list[Counter] = field(default_factory=list)
    _fields: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, kind: Kind) -> Effect:
        """Find the counters of a kind: (act, site, purpose, outcome, limit, steps reached for the first time)."""
        act, site, purpose, outcome, limit, new_steps = kind
        made = cls(site)
        if outcome is not None:
            made._counters.append(metrics.acts(site, metrics.bounded(site, purpose), act, outcome.value))
        if outcome is Outcome.LIMITED:
            made._count(purpose, Count(Fact.REFUSED, limit), total=False)
        elif outcome is Outcome.STARTED:
            made.steps.append(("started", ""))
            made._count(purpose, Count(Fact.ISSUED))
        elif outcome is Outcome.WRONG:
            made._count(purpose, Count(Fact.WRONG))
            # The first wrong code is among `new_steps` already.
            if StepKind.WRONG.value not in new_steps.split():
                made.steps.append((StepKind.WRONG.value, ""))
        for entry in new_steps.split():
            step = read_step(entry)
            made.steps.append((step.kind.value, step.detail))
            for count in fields.counts_of(step):
                made._count(purpose, count)
            if step.kind in _TIMED:
                made.timed.append(_TIMED[step.kind])
        return made

    def _count(self, purpose: str, count: Count, *, total: bool = True) -> None:
        fact, detail, label = count.fact, count.detail, metrics.bounded(self.site, purpose)
        if total:
            self._fields.append(fields.field(purpose, fact))
        if fact in {Fact.FALLEN_BACK, Fact.FAILED}:
            self.faults.append(fields.field(purpose, fact, detail))
        if detail:
            self._fields.append(fields.field(purpose, fact, detail))
        if fact is Fact.REFUSED:
            self._counters.append(metrics.REFUSED.labels(self.site, detail))
        else:
            self._counters.append(metrics.steps(self.site, label, fact))
        if fact is Fact.FALLEN_BACK:
            self._counters.append(metrics.FALLBACKS.labels(self.site, label, detail))

    def settle(self, add: Callable[[str, str, int], None]) -> None:
        """Add the events since the last time; `add` takes site, field and count."""
        times, self.times = self.times, 0
        for counter in self._counters:
            counter.inc(times)
        for name in self._fields:
            add(self.site, name, times)


class CounterGroups:
    """The counter groups of all kinds of events that this process has met."""

    def __init__(self) -> None:
        self._known: dict[Kind, Effect] = {}

    def of(self, kind: Kind) -> Effect:
        """The group of this kind; see `Effect.of`."""
        return self._known.get(kind) or self._known.setdefault(kind, Effect.of(kind))

    def settle(self, add: Callable[[str, str, int], None]) -> None:
        """Count all events since the last time."""
        for effect in self._known.values():
            if effect.times:
                effect.settle(add)
        if len(self._known) > _MOST_KINDS:
            # Happens only with thousands of sites. Groups that are needed are made again.
            self._known.clear()
