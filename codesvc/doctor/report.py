"""Prints findings for people (one line each, the remedy below it) and for programs (JSON)."""

from __future__ import annotations

import textwrap
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
_WIDTH: Final = 120


def line(finding: Finding) -> str:
    """One finding as text, with its remedy on the lines below."""
    text = _wrapped(f"{_MARKS[finding.status]}  {finding.what}: {finding.found}", _INDENT)
    return text + (f"\n{_wrapped(f'{_INDENT}-> {finding.remedy}', _INDENT + '   ')}" if finding.remedy else "")


def _wrapped(text: str, indent: str) -> str:
    """The text on lines of at most 120 characters; a longer word, such as an address, stays whole, on its own line."""
    lines = textwrap.wrap(
        text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
    return "\n".join(each if len(each) <= _WIDTH else each.lstrip() for each in lines)


def summary(findings: Sequence[Finding]) -> str:
    """The number of findings by status."""
    counts = Counter(finding.status for finding in findings)
    return ", ".join(f"{counts[status]} {status}" for status in Status)


def document(findings: Sequence[Finding], status: Exit) -> str:
    """All findings and the exit status as one JSON object."""
    rows = [asdict(finding) for finding in findings]
    return msgspec.json.format(msgspec.json.encode({"exit": int(status), "findings": rows})).decode()
