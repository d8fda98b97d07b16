"""How long callers wait: alone, at 70 % of what one process bears, and WeChat's scans at 500 a second."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from bench import calls, phone
from bench.processes import scaled
from bench.service import bind_users, openid, platform, service, start_body

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.service import Running

SCANS_A_SECOND = 500
_PART = 0.7
_ROUNDS = 5
_STRANGERS = 20_000_000  # openids from here on are not bound


def measure(directory: Path, store: str, *, seconds: float) -> dict[str, dict]:
    """Each for so many seconds."""
    with ExitStack() as stack:
        here = stack.enter_context(service(directory, store, stack.enter_context(platform())))
        bind_users(here)
        fresh = iter(range(10_000_000))

        def starts(count: int) -> list:
            return [("/v1/verifications", start_body(next(fresh))) for _ in range(count)]

        calls.load(here.port, starts(500), [here.pid])
        idle = calls.load(here.port, starts(int(50 * seconds)), [here.pid], rate=50, connections=1)
        busy = [_busy(here, starts, seconds) for _ in range(_ROUNDS)]
        scenes = phone.scenes(here, list(range(int(SCANS_A_SECOND * seconds))))
        pushes = [phone.scan(openid(_STRANGERS + number), scene) for number, scene in enumerate(scenes)]
        scans = calls.load(here.port, pushes, [here.pid], rate=SCANS_A_SECOND)
    median = sorted(busy, key=lambda one: one["p99_ms"])[_ROUNDS // 2]
    return {"a start, 50/s": idle, f"a start, {median['rate']:,.0f}/s (70 %)": median, "a scan, 500/s": scans}


def _busy(here: Running, starts: Callable[[int], list], seconds: float) -> dict:
    """At 70 % of what the service bore in the second before: the machine is not the same from minute to minute."""
    borne = calls.load(here.port, starts(scaled(5000)), [here.pid])["rate"]
    rate = borne * _PART
    return calls.load(here.port, starts(int(rate * seconds)), [here.pid], rate=rate) | {"rate": rate}


def table(found: dict[str, dict]) -> list[str]:
    lines = ["| what | p50 ms | p99 ms | answers |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {name} | {one['p50_ms']:.1f} | {one['p99_ms']:.1f} | {one['statuses']} |" for name, one in found.items()
    ]
    return lines
