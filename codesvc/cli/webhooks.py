"""`codesvc webhooks …`: list a site's webhook deliveries, send them again, enable the endpoint, make a secret."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from codesvc.cli.follow import open_store
from codesvc.cli.store_operation import run_operation
from codesvc.domain.clock import rfc3339
from codesvc.domain.errors import CodesvcError
from codesvc.domain.webhook import HookStatus
from codesvc.service.webhooks import Webhooks, is_webhook_id
from codesvc.sites.registry.reading import known_site, read_directory

if TYPE_CHECKING:
    import argparse

    from codesvc.config import Settings
    from codesvc.sites.directory import SiteEntry
    from codesvc.store.webhooks import Endpoint, Hook


_ACTOR: Final = "cli"


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run the command; returns 0, or 1 if it failed."""
    return run_operation("webhooks", _run(arguments, settings))


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    async with AsyncExitStack() as stack:
        store = await open_store(stack, settings)
        if store is None:
            raise CodesvcError("this machine cannot reach the store; is the service running on this machine?")
        site = known_site(await read_directory(store, settings), arguments.site)
        if site.config.webhook is None:
            raise CodesvcError(f"sites.{site.name} has no webhook")
        webhooks = Webhooks(store)
        match arguments.act:
            case "list":
                await _list(webhooks, site, arguments)
            case "enable":
                print(_endpoint(await webhooks.enable(site, actor=_ACTOR)))
            case "test":
                if (queued := (await webhooks.test(site)).hook) is not None:  # always: there is no limit here
                    print(f"queued {queued.id}")
            case _:
                return await _resend(webhooks, site, arguments)
    return 0


async def _list(webhooks: Webhooks, site: SiteEntry, arguments: argparse.Namespace) -> None:
    print(_endpoint(await webhooks.endpoint(site)))
    left, cursor = max(1, arguments.most), ""
    while left > 0:
        page = await webhooks.find(
            site, status=arguments.status, kind=arguments.event, limit=min(left, 100), cursor=cursor
        )
        for hook in page.hooks:
            print(_line(hook))
        left -= len(page.hooks)
        if page.cursor is None:
            return
        cursor = page.cursor
    rest = await webhooks.find(site, status=arguments.status, kind=arguments.event, limit=1, cursor=cursor)
    if rest.hooks or rest.cursor is not None:
        sys.stderr.write(
            f"note: only the newest {arguments.most:,} are shown; use --most to show older ones, if there are any\n"
        )


async def _resend(webhooks: Webhooks, site: SiteEntry, arguments: argparse.Namespace) -> int:
    wanted = list(arguments.id)
    if bool(wanted) == arguments.failed:
        raise CodesvcError("give event ids, or --failed")
    cursor: str | None = "" if arguments.failed else None
    # All are looked up before the first is sent; otherwise one that fails again at once would be found again for ever.
    while cursor is not None:
        page = await webhooks.find(site, status=HookStatus.FAILED, limit=100, cursor=cursor)
        wanted += [hook.id for hook in page.hooks]
        cursor = page.cursor
    missing = 0
    for name in wanted:
        hook = (await webhooks.resend(site, name, actor=_ACTOR)).hook if is_webhook_id(name) else None
        missing += hook is None
        print(f"{name}: {'no such event' if hook is None else 'queued'}")
    return 1 if missing else 0


def _endpoint(endpoint: Endpoint) -> str:
    state = "enabled" if endpoint.disabled is None else f"DISABLED since {rfc3339(endpoint.disabled)} (410 Gone)"
    failing = f", {endpoint.failures} failures in a row (last: {endpoint.result})" if endpoint.failures else ""
    return f"endpoint {state}; {endpoint.waiting} waiting{failing}"


def _line(hook: Hook) -> str:
    last = hook.tried[-1] if hook.tried else None
    how = f"{last.result}{f' {last.status}' if last.status else ''}" if last else "not tried"
    then = f", next {rfc3339(hook.due)}" if hook.due is not None else ""
    return f"{rfc3339(hook.created)}  {hook.id}  {hook.kind}  {hook.status}  {how}{then}"
