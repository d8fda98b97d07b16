"""`codesvc bindings move [REPORT] --from-appid OLD --config FILE [--resume] [--dry-run] …`."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp

from codesvc.cli.follow import open_store_alone
from codesvc.domain.errors import CodesvcError
from codesvc.runtime.bounded_answers import BoundedConnector
from codesvc.runtime.sending_trace import sending_trace
from codesvc.service.bindings_move import BindingsMove
from codesvc.service.misplaced_bindings import find_misplaced
from codesvc.service.wechat_clients import client_alone
from codesvc.sites.registry.reading import read_directory
from codesvc.store.account_move import AccountMove
from codesvc.store.keys import Keys
from codesvc.store.partitions import partition_of
from codesvc.wechat.bulk_calls import BulkCalls
from codesvc.wechat.errors import TokenUnavailable, WeChatError

if TYPE_CHECKING:
    import argparse

    from codesvc.config import Settings
    from codesvc.sites.directory import AccountEntry, Directory
    from codesvc.store.store import Store

_MEANS: Final = {
    -1: "WeChat knows of no move to this account, or the 15 days after the move are over. If the new openids cannot be "
    "obtained, --no-successors keeps the bindings as void, so that people can bind again",
    63178: "--from-appid is not the old account, or the administrators of both have not yet confirmed the move; some "
    "accounts are known only by their original id: --from-original-id gh_…",
    48001: "the new account is not allowed to make this call; is it verified, and is it the one that WeChat moved to?",
}


async def run_move(arguments: argparse.Namespace, settings: Settings) -> int:
    """Move the bindings; returns 0, 3 if some have no successor.

    Raises:
        CodesvcError, OSError, RedisError: it cannot be done, or not to its end.
    """
    async with AsyncExitStack() as stack:
        store = await open_store_alone(stack, settings)
        directory = await read_directory(store, settings)
        by_account = await _places(store, directory, arguments) or await _known_to_apps(store, directory, arguments)
        if not by_account:
            sys.stdout.write(f"no bindings are stored under the appid {arguments.from_appid}; nothing was done\n")
            return 0
        http = await stack.enter_async_context(
            aiohttp.ClientSession(
                connector=BoundedConnector(),
                trace_configs=[sending_trace()],
            )
        )
        lost = 0
        for name, sites in by_account.items():
            lost += await _move(arguments, settings, store, directory, directory.accounts[name], sites, http)
    return 3 if lost else 0


async def _places(store: Store, directory: Directory, arguments: argparse.Namespace) -> dict[str, list[str]]:
    """The sites whose bindings lie under the old appid, by their account.

    Raises:
        CodesvcError: there are none, but some under another appid.
    """
    found = [each for each in await find_misplaced(store, directory) if each.present]
    if arguments.site:
        found = [each for each in found if each.site == arguments.site]
    # Bindings of an earlier version name no appid: then the partition decides.
    places: dict[str, list[str]] = {}
    for each in found:
        if each.appid == arguments.from_appid or (
            not each.appid and each.partition == partition_of(arguments.from_appid)
        ):
            places.setdefault(each.account, []).append(each.site)
    if found and not places:
        raise CodesvcError(
            f"no bindings are stored under the appid {arguments.from_appid}, but {'; '.join(map(str, found))}"
        )
    return places


async def _known_to_apps(store: Store, directory: Directory, arguments: argparse.Namespace) -> dict[str, list[str]]:
    """The account that people moved to whom no site has bound, but whom relying parties know (OpenID Connect).

    Raises:
        CodesvcError: several accounts are possible, or none.
    """
    keys = Keys(store.prefix, arguments.from_appid)
    if await anext(AccountMove(store, keys, keys).known_to_apps(), None) is None:
        return {}
    named = directory.sites.get(arguments.site) if arguments.site else None
    accounts = {named.account.name} if named else {site.account.name for site in directory.sites.values()}
    if len(accounts) != 1:
        raise CodesvcError(
            "apps recognise people by their subjects under that appid; use --site to say which account they moved to"
        )
    return {accounts.pop(): []}


async def _move(  # noqa: PLR0917  the parts of a command
    arguments: argparse.Namespace,
    settings: Settings,
    store: Store,
    directory: Directory,
    account: AccountEntry,
    sites: list[str],
    http: aiohttp.ClientSession,
) -> int:
    """Move the bindings of one account; returns how many have no successor."""
    calls = None if arguments.no_successors else BulkCalls(client_alone(account, http, store, settings))
    report = arguments.file or Path(f"without-successor-{arguments.from_appid}.jsonl")
    moving = BindingsMove(
        store,
        directory,
        account,
        old=arguments.from_appid,
        sites=sites,
        report=report,
        calls=calls,
        names=[arguments.from_appid, *filter(None, [arguments.from_original_id])],
    )
    try:
        await (moving.try_out() if arguments.dry_run else moving.run(resume=arguments.resume))
    except WeChatError as error:
        means = _MEANS.get(error.errcode, "")
        raise CodesvcError(
            f"{error}{f': {means}' if means else ''}; bindings already moved stay moved; run it again"
        ) from None
    except TokenUnavailable as error:
        raise CodesvcError(f"WeChat issues no access token for {account.config.appid}: {error}") from None
    return _print_result(arguments, moving, report)


def _print_result(arguments: argparse.Namespace, moving: BindingsMove, report: Path) -> int:
    counts = moving.counts
    would = "would be moved" if arguments.dry_run else "moved"
    sys.stdout.write(
        f"{counts['moved']} bindings {would}, {counts['void']} without a successor, {counts['wechat']} whose new "
        f"openid has another user, {counts['user']} bound again since\n"
    )
    if report.exists() and not arguments.dry_run:
        sys.stdout.write(f"the others are listed in {report}\n")
    return counts["void"] + counts["wechat"]
