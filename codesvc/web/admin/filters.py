"""What is looked at: which site and purpose, over which span, and the charts drawn of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from codesvc.service.statistics.series import SPANS, Figures
from codesvc.web.context import services
from codesvc.web.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import web

    from codesvc.service.statistics.series import Span
    from codesvc.service.statistics.summary import Line
    from codesvc.sites.directory import SiteEntry


@dataclass(frozen=True, slots=True)
class Choice:
    """What the filters say.

    Attributes:
        sites: those that are looked at.
        site: the chosen one's name, "" for all.
        purpose: the chosen one, "" for all.
        span: over what time.
        all_sites: names of all sites.
        all_purposes: names of all purposes of the sites looked at.
    """

    sites: Sequence[SiteEntry]
    site: str
    purpose: str
    span: Span
    all_sites: Sequence[str]
    all_purposes: Sequence[str]

    @property
    def purposes(self) -> Sequence[str]:
        """Those that are looked at."""
        return [self.purpose] if self.purpose else self.all_purposes

    def address(self, path: str = "/admin", **changes: str) -> str:
        """The address of the same view with other filters."""
        chosen = {"site": self.site, "purpose": self.purpose, "span": self.span.name} | changes
        query = urlencode({name: value for name, value in chosen.items() if value})
        return f"{path}?{query}" if query else path


def choice_in(request: web.Request) -> Choice:
    """The filters of an address.

    Raises:
        Problem: a site, purpose or span that there is not.
    """
    directory, query = services(request).directory, request.query
    names = list(directory.sites)
    site, span = query.get("site", ""), SPANS.get(query.get("span", "24h"))
    if span is None or (site and site not in directory.sites):
        raise Problem("not-found", "There is no such view.")
    sites = [directory.sites[name] for name in ([site] if site else names)]
    purposes = sorted({purpose for entry in sites for purpose in entry.config.purposes})
    purpose = query.get("purpose", "")
    if purpose not in purposes:
        purpose = ""
    return Choice(sites, site, purpose, span, names, purposes)


def together(figures: Sequence[Figures]) -> Figures:
    """Figures of several subjects as one."""
    first, *more = figures
    for other in more:
        # Between two reads a step may end; then the later one has moved on by one point.
        first = first.merged(Figures(other.span, first.starts, other.points))
    return first


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart with the table that says the same.

    Attributes:
        id: in the page.
        title: a text.
        hint: what it shows, in one sentence; a text, "" for none.
        kind: `lines`, `bars` (stacked).
        unit: `count`, `seconds` or `share`.
        labels: the names of the series, in words.
        lines: the series.
        figures: the points in time.
        hue: which of the seven colours the first series has, from 0.
    """

    id: str
    title: str
    hint: str
    kind: str
    unit: str
    labels: Sequence[str]
    lines: Sequence[Line]
    figures: Figures
    hue: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing was counted."""
        return not any(value for line in self.lines for value in line.values)

    @property
    def rows(self) -> list[tuple[int, list[float | None]]]:
        """A row for each point: when it begins, ms, and a value for each series."""
        return [
            (start, [line.values[number] for line in self.lines]) for number, start in enumerate(self.figures.starts)
        ]
