"""What the dearest call of a site's key costs, route by route, in ordinary refusals: `python -m bench.keyed_calls`.

Weighed as the requests without a key are (`bench.refusals`). A site pays for its calls with turns that its neighbours
do not have (docs/decisions/0082-calls-of-a-site-have-turns.md), but each turn delays them by what the call costs.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import dear_keyed
from bench.processes import scaled
from bench.refusals import dearest, late, routes, table
from bench.scales import Scales
from bench.service import RELAY, bind_users, platform, service, start_body, with_client
from codesvc.store.embedded import run_embedded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.dear_requests import Dear
    from bench.scales import Cost
    from bench.service import Running

MOST = 30.0
"""Ordinary refusals."""
_EACH = 24
_STARTED = 60
_MORE = """
[sites.shop.webhook]
url = "https://hooks.example/codesvc"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
"""


def _asked(here: Running, calls: list[tuple[str, str, Any]]) -> list[dict]:
    """The answers of these calls, which succeed."""

    async def ask(http: Any, number: int) -> dict:
        method, path, body = calls[number]
        async with http.request(method, path, json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    return with_client(here.base, len(calls), ask)


def _filled(here: Running) -> str:
    """Fill the lists of the site; an event's id."""
    _asked(here, [("PUT", f"/v1/bindings/many-{n}", {"openid": dear_keyed.MANY}) for n in range(50)])
    for number in range(30):
        moved = {"openid": "o" + f"{number:027}", "replace": True}
        _asked(here, [("PUT", "/v1/bindings/moved", moved)])
    return _asked(here, [("POST", "/v1/webhooks/test", {}) for _ in range(400)])[0]["id"]


def _started(here: Running, fresh: Iterator[int]) -> dict[str, list[str]]:
    login = {"client_ip": "10.0.0.1"}
    bodies = {
        "verifications": lambda: start_body(next(fresh)),
        "logins": lambda: login,
        "bind-intents": lambda: login | {"user": f"b-{next(fresh)}"},
    }
    return {
        kind: [made["id"] for made in _asked(here, [("POST", f"/v1/{kind}", body()) for _ in range(_STARTED)])]
        for kind, body in bodies.items()
    }


def _calls(here: Running, fresh: Iterator[int]) -> Iterator[Dear]:
    yield from dear_keyed.of_lists(_filled(here))
    yield from dear_keyed.of_writes(fresh, _EACH)
    for kind, ids in _started(here, fresh).items():
        yield from dear_keyed.of_started(kind, ids)
    yield from dear_keyed.of_every_keyed_route(routes(here.config))


def measure(directory: Path, store: str, store_pid: int, *, times: int, rounds: int) -> list[Cost]:
    """The dearest call of each route, dearest route first."""
    with contextlib.ExitStack() as stack:
        stub = stack.enter_context(platform())
        more = 'users_per_wechat = "many"\n'
        here = stack.enter_context(
            service(directory, store, stub, more=_MORE + RELAY, of_site=more, proxies=("127.0.0.1",))
        )
        bind_users(here)
        scales = Scales(here, store_pid)

        def weighed(cost: Cost) -> Cost:
            return cost if cost.dear.others else scales.cost(cost.dear, times=times, rounds=rounds)

        most = dearest(map(scales.most, _calls(here, count(100_000))))
        return dearest(map(weighed, most))


async def weigh() -> list[str]:
    """Measure, print the table; what is too dear, in words."""
    with tempfile.TemporaryDirectory() as directory:
        async with run_embedded(Path(directory) / "data") as embedded:
            costs = await asyncio.to_thread(
                measure, Path(directory), embedded.url, embedded.pid, times=scaled(6), rounds=3
            )
    print("\n".join(table(costs, "with a key")))
    return late(costs, "with a key", MOST)


if __name__ == "__main__":
    found = asyncio.run(weigh())
    print("\n".join(found), file=sys.stderr)
    sys.exit(1 if found else 0)
