"""The page of accounts: remaining quotas, and WeChat's errors with their explanation."""

from __future__ import annotations

from aiohttp import web

from codesvc.service.operators.forecast import backlog
from codesvc.service.statistics.summary import calls
from codesvc.web.admin.layout import draw, for_operators
from codesvc.web.admin.overview import healths
from codesvc.web.context import services

routes = web.RouteTableDef()


@routes.get("/admin/accounts")
@for_operators
async def show(request: web.Request) -> web.Response:
    """Show all accounts."""
    here = services(request)
    await here.recorder.flush()
    found = await healths(here)
    queues = await here.standings.queues()
    by_partition = {queue.partition: (queue, backlog(queue)) for queue in queues}
    variables = {
        "accounts": [
            (
                health,
                here.directory.accounts[health.account],
                calls(health.calls.total),
                by_partition[here.directory.accounts[health.account].keys.partition],
            )
            for health in found
        ],
    }
    return draw(request, "accounts.html", variables, page="accounts")
