"""`python -m bench.oracle`: whether time tells who is bound, where the answers do not (DESIGN rule 7).

Calls for bound and for unknown users in random order, one at a time, over loopback: far closer than any attacker comes.
For each call the area under the ROC curve (Mann and Whitney's U, scaled): the chance that a call for a bound user took
longer than one for an unknown user. One half is a coin; with its standard error it is robust against a noisy machine,
because noise falls on both alike. An attacker who sees an area of a needs about 1 / (2a - 1)^2 calls about one person
for a fair guess, and the limits give him a handful.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import aiohttp

from bench.processes import scaled
from bench.service import KEY, USERS, bind_users, platform, service
from codesvc.store.embedded import run_embedded

ROUNDS = scaled(3000)
WIDEST = float(os.environ.get("BENCH_ORACLE_WIDEST", "0.1"))
"""How far from one half an area may lie, beyond four standard errors, before the run fails."""


_RELAY = """
[sites.shop.relay]
sms = "stub"
purpose = "reset"
receipt_wait = 60
repeat_window = 0
[sites.shop.gateways.stub.signed]
url = "{url}/gateway"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
allow_private = true
[sites.shop.inbound.own]
adapter = "generic"
secrets = ["{key}"]
users = "system"
"""
"""A site that takes messages, too: who is bound gets them by WeChat, everybody else by the stub."""


async def _timed(http: aiohttp.ClientSession, method: str, path: str, body: dict | None = None) -> tuple[float, dict]:
    began = time.perf_counter()
    async with http.request(method, path, json=body) as answer:
        text = await answer.read()
    seconds = time.perf_counter() - began
    assert answer.status in {200, 201, 202, 422}, text
    return seconds, await answer.json(content_type=None)


async def collect(base: str) -> dict[str, dict[bool, list[float]]]:
    """Seconds by call and by whether the user is bound."""
    found: dict[str, dict[bool, list[float]]] = defaultdict(lambda: {True: [], False: []})
    kinds = [True, False] * ROUNDS
    random.shuffle(kinds)
    async with aiohttp.ClientSession(base, headers={"Authorization": f"Bearer {KEY}"}) as http:
        for number, bound in enumerate(kinds):
            user = f"u-{number % USERS}" if bound else f"x-{number % USERS}"
            address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            body = {"purpose": "reset", "user": user, "client_ip": address}
            seconds, started = await _timed(http, "POST", "/v1/verifications", body)
            after, _ = await _timed(http, "GET", "/healthz")
            message = {"recipient": f"+86139{number % 100_000_000:08}", "code": "482913", "user": user}
            found["an identity system's call"][bound].append(
                (await _timed(http, "POST", "/inbound/generic/shop", message))[0]
            )
            path = f"/v1/verifications/{started['id']}"
            found["start"][bound].append(seconds)
            found["whatever comes right after a start"][bound].append(after)
            found["read"][bound].append((await _timed(http, "GET", path))[0])
            found["page"][bound].append((await _timed(http, "GET", f"/p/{started['page_token']}/state"))[0])
            found["wrong code"][bound].append((await _timed(http, "POST", f"{path}/check", {"code": "000000"}))[0])
            phone = f"+86138{number % 100_000_000:08}"
            with_contact = {"purpose": "reset", "user": user, "client_ip": address, "contact": {"phone": phone}}
            seconds, _ = await _timed(http, "POST", "/v1/verifications", with_contact)
            found["start with a contact"][bound].append(seconds)
            body = {"user": user, "recipient": {"phone": phone}, "code": "482913", "client_ip": address}
            seconds, accepted = await _timed(http, "POST", "/v1/messages", body)
            found["message"][bound].append(seconds)
            found["whatever comes right after a message"][bound].append((await _timed(http, "GET", "/healthz"))[0])
            path = f"/v1/messages/{accepted['id']}"
            found["read a message"][bound].append((await _timed(http, "GET", path))[0])
    return found


def area(bound: list[float], unknown: list[float]) -> float:
    """The chance that one of `bound` is longer than one of `unknown`."""
    ranked = sorted([(seconds, True) for seconds in bound] + [(seconds, False) for seconds in unknown])
    ranks = sum(rank for rank, (_, is_bound) in enumerate(ranked, 1) if is_bound)
    return (ranks - len(bound) * (len(bound) + 1) / 2) / (len(bound) * len(unknown))


def table(found: dict[str, dict[bool, list[float]]]) -> tuple[list[str], bool]:
    """A Markdown table, and whether every area is narrow enough."""
    lines = [
        "| call | median, bound (us) | median, unknown (us) | area | +/- (4 s.e.) |",
        "| --- | --- | --- | --- | --- |",
    ]
    fine = True
    for call, times in found.items():
        bound, unknown = sorted(times[True]), sorted(times[False])
        value, error = area(bound, unknown), 4 * (1 / (6 * len(bound))) ** 0.5
        fine = fine and abs(value - 0.5) < WIDEST + error
        middle = [1e6 * times[len(times) // 2] for times in (bound, unknown)]
        lines.append(f"| {call} | {middle[0]:.0f} | {middle[1]:.0f} | {value:.3f} | {error:.3f} |")
    return lines, fine


def measure(store: str, directory: Path) -> bool:
    with (
        platform() as url,
        service(directory, store, url, deliver=True, more=_RELAY.format(url=url, key=KEY)) as running,
    ):
        bind_users(running)
        lines, fine = table(asyncio.run(collect(running.base)))
    print("\n".join(lines))
    return fine


async def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with run_embedded(Path(directory) / "data") as embedded:
            fine = await asyncio.to_thread(measure, embedded.url, Path(directory))
    if not fine:
        raise SystemExit("time tells who is bound")


if __name__ == "__main__":
    asyncio.run(main())
