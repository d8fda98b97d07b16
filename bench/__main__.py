"""`make bench`: what the calls cost beside floors measured in the same run; ratios, not seconds."""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
from pathlib import Path

import aiohttp

from bench import calls
from bench.processes import scaled
from codesvc.store.embedded import run_embedded

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))


def measure(store: str, directory: Path) -> None:
    subjects = calls.measure(directory, store, requests=scaled(6000), rounds=ROUNDS)
    print("\n".join(calls.table(subjects)))


async def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with run_embedded(Path(directory) / "data") as embedded:
            await asyncio.to_thread(measure, embedded.url, Path(directory))
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    print(f"\n{machine}, Python {platform.python_version()}, aiohttp {aiohttp.__version__}")


if __name__ == "__main__":
    asyncio.run(main())
