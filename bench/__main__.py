"""`make bench`: measures everything, and writes table and plots into the records. BENCH_SCALE=0.1 for a look.

Each part has a store of its own, so that none inherits another's keys. `python -m bench PART …` measures some parts
and prints them, without writing anything.
"""

from __future__ import annotations

import asyncio
import compileall
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import codesvc
from bench import calls, crowd, delivery, footprint, growth, journey, ladder, latency, report, streams
from bench.processes import scaled
from bench.service import platform
from codesvc.store.embedded import run_embedded

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_BINDINGS = (5_000, 50_000, 500_000, 5_000_000)


def _footprint(_: Path, __: str) -> dict[str, float]:
    with platform() as stub:
        return footprint.measure(stub, rounds=3)


def _growth(directory: Path, store: str) -> list[dict]:
    sizes, bindings = [scaled(n) for n in _SIZES], [scaled(n) for n in _BINDINGS]
    return growth.measure(directory, store, sizes=sizes, bindings=bindings, requests=scaled(2000))


PARTS: dict[str, Callable[[Path, str], Any]] = {
    "calls": lambda directory, store: calls.measure(directory, store, requests=scaled(4000), rounds=ROUNDS),
    "ladder": lambda directory, store: ladder.measure(directory, store, requests=scaled(3000), rounds=ROUNDS),
    "workers": lambda directory, store: calls.workers(directory, store, requests=scaled(6000), rounds=3),
    "delivery": lambda directory, store: delivery.measure(directory, store, messages=scaled(4000), rounds=3),
    "backlog": lambda directory, store: delivery.backlog(directory, store, dead=scaled(100_000), live=scaled(1000)),
    "latency": lambda directory, store: latency.measure(directory, store, seconds=4),
    "journey": lambda directory, store: journey.measure(directory, store, people=scaled(40), crowd=scaled(2000)),
    "streams": lambda directory, store: streams.measure(directory, store, count=scaled(5000)),
    "crowd": lambda directory, store: crowd.measure(directory, store, pages=scaled(5000)),
    "footprint": _footprint,
    "growth": _growth,
}


async def _alone(part: str) -> Any:
    with tempfile.TemporaryDirectory() as directory:
        async with run_embedded(Path(directory) / "data") as embedded:
            return await asyncio.to_thread(PARTS[part], Path(directory), embedded.url)


async def main(wanted: list[str]) -> None:
    # As pip does where it installs: a start reads what is compiled, whatever PYTHONDONTWRITEBYTECODE says here.
    compileall.compile_dir(Path(codesvc.__file__).parent, quiet=1)
    found = {}
    for part in wanted or PARTS:
        print(f"measuring {part} …", file=sys.stderr, flush=True)
        found[part] = await _alone(part)
        print("\n".join(report.section(part, found[part])), flush=True)
    if not wanted:
        report.write(found, Path("docs/decisions"))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
