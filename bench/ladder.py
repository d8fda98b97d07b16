"""What a start is made of: servers that do one thing more each, all of it with the service's own code.

`python -m bench.ladder RUNG serve …` is `codesvc serve …` whose handler of POST /v1/verifications ends after that rung.
The rest of the process is the service as it is. So the differences between rungs are what a contract like this one
costs, and no more than one of them can be saved by leaving something out.
"""

from __future__ import annotations

import itertools
import statistics
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from aiohttp import web

from bench import calls, floors
from bench.service import bind_users, platform, service, start_body
from codesvc import cli
from codesvc.service.models import StartRequest
from codesvc.web import ratelimit
from codesvc.web.api import inputs, verifications
from codesvc.web.api.start_input import StartInput
from codesvc.web.api.views import json_response
from codesvc.web.context import services

if TYPE_CHECKING:
    from pathlib import Path

RUNGS: Final = (
    "id, standing headers, metrics, one log line",
    "API key, body read and validated, a short reply",
    "one script: the floor's",
    "the start's own script, its record, its steps counted and logged",
    "the document: page token, times, reference",
    "the limits in headers: a whole start",
)
_BRIEF: Final = {"id": "vf_x", "purpose": "register", "user": "u-1", "status": "pending", "metadata": {}}


def _handler(rung: int):
    loaded: list[bytes] = []

    async def handle(request: web.Request) -> web.Response:
        if rung == 0:
            await request.read()
            return json_response(_BRIEF, status=201)
        caller = verifications.authenticate(request, "verify")
        given, body = await inputs.read(request, StartInput)
        if rung == 1:
            return json_response(_BRIEF, status=201)
        here = services(request)
        if rung == 2:
            line = here.store.servers.at(caller.site.store_keys.partition).line
            if not loaded:
                loaded.append(await line.execute("SCRIPT", "LOAD", floors.WINDOWS))
            user = given.user
            names = (f"a:{user}", f"b:{user}", f"c:{user}", f"d:{user}", f"e:{user}")
            await line.execute("EVALSHA", loaded[0], 5, *names, user)
            return json_response(_BRIEF, status=201)
        wanted = StartRequest(
            purpose=given.purpose,
            user=given.user,
            client_ip=verifications.stated_address(given.client_ip or "192.0.2.1"),
        )
        result = await here.verifications.start(caller.site, wanted, inputs.idempotency(request, body))
        if rung == 3:
            return json_response(_BRIEF, status=201)
        document = here.views.verification(result.shown)
        headers = {"Location": f"/v1/verifications/{result.shown.id}"}
        if rung > 4:
            headers |= ratelimit.headers(caller.site, ratelimit.STARTS, result.left)
        return json_response(document, status=201, headers=headers)

    return handle


def measure(directory: Path, store: str, *, requests: int, rounds: int) -> dict[str, float]:
    """CPU of each rung in µs a request, the median of the rounds; floors first."""
    with ExitStack() as stack:
        names = ("multiplexed", "delayed")
        subjects = {name: stack.enter_context(floors.serving(name, store)) for name in names}
        stub = stack.enter_context(platform())
        for rung, name in enumerate(RUNGS):
            here = stack.enter_context(service(directory, store, stub, module=("bench.ladder", str(rung))))
            subjects[name] = (here.pid, here.port)
            bind_users(here)
        fresh = itertools.count()
        found: dict[str, list[float]] = {name: [] for name in subjects}
        for _ in range(rounds):
            for name, (pid, port) in subjects.items():
                path = "/" if name in names else "/v1/verifications"
                plan = [(path, start_body(next(fresh))) for _ in range(requests)]
                found[name].append(calls.load(port, plan, [pid])["cpu_us"])
    medians = {name: statistics.median(one) for name, one in found.items()}
    medians["delayed"] -= floors.SPIN_US
    return medians


def table(found: dict[str, float]) -> list[str]:
    floor = found["multiplexed"]
    lines = ["| a server that does | CPU µs/request | of the floor |", "| --- | --- | --- |"]
    told = {
        "multiplexed": "the multiplexed floor",
        "delayed": f"the same after {floors.SPIN_US} µs of idle computing, those left out",
    }
    for name, cpu in found.items():
        lines.append(f"| {told.get(name, name)} | {cpu:.0f} | {cpu / floor:.2f} |")
    return lines


if __name__ == "__main__":
    verifications.routes._items = [  # noqa: SLF001  the only way to exchange one
        web.RouteDef(route.method, route.path, _handler(int(sys.argv[1])), route.kwargs)
        if isinstance(route, web.RouteDef) and route.handler is verifications.start
        else route
        for route in verifications.routes
    ]
    sys.exit(cli.main(sys.argv[2:]))
