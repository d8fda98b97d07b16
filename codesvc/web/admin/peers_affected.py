"""How many other verifications or calls have the same problem, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from codesvc.service.statistics.fields import Fact, field
from codesvc.service.statistics.reader import StatisticsReader
from codesvc.service.statistics.series import SPANS, by_purpose, since
from codesvc.wechat.call_labels import UNANSWERED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from codesvc.service.operators.diagnosis import Diagnosis
    from codesvc.service.statistics.series import Figures
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.counts import Episode
    from codesvc.web.context import Services

_UNANSWERED: Final = {
    "no-connection": tuple(UNANSWERED),
    "circuit-open": tuple(UNANSWERED),
    "timeout": ("timeout", "garbled", "server-error"),
    "no-token": tuple(UNANSWERED),
}
"""Failure reasons that mean that WeChat does not answer, with the matching results of calls."""
EVERYBODY: Final = 0.3


@dataclass(frozen=True, slots=True)
class ProblemExtent:
    """The extent of a problem.

    Attributes:
        verdict: `alone`, `some` or `everybody`.
        same: the number of cases in the last hour, with this one.
        of: the number of all verifications or calls in the last hour.
        since: when the problem began, ms since 1970; None if there is no other case.
        scope: `account` (calls to WeChat) or `site` (verifications).
    """

    verdict: str
    same: int
    of: int
    since: int | None
    scope: str


async def problem_extent(here: Services, site: SiteEntry, diagnosis: Diagnosis) -> ProblemExtent | None:
    """The extent of a diagnosed problem; None if there is no problem."""
    if not diagnosis.went_wrong:
        return None
    archive = StatisticsReader(here.store)
    results = (diagnosis.cause,) if diagnosis.cause.lstrip("-").isdigit() else _UNANSWERED.get(diagnosis.reason)
    if results is not None:
        day = await archive.account(site.account, SPANS["24h"])
        hour = await archive.account(site.account, SPANS["1h"])
        names = [name for name in day.total if name.rpartition(".")[2] in results]
        endpoints = {name.split(".")[1] for name in names}
        episodes = await archive.account_episodes(site.account)

        def of_calls(total: Sequence[tuple[str, int]]) -> int:
            return sum(n for name, n in total if name.split(".")[1] in endpoints)

        return _judged("account", day, hour, names, episodes=episodes, whole=of_calls)
    purposes = list(site.config.purposes)
    names = [field(purpose, fact, diagnosis.reason) for purpose in purposes for fact in (Fact.FALLEN_BACK, Fact.FAILED)]
    day, hour = await archive.site(site, SPANS["24h"]), await archive.site(site, SPANS["1h"])
    # A failure with a fallback is counted as both.
    fallen = [name for name in names if hour.total[name]][: len(purposes)] or names[:1]
    episodes = await archive.site_episodes(site)
    return _judged("site", day, hour, fallen, episodes=episodes, whole=lambda _: _wanted(hour, purposes))


def _wanted(hour: Figures, purposes: Sequence[str]) -> int:
    issued, unbound = (by_purpose(hour.total, purposes, fact) for fact in (Fact.ISSUED, Fact.UNBOUND))
    return issued - unbound


def _judged(
    scope: str,
    day: Figures,
    hour: Figures,
    names: Sequence[str],
    *,
    episodes: Mapping[str, Episode],
    whole: Callable[[Sequence[tuple[str, int]]], int],
) -> ProblemExtent:
    same = sum(hour.total[name] for name in names)
    of = max(same, whole(list(hour.total.items())))
    verdict = "alone" if same <= 1 else "everybody" if same >= of * EVERYBODY else "some"
    known = [episodes[name].since for name in names if name in episodes]
    finest = hour if since(hour, names) != hour.starts[0] else day
    return ProblemExtent(verdict, same, of, min(known) if known else since(finest, names), scope)
