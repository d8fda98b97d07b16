"""`python -m bench.scaling`: two services and a cluster of three nodes, at a tenth of ten million codes a day.

docs/en/scaling.md multiplies figures of one process and one store. Here the parts are there: two processes of the
service that deliver, three primaries with a replica each, 83 codes a second and three calls for each of them. In the
middle the primary that holds all of it is killed. `BENCH_SECONDS` says how long (600).
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp

from bench.bindings import KEYS, openid
from bench.processes import cpu_seconds
from bench.service import KEY, platform, service, start_body, with_client
from tests import stores

if TYPE_CHECKING:
    from bench.service import Running

_SECONDS: Final = int(os.environ.get("BENCH_SECONDS", "600"))
_CODES_A_SECOND: Final = 83
_USERS: Final = 2_000
_HEADERS: Final = {"Authorization": f"Bearer {KEY}"}


@dataclass
class Answers:
    """What callers got.

    Attributes:
        statuses: how many answers, by call and status; status 0 is no answer.
        took: of each call that was not refused, when it began and how many seconds it took.
        refused: when the calls began that got 503 or no answer.
        started: of each verification that was answered 201, when its start began and its id.
    """

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    took: list[tuple[float, float]] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    started: list[tuple[float, str]] = field(default_factory=list)


async def _ask(http: aiohttp.ClientSession, answers: Answers, method: str, url: str, body: dict | None = None) -> dict:
    began = time.monotonic()
    name = f"{method} {'start' if url.endswith('verifications') else url.rpartition('/')[2][:5]}"
    try:
        async with http.request(method, url, json=body, headers=_HEADERS) as answer:
            found = await answer.json()
            status = answer.status
    except (aiohttp.ClientError, TimeoutError):
        found, status = {}, 0
    answers.statuses[name, status] += 1
    if status in {0, 503}:
        answers.refused.append(began)
    else:
        answers.took.append((began, time.monotonic() - began))
    return found


async def _person(http: aiohttp.ClientSession, answers: Answers, services: list[Running], number: int) -> None:
    """Started at one service, read and checked at the other."""
    here, other = (services[(number + place) % 2].base for place in (0, 1))
    body = start_body(number) | {"user": f"u-{number % _USERS}"}
    began = time.monotonic()
    started = await _ask(http, answers, "POST", f"{here}/v1/verifications", body)
    if "page_url" not in started:
        return
    answers.started.append((began, started["id"]))
    await _ask(http, answers, "GET", f"{other}/v1/verifications/{started['id']}")
    await _ask(http, answers, "POST", f"{other}/v1/verifications/{started['id']}/check", {"code": "000000"})


async def _run(services: list[Running], nodes: stores.Nodes) -> None:
    answers, began = Answers(), time.monotonic()
    before = [cpu_seconds(each.pid) for each in services]
    timeout, connector = aiohttp.ClientTimeout(20), aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http, asyncio.TaskGroup() as group:
        for number in range(_CODES_A_SECOND * _SECONDS):
            await asyncio.sleep(max(0.0, began + number / _CODES_A_SECOND - time.monotonic()))
            group.create_task(_person(http, answers, services, number))
            if number == _CODES_A_SECOND * _SECONDS // 2:
                lost_at = time.monotonic()
                nodes.holder(KEYS.root).process.send_signal(signal.SIGKILL)
    cpu = [cpu_seconds(each.pid) - was for each, was in zip(services, before, strict=True)]
    await asyncio.sleep(5)

    async def known(http: aiohttp.ClientSession, place: int) -> int:
        async with http.get(f"/v1/verifications/{answers.started[place][1]}") as answer:
            await answer.read()
            return answer.status

    asked = await asyncio.to_thread(with_client, services[0].base, len(answers.started), known)
    gone = [at - lost_at for (at, _), status in zip(answers.started, asked, strict=True) if status != 200]
    calm = sorted(took for at, took in answers.took if not -1 < at - lost_at < 15)
    print(f"{_SECONDS} s, {_CODES_A_SECOND} codes a second, {len(answers.started):,} started")
    print("| call | status | answers |\n| --- | --- | --- |")
    for (name, status), count in sorted(answers.statuses.items()):
        print(f"| {name} | {status or 'none'} | {count:,} |")
    p50, p99 = (calm[int(len(calm) * part)] * 1000 for part in (0.5, 0.99))
    print(f"without the seconds around the loss: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    if answers.refused:
        first, last = (each - lost_at for each in (min(answers.refused), max(answers.refused)))
        print(f"refused from {first:.1f} s to {last:.1f} s after the kill")
    print(
        f"answered 201 and lost: {len(gone)}"
        + (f", started {min(gone):.2f} to {max(gone):.2f} s after the kill" if gone else "")
    )
    print("cores of the services: " + ", ".join(f"{each / _SECONDS:.2f}" for each in cpu))


def _bind(here: Running) -> None:
    async def bind(http: aiohttp.ClientSession, number: int) -> None:
        async with http.put(f"/v1/bindings/u-{number}", json={"openid": openid(number)}) as answer:
            assert answer.status in {200, 201}, await answer.text()

    with_client(here.base, _USERS, bind)


def main() -> None:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        nodes = stack.enter_context(stores.cluster(replicas=True))
        stub = stack.enter_context(platform())
        services = [stack.enter_context(service(directory, nodes.url, stub, deliver=True)) for _ in range(2)]
        _bind(services[0])
        asyncio.run(_run(services, nodes))


if __name__ == "__main__":
    main()
