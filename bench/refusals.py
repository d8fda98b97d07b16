"""What the dearest request without a key costs, route by route, in ordinary refusals: `python -m bench.refusals`.

The unit is a start without a key in the same run, so that a busy machine inflates both. CPU of the service and of its
store counts. A request that holds no key and costs more than `MOST` refusals is one that a stranger would choose.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import dear_requests as dear
from bench import dear_strangers
from bench.processes import scaled
from bench.scales import Line, Scales
from bench.service import RELAY, TOKEN, bind_users, platform, service, start_body, with_client
from codesvc.app import create_app
from codesvc.config import load
from codesvc.domain.passwords import password_line
from codesvc.store.embedded import run_embedded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.scales import Cost
    from bench.service import Running

MOST = 10.0
"""Ordinary refusals."""
_PAGES = 60
_REPEATED = 3
"""So many more runs has a request that was too dear, before it counts as too dear."""
_MORE = """
[accounts.plain]
appid = "wx000000000000beef"
name = "Plain"
secret = "0123456789abcdef0123456789abcdef"
token = "{token}"
callback = "plaintext"
allow_plaintext = true
[sites.shop.inbound]
supabase = {{ adapter = "supabase", secrets = ["v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] }}
zitadel = {{ adapter = "zitadel", secrets = ["a-token-for-benchmarks"] }}
authgear = {{ adapter = "authgear", secrets = ["a-token-for-benchmarks"] }}
logto = {{ adapter = "logto", secrets = ["a-token-for-benchmarks"] }}
casdoor = {{ adapter = "casdoor", secrets = ["a-token-for-benchmarks"] }}
[admin.operators.lan]
password = "{line}"
[oidc]
subject_key = "{subject}"
[[sites.shop.oidc.clients]]
id = "app"
name = "App"
redirect_uris = ["http://127.0.0.1/back"]
[[sites.shop.oidc.clients]]
id = "wiki"
name = "Wiki"
secrets = ["sha256:{digest}"]
redirect_uris = ["https://wiki.example/back"]
"""


def routes(config: Path) -> Iterator[tuple[str, str]]:
    """Method and pattern of every route of the service, from its own table."""
    app = create_app(load(config), "redis://127.0.0.1:1")
    for resource in app.router.resources():
        yield from ((each.method, resource.canonical) for each in resource if each.method != "HEAD")


def _pages(here: Running, fresh: Iterator[int]) -> dict[str, list[str]]:
    """Page tokens of verifications and of logins; `fresh` numbers the users."""
    starts = [("/v1/verifications", start_body(next(fresh))) for _ in range(_PAGES)]
    starts += [("/v1/logins", {"client_ip": "10.0.0.1"})] * _PAGES

    async def ask(http: Any, number: int) -> str:
        path, body = starts[number]
        async with http.post(path, json=body) as answer:
            assert answer.status == 201, await answer.text()
            made = await answer.json()
        # The scene is made now, by the key: WeChat is asked once for each verification, and starting one takes a key.
        async with http.get(f"{path}/{made['id']}/scan") as answer:
            assert answer.status == 200, await answer.text()
        return made["page_url"].rpartition("/")[2]

    found = with_client(here.base, len(starts), ask)
    return {"verification": found[:_PAGES], "intent": found[_PAGES:]}


def _passwords(line: Line) -> Iterator[dear.Dear]:
    """Passwords past the limit of an address. Up to it each costs one scrypt, on purpose (threat-model.md)."""
    _, page, cookie = line.visit("/admin/login")
    token = re.search(rb'name="token" value="([^"]+)"', page)
    assert token is not None, page
    body = b"name=lan&password=wrong&token=" + token[1]
    raw = dear.request("POST", "/admin/login", body, "application/x-www-form-urlencoded", Cookie=cookie)
    for _ in range(6):
        line.ask(raw)
    yield dear.Dear("POST /admin/login", "a password past the limit", raw)


def _requests(here: Running, fresh: Iterator[int]) -> Iterator[dear.Dear]:
    for method, pattern in routes(here.config):
        if method != "*":
            yield from dear.of_every_route(method, pattern)
    yield from dear.of_no_route()
    yield from dear_strangers.of_inbound()
    for account in ("main", "plain"):
        yield from dear_strangers.of_callbacks(account)
    yield from dear_strangers.of_an_issuer("shop", Line(here.port).ask(dear.request("GET", "/oidc/shop/jwks.json"))[1])
    yield from _of_pages(here, fresh)
    yield from _passwords(Line(here.port))


def _of_pages(here: Running, fresh: Iterator[int]) -> Iterator[dear.Dear]:
    for kind, tokens in _pages(here, fresh).items():
        yield from dear_strangers.of_a_page(tokens, kind)


def _same(cost: Cost, here: Running, fresh: Iterator[int]) -> dear.Dear:
    """The request once more; one that can be sent only once, for new pages."""
    if not cost.dear.others:
        return cost.dear
    wanted = (cost.dear.route, cost.dear.shape)
    return next(one for one in _of_pages(here, fresh) if (one.route, one.shape) == wanted)


def measure(directory: Path, store: str, store_pid: int, *, times: int, rounds: int) -> list[Cost]:
    """The dearest request of each route, dearest route first."""
    more = RELAY + _MORE.format(
        line=password_line("a password for benchmarks", b"0123456789abcdef"),
        token=TOKEN,
        subject="a subject key for benchmarks only, 0123456789",
        digest="2b" * 32,
    )
    with contextlib.ExitStack() as stack:
        stub = stack.enter_context(platform())
        here = stack.enter_context(service(directory, store, stub, proxies=("127.0.0.1",), more=more))
        bind_users(here)
        scales = Scales(here, store_pid)
        fresh = count()

        def weighed(cost: Cost) -> Cost:
            return cost if cost.dear.others else scales.cost(cost.dear, times=times, rounds=rounds)

        # Of thousands of requests a few are sent; of what may be too dear, and of the dearest of each route, more.
        most = map(scales.most, _requests(here, fresh))
        found = dearest(weighed(cost) if cost.refusals > MOST else cost for cost in most)
        found = dearest(map(weighed, found))
        # Beside other work a round may say too much, never too little: the least of several short runs counts.
        for _ in range(_REPEATED):
            found = dearest(
                min(cost, scales.cost(_same(cost, here, fresh), times=3 * times, rounds=rounds), key=_refusals)
                if cost.refusals > MOST
                else cost
                for cost in found
            )
        return found


def _refusals(cost: Cost) -> float:
    return cost.refusals


def dearest(costs: Iterable[Cost]) -> list[Cost]:
    """Of each route the dearest request."""
    found: dict[str, Cost] = {}
    for cost in costs:
        known = found.get(cost.dear.route)
        if known is None or known.refusals < cost.refusals:
            found[cost.dear.route] = cost
    return sorted(found.values(), key=_refusals, reverse=True)


def table(costs: Iterable[Cost], whose: str = "without a key") -> list[str]:
    """As Markdown."""
    return [
        f"| route | dearest request {whose} | answer | CPU µs | refusals |",
        "| --- | --- | --- | --- | --- |",
        *map(_row, costs),
    ]


def _row(cost: Cost) -> str:
    route = cost.dear.route.replace("svg|png", "svg or png").replace("check|resend|state|events", "…")
    return f"| `{route}` | {cost.dear.shape} | {cost.status} | {cost.us:.0f} | {cost.refusals:.1f} |"


def late(costs: Iterable[Cost], whose: str = "without a key", most: float = MOST) -> list[str]:
    """What is too dear, in words."""
    return [
        f"{cost.dear.route}: a request {whose} ({cost.dear.shape}) costs {cost.refusals:.1f} ordinary refusals; "
        f"{most:.0f} is the most allowed"
        for cost in costs
        if cost.refusals > most
    ]


async def weigh() -> list[str]:
    """Measure, print the table; what is too dear, in words."""
    with tempfile.TemporaryDirectory() as directory:
        async with run_embedded(Path(directory) / "data") as embedded:
            costs = await asyncio.to_thread(
                measure, Path(directory), embedded.url, embedded.pid, times=scaled(6), rounds=2
            )
    print("\n".join(table(costs)))
    return late(costs)


if __name__ == "__main__":
    found = asyncio.run(weigh())
    print("\n".join(found), file=sys.stderr)
    sys.exit(1 if found else 0)
