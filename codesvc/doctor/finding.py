"""What a check says: four short texts and no exception."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Status(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    """It works, and deserves a look; the exit status stays 0."""
    FAIL = "fail"
    """Somebody has to act."""
    SKIPPED = "skipped"
    """It could not be looked at; `remedy` says what would have to be there, or who has to look."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. Nothing secret may stand in it: it is printed, and pasted into tickets.

    Attributes:
        status: how it came out.
        what: what was looked at, such as `accounts.main: credentials`.
        found: what was there.
        remedy: what to do about it, empty where nothing is to be done.
    """

    status: Status
    what: str
    found: str
    remedy: str = ""


class Exit(IntEnum):
    """Exit statuses of `codesvc check`."""

    FINE = 0
    ACTION = 1
    CONFIGURATION = 2


def ok(what: str, found: str) -> Finding:
    """All is well."""
    return Finding(Status.OK, what, found)


def warn(what: str, found: str, remedy: str) -> Finding:
    """It works, but."""
    return Finding(Status.WARN, what, found, remedy)


def fail(what: str, found: str, remedy: str) -> Finding:
    """It does not work, or not safely."""
    return Finding(Status.FAIL, what, found, remedy)


def skipped(what: str, found: str, remedy: str = "") -> Finding:
    """It could not be looked at."""
    return Finding(Status.SKIPPED, what, found, remedy)


def exit_status(findings: Iterable[Finding]) -> Exit:
    """FINE, or ACTION where at least one finding failed."""
    return Exit.ACTION if any(finding.status is Status.FAIL for finding in findings) else Exit.FINE
