"""`codesvc sandbox compare FILE`: the walk of a transcript again, over the sandbox, and each difference in a line."""

import asyncio
import sys
from pathlib import Path

from codesvc.sandbox.probe.claims import CLAIMS, judge, rows
from codesvc.sandbox.probe.comparison import compare
from codesvc.sandbox.probe.rehearsal import rehearse
from codesvc.sandbox.probe.transcript import UnusableTranscript, read


def run(file: Path | None, *, seconds: float, table: str | None, by: str) -> int:
    """Compare; returns 0 without differences, 1 with some, 2 if the file cannot be used."""
    if file is None:
        print("codesvc sandbox compare: name the transcript", file=sys.stderr)  # noqa: T201 - a command line prints
        return 2
    try:
        recorded = read(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, UnusableTranscript) as error:
        reason = getattr(error, "strerror", None) or error
        print(f"codesvc sandbox compare: {file}: {reason}", file=sys.stderr)  # noqa: T201 - as above
        return 2
    if table is not None:
        print("\n".join(rows(recorded, by, language=table)))  # noqa: T201 - as above
        return 0
    sandbox = asyncio.run(rehearse(recorded.kind, recorded.mode, recorded.steps()))
    found = compare(recorded, sandbox, seconds=seconds)
    judged = judge(recorded)
    confirmed = sum(1 for held in judged.values() if held)
    tried = sum(1 for held in judged.values() if held is not None)
    lines = [difference.line() for difference in found]
    claims = f"claims seen: {confirmed} of {tried} tried, {len(CLAIMS)} in all"
    lines.append(f"{len(found)} differences in {len(recorded.steps())} steps; {claims}")
    print("\n".join(lines))  # noqa: T201 - as above
    return 1 if found else 0
