"""Calls for operators and test suites: health, readiness, metrics, problem pages, the test clock."""

from contextlib import suppress
from typing import Any

from aiohttp import web
from redis.exceptions import RedisError

from codesvc.client import schema
from codesvc.domain.clock import unix_ms
from codesvc.runtime import file_descriptors, metrics
from codesvc.runtime.exposition import CONTENT_TYPE, exposition
from codesvc.store.change_notifier import EVERYBODY
from codesvc.store.partitions import DEPLOYMENT
from codesvc.web.api import inputs
from codesvc.web.api.inputs import ClockInput
from codesvc.web.api.views import ABSENT, json_response, wire_time
from codesvc.web.authentication import require_operator
from codesvc.web.context import services
from codesvc.web.origins import require_no_other_page
from codesvc.web.problem import Problem, unavailable

routes = web.RouteTableDef()
_OFFSET_LIFE_SECONDS = 30 * 86_400


@routes.get("/healthz")
async def health(_: web.Request) -> web.Response:
    """The process runs."""
    return json_response(schema.Health(status="ok"))


@routes.get("/readyz")
async def readiness(request: web.Request) -> web.Response:
    """Answer whether the process is ready: every part of the store with the accounts' data accepts writes."""
    here = services(request)
    state = await here.readiness.state()
    components: Any = ABSENT
    if _is_operator(request):
        await here.recorder.flush()
        components = await here.readiness.conditions(state)
    document = schema.Readiness(status="ready" if state == "ok" else "unavailable", store=state, components=components)
    if state != "ok":
        return json_response(document, status=503, headers={"Retry-After": "2"})
    return json_response(document)


def _is_operator(request: web.Request) -> bool:
    """Whether the caller is an operator, by the rule of `require_operator`."""
    with suppress(Problem):
        require_operator(request)
        return True
    return False


@routes.get("/metrics")
async def expose_metrics(request: web.Request) -> web.Response:
    """The metrics for Prometheus; the gauges of the store are read at each request.

    If the store is down, the answer has no gauges of the store.
    """
    require_operator(request)
    here = services(request)
    store_read = await here.gauges.show()
    metrics.STORE_WRITABLE.set(await here.readiness.state() == "ok")
    for partition, since in here.readiness.marks.since.items():
        metrics.STORE_DATA_SINCE.labels(str(partition)).set(since / 1000)
    for partition, seconds in here.readiness.marks.lost_seconds.items():
        metrics.STORE_LOST.labels(str(partition)).set(seconds)
    metrics.show_descriptors(*file_descriptors.standing())
    return web.Response(body=exposition(store_read=store_read), headers={"Content-Type": CONTENT_TYPE})


@routes.post("/test/clock")
async def move_clock(request: web.Request) -> web.Response:
    """Move the service's time ahead; test mode only (DESIGN rule 11)."""
    here = services(request)
    if here.settings.mode != "test":
        raise Problem("not-found", "There is no such address.")
    require_no_other_page(request)
    given, _ = await inputs.read(request, ClockInput)
    # Write now what was counted, because it belongs to the time before the move.
    await here.recorder.flush()
    await here.readiness.callbacks.write()
    try:
        async with here.store.at(DEPLOYMENT).pipeline(transaction=True) as pipe:
            pipe.incrby(here.store.keys.clock_offset, round(given.advance * 1000))
            pipe.expire(here.store.keys.clock_offset, _OFFSET_LIFE_SECONDS)
            moved, _ = await pipe.execute()
        here.offset.move_to(moved)
        await here.change_notifier.publish(EVERYBODY)
    except (RedisError, OSError):
        raise unavailable() from None
    return json_response(schema.Clock(offset=moved / 1000, now=wire_time(unix_ms() + moved)))
