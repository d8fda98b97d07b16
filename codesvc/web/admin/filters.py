"""The filters of the statistics pages (site, purpose, time span), and their charts."""

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
    """The selected filters.

    Attributes:
        site: the name of the selected site, "" for all.
        purpose: the selected purpose, "" for all.
        all_purposes: the names of all purposes of the selected sites.
    """

    sites: Sequence[SiteEntry]
    site: str
    purpose: str
    span: Span
    all_sites: Sequence[str]
    all_purposes: Sequence[str]

    @property
    def purposes(self) -> Sequence[str]:
        """The selected purposes."""
        return [self.purpose] if self.purpose else self.all_purposes

    def route(self, path: str = "/admin", **changes: str) -> str:
        """The route of the same view with other filters."""
        chosen = {"site": self.site, "purpose": self.purpose, "span": self.span.name} | changes
        query = urlencode({name: value for name, value in chosen.items() if value})
        return f"{path}?{query}" if query else path


def choice_in(request: web.Request) -> Choice:
    """The filters in the query of a request.

    Raises:
        Problem: the site, purpose or span does not exist.
    """
    directory, query = services(request).directory, request.query
    site, span = query.get("site", ""), SPANS.get(query.get("span", "24h"))
    if span is None or (site and site not in directory.sites):
        raise Problem("not-found", "There is no such view.")
    sites = [directory.sites[site]] if site else list(directory.sites.values())
    broken = directory.judgement.broken
    names = [name for name in directory.sites if f"site/{name}" not in broken]
    purposes = sorted({purpose for entry in sites for purpose in entry.config.purposes})
    purpose = query.get("purpose", "")
    if purpose not in purposes:
        purpose = ""
    return Choice(sites, site, purpose, span, names, purposes)


def together(figures: Sequence[Figures]) -> Figures:
    """Add the figures of several subjects."""
    first, *more = figures
    for other in more:
        # A time step may end between two reads. Then the later read is one point further.
        first = first.merged(Figures(other.span, first.starts, other.points))
    return first


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart, with a table of the same values.

    Attributes:
        id: its id in the page.
        title: the id of its title.
        hint: the id of a sentence that explains it, "" for none.
        kind: `lines`, `bars` (stacked).
        unit: `count`, `seconds` or `share`.
        labels: the names of the series, in words.
        figures: the points in time.
        hue: the index of the first series' colour, from 0 to 6.
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
        """A row for each point: its start in ms since 1970, and a value for each series."""
        return [
            (start, [line.values[number] for line in self.lines]) for number, start in enumerate(self.figures.starts)
        ]
