"""The regression gate of CI: a minute, a ratio to the floor of the same run, a generous margin. `python -m bench.gate`.

What is compared is CPU of the server process, which a busy machine inflates too, but the floor with it. A call that
costs `MOST` times its floor or more has been made dearer by something that nobody wanted.

Then, for each route, the dearest request that needs no key, beside an ordinary refusal (`bench.refusals`).
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from bench import calls, refusals
from codesvc.store.embedded import run_embedded

MOST = {calls.START: 5.0, calls.CHECK: 4.5}
"""About twice what docs/decisions/performance.md says."""


async def main() -> int:
    with tempfile.TemporaryDirectory() as directory:
        async with run_embedded(Path(directory) / "data") as embedded:
            subjects = await asyncio.to_thread(
                calls.measure, Path(directory), embedded.url, requests=1500, rounds=5, floors=("multiplexed",)
            )
    print("\n".join(calls.table(subjects)))
    floor = subjects["multiplexed"]
    late = [
        f"{name} costs {subjects[name].ratio(floor):.2f} times the multiplexed floor; {most} is the most allowed"
        for name, most in MOST.items()
        if subjects[name].ratio(floor) > most
    ]
    late += await refusals.weigh()
    print("\n".join(late), file=sys.stderr)
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
