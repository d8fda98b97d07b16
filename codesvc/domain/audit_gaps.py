"""Finds out which lines of an audit log are gone, and why: from the lines' numbers and from the log's counts. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from codesvc.domain.audit import FAILED_LOGINS, AuditAct, Gone, Line, logs_with

_ACTOR: Final = "codesvc"


@dataclass(frozen=True, slots=True)
class Log:
    """One audit log, as its partition's hash `audits` counts it.

    Attributes:
        name: the site's name, "" for lines without a site; before it what `LOG_OF` says for acts that can be repeated.
            `FAILED_LOGINS` for failed sign-ins.
        written: how many numbered lines it got.
        by_length: how many of them were dropped because the log was full.
        by_age: how many were dropped because they were too old.
        last: when the newest line was written, ms.
        filed: the number of the latest line that was written to the audit file.
    """

    name: str
    written: int = 0
    by_length: int = 0
    by_age: int = 0
    last: int = 0
    filed: int = 0

    @property
    def site(self) -> str:
        """The site that the log belongs to, "" for none."""
        return "" if self.name == FAILED_LOGINS else self.name.rpartition(":")[2]

    def wanted(self, line: Line, site: str | None, act: str) -> bool:
        """Whether a line of this log passes the filters: a site or None for all, and an act or "" for all.

        A gap passes the filter of every act that the log may have: such lines may be among those that are gone.
        """
        if site not in {None, line.site}:
            return False
        return act in {"", line.act} or (line.act == AuditAct.LINES_MISSING and self._may_have(act))

    def _may_have(self, act: str) -> bool:
        if self.name == FAILED_LOGINS or act == AuditAct.LOGIN_FAILED:
            return self.name == act
        return self.name[: self.name.rfind(":") + 1] in logs_with(act)


def logs_in(counts: Mapping[Any, Any]) -> list[Log]:
    """The logs that a hash `audits` counts, from its bytes. The log of lines without a site is always among them."""
    counts_by_name = {name.decode(): int(value) for name, value in counts.items()}
    names = sorted({"", *(name for name in counts_by_name if "/" not in name)})
    return [
        Log(
            name,
            counts_by_name.get(name, 0),
            counts_by_name.get(f"{name}/length", 0),
            counts_by_name.get(f"{name}/age", 0),
            counts_by_name.get(f"{name}/last", 0),
            counts_by_name.get(f"{name}/filed", 0),
        )
        for name in names
    ]


def missing(log: Log, at: str, count: int, why: Gone) -> Line:
    """The line that stands in the place of lines that are gone; `at` is the time of the next newer line."""
    return Line(at=at, actor=_ACTOR, act=AuditAct.LINES_MISSING, site=log.site, detail=why.value, missing=count)


def first_gone(log: Log, at: str, count: int) -> Iterator[Line]:
    """Lines for the `count` oldest lines of a log, which are gone: one for each reason."""
    by_length = min(log.by_length, count)
    by_age = min(log.by_age, count - by_length)
    for lost, why in (
        (by_length, Gone.LENGTH),
        (by_age, Gone.AGE),
        (count - by_length - by_age, Gone.UNKNOWN),
    ):
        if lost > 0:
            yield missing(log, at, lost, why)


def with_gaps(log: Log, lines: Sequence[Line], *, newest: bool, oldest: bool, expired: int) -> Iterator[Line]:
    """The lines of a log, newest first, with a line wherever some are gone.

    Args:
        log: the log.
        lines: a part of it, newest first.
        newest: whether the part reaches to the newest line.
        oldest: whether the part reaches to the oldest line that is kept.
        expired: lines up to this time are too old, ms.
    """
    numbered = [line for line in lines if line.number]
    if newest and numbered and log.written > numbered[0].number:
        yield missing(log, str(log.last), log.written - numbered[0].number, Gone.UNKNOWN)
    for newer, older in pairwise(lines):
        yield newer
        if newer.number and older.number and newer.number - older.number > 1:
            yield missing(log, newer.at, newer.number - older.number - 1, Gone.UNKNOWN)
    yield from lines[-1:]
    if not oldest:
        return
    if numbered:
        yield from first_gone(log, numbered[-1].at, numbered[-1].number - 1)
    elif newest and log.written and log.last <= expired:
        # The store dropped the whole log at the end of its life.
        yield missing(log, str(log.last), log.written, Gone.AGE)
    elif newest:
        yield from first_gone(log, str(log.last), log.written)
