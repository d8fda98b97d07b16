"""The page of messages: what became of them by day, and what was saved; the same as a file."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from aiohttp import web

from codesvc.domain.message import HANDED_REASONS, PUSH
from codesvc.service.statistics.reader import StatisticsReader
from codesvc.service.statistics.relay_ledger import LEDGER_SPAN, rows_of, total
from codesvc.web.admin.filters import choice_in
from codesvc.web.admin.layout import draw, for_operators
from codesvc.web.context import services

if TYPE_CHECKING:
    from codesvc.service.statistics.relay_ledger import Row

routes = web.RouteTableDef()
_COLUMNS: Final = (
    *("site", "day", "kind", "asked", "delivered", "handed_over"),
    *(f"handed_over_{reason}" for reason in HANDED_REASONS),
    *("unknown", "failed", "would_push", "saved", "would_save", "currency"),
)


async def _rows(request: web.Request) -> list[Row]:
    """The rows of the selected sites that take messages."""
    reader, found = StatisticsReader(services(request).store), []
    for site in choice_in(request).sites:
        relay = site.config.relay
        if relay is not None:
            figures = await reader.site(site, LEDGER_SPAN)
            found += rows_of(site.name, figures, list(site.config.purposes), price=relay.price)
    return found


@routes.get("/admin/relay")
@for_operators
async def show(request: web.Request) -> web.Response:
    """Show what became of the messages of the selected site, or of all sites."""
    choice, rows = choice_in(request), await _rows(request)
    relays = {site.name: site.config.relay for site in choice.sites if site.config.relay is not None}
    variables = {
        "choice": choice,
        "rows": rows,
        "sums": total(rows),
        "relays": relays,
        "shadow": [name for name, relay in relays.items() if relay.shadow],
        "reasons": HANDED_REASONS,
        "push": PUSH,
    }
    return draw(request, "relay.html", variables, page="relay")


@routes.get("/admin/relay.csv")
@for_operators
async def download(request: web.Request) -> web.Response:
    """The same rows as a file, with names of columns that stay."""
    sites = services(request).directory.sites
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for row in await _rows(request):
        relay = sites[row.site].config.relay
        writer.writerow(
            [
                *(row.site, row.day, row.kind, row.asked, row.delivered, row.by_gateway),
                *(row.handed[reason] for reason in HANDED_REASONS),
                *(row.unknown, row.failed, row.would[PUSH], f"{row.saved:.4f}", f"{row.would_save:.4f}"),
                relay.currency if relay else "",
            ]
        )
    return web.Response(
        text=text.getvalue(),
        content_type="text/csv",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": 'attachment; filename="codesvc-messages.csv"',
            "X-Content-Type-Options": "nosniff",
        },
    )
