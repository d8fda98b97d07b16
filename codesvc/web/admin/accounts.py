"""The page of accounts: remaining quotas, and WeChat's errors with their explanation."""

from __future__ import annotations

from aiohttp import web

from codesvc.domain.clock import unix_ms
from codesvc.service.operators.forecast import backlog
from codesvc.service.statistics.summary import calls
from codesvc.web.admin.consequences import in_order
from codesvc.web.admin.layout import draw, for_operators, words_of
from codesvc.web.admin.overview import healths
from codesvc.web.admin.worries import account_worries
from codesvc.web.context import services

routes = web.RouteTableDef()


@routes.get("/admin/accounts")
@for_operators
async def show(request: web.Request) -> web.Response:
    """Show all accounts."""
    here, words = services(request), words_of(request)
    await here.recorder.flush()
    found = await healths(here)
    queues = await here.gauges.queues()
    by_partition = {queue.partition: (queue, backlog(queue)) for queue in queues}
    variables = {
        "accounts": [
            (
                health,
                here.directory.accounts[health.account],
                calls(health.calls.total),
                by_partition[here.directory.accounts[health.account].store_keys.partition],
                in_order(words, account_worries(words, health, unix_ms())),
            )
            for health in found
        ],
        "as_of": unix_ms(),
    }
    return draw(request, "accounts.html", variables, page="accounts")
