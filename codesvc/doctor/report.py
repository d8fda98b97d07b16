"""Prints findings for people (one line each, the remedy below it) and for programs (JSON)."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.doctor.finding import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.doctor.finding import Exit, Finding

_MARKS: Final = {Status.OK: "ok  ", Status.WARN: "WARN", Status.FAIL: "FAIL", Status.SKIPPED: "skip"}
_INDENT: Final = " " * 6


def line(finding: Finding) -> str:
    """One finding as text, with its remedy on the lines below."""
    text = f"{_MARKS[finding.status]}  {finding.what}: {finding.found}"
    return text + (f"\n{_INDENT}-> {finding.remedy}" if finding.remedy else "")


def summary(findings: Sequence[Finding]) -> str:
    """The number of findings by status."""
    counts = Counter(finding.status for finding in findings)
    return ", ".join(f"{counts[status]} {status}" for status in Status)


def document(findings: Sequence[Finding], status: Exit) -> str:
    """All findings and the exit status as one JSON object."""
    rows = [asdict(finding) for finding in findings]
    return msgspec.json.format(msgspec.json.encode({"exit": int(status), "findings": rows})).decode()
