"""`codesvc audit`: the audit log on the command line."""

from __future__ import annotations

import re
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from codesvc.cli.follow import open_store_alone
from codesvc.cli.store_operation import run_operation
from codesvc.domain.audit import AuditAct, Gone
from codesvc.domain.clock import rfc3339, unix_ms
from codesvc.domain.errors import CodesvcError
from codesvc.domain.visible_text import one_line
from codesvc.service.audit_file import written
from codesvc.service.auditing import AuditLog
from codesvc.sites.registry.reading import known_site, read_directory
from codesvc.store.partitions import PARTITIONS

if TYPE_CHECKING:
    import argparse

    from codesvc.config import Settings
    from codesvc.domain.audit import Line
    from codesvc.store.store import Store

_SPAN: Final = re.compile(r"(\d{1,4})([mhd])")
_UNITS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print the audit log, newest line last; returns the exit status."""
    span = _SPAN.fullmatch(arguments.since)
    if span is None:
        sys.stderr.write("codesvc audit: --since must be a number followed by m, h or d, such as 7d\n")
        return 2
    if arguments.act and arguments.act not in set(AuditAct):
        sys.stderr.write(f"codesvc audit: --act must be one of {', '.join(AuditAct)}\n")
        return 2
    since = unix_ms() - int(span[1]) * _UNITS[span[2]]
    return run_operation("audit", _run(arguments, settings, since))


async def _run(arguments: argparse.Namespace, settings: Settings, since: int) -> int:
    async with AsyncExitStack() as stack:
        store = await open_store_alone(stack, settings)
        log = AuditLog(store, range(PARTITIONS))
        found = await log.search(since=since, most=arguments.most, site=arguments.site, act=arguments.act)
        if not found.lines and arguments.site is not None:
            await _say_if_unknown(store, settings, arguments.site)
    for line in reversed(found.lines):
        sys.stdout.write(written(line).decode() if arguments.json else _for_people(line))
    if found.next is not None:
        sys.stderr.write(
            f"note: only the newest {arguments.most:,} lines of the last {arguments.since} are shown; use --most to "
            "show older ones\n"
        )
    elif not found.lines:
        sys.stderr.write(f"note: no matching lines in the last {arguments.since}\n")
    return 0


async def _say_if_unknown(store: Store, settings: Settings, site: str) -> None:
    """Warn if the site does not exist. This is not an error, because the lines of a removed site are kept."""
    try:
        known_site(await read_directory(store, settings), site)
    except CodesvcError as error:
        sys.stderr.write(f"note: nothing was found, and {error}\n")


_GONE: Final = {
    Gone.LENGTH: "lines are missing: the site's log was full (store.audit_lines)",
    Gone.AGE: "lines are missing: they were older than store.audit_retention",
    Gone.UNKNOWN: "lines are missing. The service did not remove them: they were deleted in the store, or the store "
    "lost them",
}


def _for_people(line: Line) -> str:
    if line.act == AuditAct.LINES_MISSING:
        explanation = f"{line.missing} {_GONE[Gone(line.detail)]}"
        return f"{rfc3339(int(line.at))}  {line.actor.ljust(16)}  {line.site}  {explanation}\n"
    about = " ".join(part for part in (line.site, line.user, line.wechat) if part)
    columns = [rfc3339(int(line.at)), line.actor.ljust(16), line.act.ljust(16), about, line.detail, line.reason]
    return "  ".join(one_line(column) for column in columns if column).rstrip() + "\n"
