"""The result of a check: a finding with four short texts."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Status(StrEnum):
    """The result of a check."""

    OK = "ok"
    WARN = "warn"
    """It works, but an operator should look at it; the exit status stays 0."""
    FAIL = "fail"
    """An operator has to act."""
    SKIPPED = "skipped"
    """The check could not be made; `remedy` says what it needs, or who has to make it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. It must contain no secret, because operators paste reports into tickets.

    Attributes:
        what: the subject of the check, such as `accounts.main: credentials`.
        remedy: what to do; empty if nothing is to be done.
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
    """A finding without a problem."""
    return Finding(Status.OK, what, found)


def warn(what: str, found: str, remedy: str) -> Finding:
    """A finding that works, but should be changed."""
    return Finding(Status.WARN, what, found, remedy)


def fail(what: str, found: str, remedy: str) -> Finding:
    """A finding that does not work, or is not safe."""
    return Finding(Status.FAIL, what, found, remedy)


def skipped(what: str, found: str, remedy: str = "") -> Finding:
    """A check that could not be made."""
    return Finding(Status.SKIPPED, what, found, remedy)


def exit_status(findings: Iterable[Finding]) -> Exit:
    """FINE, or ACTION if at least one finding has failed."""
    return Exit.ACTION if any(finding.status is Status.FAIL for finding in findings) else Exit.FINE
