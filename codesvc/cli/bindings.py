"""`codesvc bindings export|import FILE --config FILE --site SITE [--dry-run] [--verify] [--encoding E] [--timezone Z]`.

`codesvc bindings move` is in `codesvc.cli.bindings_move`.
"""

from __future__ import annotations

import re
import sys
from contextlib import AsyncExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import aiohttp

from codesvc.cli.bindings_move import run_move
from codesvc.cli.follow import open_store_alone
from codesvc.cli.store_operation import run_operation
from codesvc.domain.account_kinds import Right
from codesvc.domain.audit import AuditAct
from codesvc.domain.errors import CodesvcError
from codesvc.runtime.bounded_answers import BoundedConnector
from codesvc.runtime.sending_trace import sending_trace
from codesvc.service.auditing import AuditLog
from codesvc.service.bindings_transfer import Import, export
from codesvc.service.misplaced_bindings import require_in_place
from codesvc.service.visitor_names import VisitorNames
from codesvc.service.wechat_clients import client_alone
from codesvc.sites.registry.reading import known_site, read_directory
from codesvc.sites.relying_parties import subjects_of
from codesvc.wechat.bulk_calls import MOST, BulkCalls

if TYPE_CHECKING:
    import argparse
    from datetime import tzinfo
    from pathlib import Path

    from codesvc.config import Settings
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.store import Store

_APPID: Final = re.compile(r"wx[0-9a-f]{16}")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Export or import bindings; returns 0, 1 if it failed, 3 if some lines were not imported."""
    if arguments.act == "move":
        if not _APPID.fullmatch(arguments.from_appid):
            sys.stderr.write(
                "codesvc bindings: move needs --from-appid, the old appid: wx followed by 16 hexadecimal digits\n"
            )
            return 2
        return run_operation("bindings", run_move(arguments, settings))
    if arguments.file is None or not arguments.site:
        sys.stderr.write(f"codesvc bindings: {arguments.act} needs a file and --site\n")
        return 2
    try:
        zone = _zone(arguments.timezone)
    except ValueError as error:
        sys.stderr.write(f"codesvc bindings: {error}\n")
        return 2
    return run_operation("bindings", _run(arguments, settings, zone))


async def _run(arguments: argparse.Namespace, settings: Settings, zone: tzinfo | None) -> int:
    async with AsyncExitStack() as stack:
        store = await open_store_alone(stack, settings)
        directory = await read_directory(store, settings)
        site = known_site(directory, arguments.site)
        if arguments.act == "export":
            # The line comes first: the partial file of an export that is interrupted has bindings, too.
            await AuditLog(store, ()).note("cli", AuditAct.DATA_EXPORTED, site=site, detail="bindings")
            count = await export(store, site, arguments.file)
            sys.stdout.write(f"{count} bindings written to {arguments.file}\n")
            await require_in_place(store, directory, sites=[site.name])
            return 0
        await require_in_place(store, directory, sites=[site.name])
        calls = await _verifying(stack, store, settings, site, arguments.file) if arguments.verify else None
        taking = Import(
            store,
            site,
            arguments.file,
            dry=arguments.dry_run,
            encoding=arguments.encoding,
            zone=zone,
            calls=calls,
            names=VisitorNames(store, subjects_of(settings)),
        )
        await taking.run()
    return _tell(taking, arguments)


async def _verifying(stack: AsyncExitStack, store: Store, settings: Settings, site: SiteEntry, path: Path) -> BulkCalls:
    """Calls that say whether the site's account has an openid.

    Raises:
        CodesvcError: WeChat allows fewer calls today than the file needs.
    """
    if not site.account.config.may(Right.USER_INFO):
        raise CodesvcError(
            f"--verify looks up openids at WeChat, but accounts.{site.account.name}.kind = "
            f'"{site.account.config.kind}" does not allow that; nothing was imported'
        )
    http = await stack.enter_async_context(
        aiohttp.ClientSession(
            connector=BoundedConnector(),
            trace_configs=[sending_trace()],
        )
    )
    calls = BulkCalls(client_alone(site.account, http, store, settings))
    with path.open("rb") as file:
        needed = sum(1 for _ in file) // MOST + 1
    left = await calls.calls_left()
    if left is not None and left < needed:
        raise CodesvcError(
            f"--verify needs at least {needed:,} calls, but WeChat allows only {left:,} more today; nothing was "
            "imported"
        )
    return calls


def _tell(taking: Import, arguments: argparse.Namespace) -> int:
    counts = taking.counts
    would = "would be bound" if arguments.dry_run else "bound"
    if taking.encoding is not None and taking.encoding.name != "utf-8":
        guess = " (a guess, so only ASCII was accepted)" if taking.encoding.guessed else ""
        sys.stderr.write(f"note: {arguments.file} was read as {taking.encoding.name.upper()}{guess}\n")
    unknown = f", {counts['unknown']} with an openid that the account does not have" if arguments.verify else ""
    refused = counts["user"] + counts["wechat"] + counts["faulty"] + counts["unknown"]
    sys.stdout.write(
        f"{counts['bound']} {would}, {counts['same']} as before, {counts['user']} users with another WeChat account, "
        f"{counts['wechat']} WeChat accounts with another user, {counts['faulty']} faulty lines, "
        f"{counts['skipped']} done "
        f"before{unknown}\n"
    )
    if refused:
        sys.stdout.write(f"not imported: see {arguments.file}.conflicts.jsonl\n")
    return 3 if refused else 0


def _zone(name: str) -> tzinfo | None:
    """The zone of `--timezone`: a name of the IANA database, or an offset such as +08:00.

    Raises:
        ValueError: neither.
    """
    if not name:
        return None
    if name[0] in "+-" or name.upper() == "Z":
        try:
            return datetime.fromisoformat(f"2000-01-01T00:00:00{name.upper()}").tzinfo
        except ValueError:
            pass
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError(
            f"--timezone {name!r} is not a known time zone; try Asia/Shanghai, or an offset: +08:00"
        ) from None
