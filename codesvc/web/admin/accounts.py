"""The page of accounts: remaining quotas, and WeChat's errors with their explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from codesvc.domain.clock import unix_ms
from codesvc.service.operators.forecast import backlog
from codesvc.service.statistics.summary import calls
from codesvc.web.admin.consequences import in_order
from codesvc.web.admin.layout import draw, for_operators, words_of
from codesvc.web.admin.overview import healths
from codesvc.web.admin.worries import account_worries, certificate_worries
from codesvc.web.context import services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.domain.certificate import Certificate
    from codesvc.web.admin.account_health import Health
    from codesvc.web.admin.layout import Words
    from codesvc.web.admin.worries import Worry

routes = web.RouteTableDef()


def of_account(w: Words, health: Health, certificate: Certificate | None) -> Iterator[Worry]:
    """What is wrong with an account, and the certificate of the public address if no callback arrives."""
    now = unix_ms()
    found = list(account_worries(w, health, now))
    if any(worry.callbacks == "missing" for worry in found):
        yield from certificate_worries(w, certificate, now)
    yield from found


@routes.get("/admin/accounts")
@for_operators
async def show(request: web.Request) -> web.Response:
    """Show all accounts."""
    here, words = services(request), words_of(request)
    await here.recorder.flush()
    found = await healths(here)
    queues = await here.gauges.queues()
    by_partition = {queue.partition: (queue, backlog(queue)) for queue in queues}
    certificate = here.readiness.certificate.seen
    variables = {
        "accounts": [
            (
                health,
                here.directory.accounts[health.account],
                calls(health.calls.total),
                by_partition[here.directory.accounts[health.account].store_keys.partition],
                in_order(words, of_account(words, health, certificate)),
            )
            for health in found
        ],
        "as_of": unix_ms(),
    }
    return draw(request, "accounts.html", variables, page="accounts")
