"""CPU per request of the two calls that matter, beside floors that are measured in turn with them."""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench import floors as floor
from bench.processes import children, cpu_seconds
from bench.service import KEY, bind_users, platform, service, start_body, start_many

if TYPE_CHECKING:
    from pathlib import Path

CONNECTIONS = 64
FLOORS = ("bare", "multiplexed", "redis-py")
START, CHECK = "POST /v1/verifications (bound)", "check, wrong code"
_ATTEMPTS = 5
_EACH = 1500


@dataclass
class Subject:
    """Something that is asked, and what it cost, round by round."""

    name: str
    pid: int
    port: int
    rounds: list[dict]

    @property
    def cpu_us(self) -> float:
        return statistics.median(one["cpu_us"] for one in self.rounds)

    def median(self, key: str) -> float:
        return statistics.median(one[key] for one in self.rounds)

    def ratio(self, floor: Subject) -> float:
        """The median of the rounds' ratios: what disturbs a round disturbs both."""
        pairs = zip(self.rounds, floor.rounds, strict=True)
        return statistics.median(mine["cpu_us"] / its["cpu_us"] for mine, its in pairs)


def load(port: int, requests: list, pids: list[int], *, rate: float = 0, connections: int = CONNECTIONS) -> dict:
    """Run a load and say what it cost these processes in CPU."""
    plan = {"port": port, "requests": requests, "connections": connections, "key": KEY, "rate": rate}
    before = sum(map(cpu_seconds, pids))
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"], input=json.dumps(plan), text=True, capture_output=True, check=True
    )
    result: dict[str, Any] = json.loads(done.stdout)
    result["cpu_us"] = (sum(map(cpu_seconds, pids)) - before) / result["count"] * 1e6
    result["rate"] = result["count"] / result["seconds"]
    return result


def guesses(ids: list[str]) -> list:
    return [(f"/v1/verifications/{one}/check", {"code": "000000"}) for one in ids]


def measure(directory: Path, store: str, *, requests: int, rounds: int, floors: tuple = FLOORS) -> dict[str, Subject]:
    """Each floor and each call in turn, `rounds` times; a check is a wrong one, never the last attempt."""
    with ExitStack() as stack:
        subjects = {}
        for name in floors:
            subjects[name] = Subject(name, *stack.enter_context(floor.serving(name, store)), [])
        here = stack.enter_context(service(directory, store, stack.enter_context(platform())))
        bind_users(here)
        guessed: list[str] = []
        # Never the same person twice from the same address: a fourth start would supersede the first.
        fresh = itertools.count()
        for number in range(rounds):
            if number % (_ATTEMPTS - 1) == 0:
                guessed = start_many(here, itertools.islice(fresh, requests))
            bodies = [("/v1/verifications", start_body(next(fresh))) for _ in range(requests)]
            for name in floors:
                subjects[name].rounds.append(_floor(subjects[name], requests))
            for name, plan in ((START, bodies), (CHECK, guesses(guessed))):
                subject = subjects.setdefault(name, Subject(name, here.pid, here.port, []))
                subject.rounds.append(load(here.port, plan, [here.pid]))
        _expect(subjects[START], "201")
        _expect(subjects[CHECK], "422")
    return subjects


def workers(directory: Path, store: str, *, requests: int, rounds: int) -> dict[int, dict]:
    """The same starts at one worker and at two: CPU per request of all of them, and requests a second.

    Also with `_EACH` a second for each worker: two that share two cores with load and store never have many requests at
    once, which makes each dearer; at the same rate for each worker nothing differs but the second worker.
    """
    found = {}
    with ExitStack() as stack:
        stub = stack.enter_context(platform())
        for count in (1, 2):
            here = stack.enter_context(service(directory, store, stub, workers=count))
            bind_users(here)
            pids = [here.pid, *children(here.pid)] if count > 1 else [here.pid]
            fresh = itertools.count(count * 10_000_000)
            load(here.port, [("/v1/verifications", start_body(next(fresh))) for _ in range(requests // 4)], pids)
            one_by_one = [
                load(here.port, [("/v1/verifications", start_body(next(fresh))) for _ in range(requests)], pids)
                for _ in range(rounds)
            ]
            found[count] = {key: statistics.median(one[key] for one in one_by_one) for key in ("cpu_us", "rate")}
            paced = [
                load(
                    here.port,
                    [("/v1/verifications", start_body(next(fresh))) for _ in range(requests // 2 * count)],
                    pids,
                    rate=_EACH * count,
                )["cpu_us"]
                for _ in range(rounds)
            ]
            found[count]["paced_us"] = statistics.median(paced)
    return found


def _floor(subject: Subject, requests: int) -> dict:
    return load(subject.port, [("/", start_body(n)) for n in range(requests)], [subject.pid])


def _expect(subject: Subject, status: str) -> None:
    for one in subject.rounds:
        if set(one["statuses"]) != {status}:
            raise SystemExit(f"{subject.name}: answers {one['statuses']}, wanted only {status}")


def table(subjects: dict[str, Subject]) -> list[str]:
    floor = subjects["multiplexed"]
    lines = [
        "| what | CPU µs/request | of the multiplexed floor | requests/s | p50 ms | p99 ms |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, subject in subjects.items():
        title = f"floor: {name}" if name in FLOORS else name
        lines.append(
            f"| {title} | {subject.cpu_us:.0f} | {subject.ratio(floor):.2f} | {subject.median('rate'):,.0f} "
            f"| {subject.median('p50_ms'):.1f} | {subject.median('p99_ms'):.1f} |"
        )
    return lines
