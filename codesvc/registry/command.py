"""`codesvc keys list`: what an operator asks of keys, answered from the store."""

from __future__ import annotations

import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from codesvc import serving
from codesvc.clock import rfc3339
from codesvc.errors import CodesvcError
from codesvc.registry.uses import KeyUses
from codesvc.sightings import open_store
from codesvc.store.connection import store_url

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from codesvc.config import Settings
    from codesvc.store.store import Store


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do it; the exit status."""
    try:
        return serving.run(_run(arguments, settings))
    except (CodesvcError, OSError, RedisError) as error:
        sys.stderr.write(f"codesvc {arguments.command}: {error}\n")
        return 1


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    async with AsyncExitStack() as stack:
        store = await _store(stack, settings)
        await _list_keys(KeyUses(store), settings, arguments.site)
    return 0


async def _store(stack: AsyncExitStack, settings: Settings) -> Store:
    """The service's store; its own embedded one is started for as long as this takes where no service runs."""
    store = await open_store(stack, settings)
    if store is None and settings.store.url is None:
        await stack.enter_async_context(store_url(settings.store))
        store = await open_store(stack, settings)
    if store is None:
        raise CodesvcError("the store cannot be reached from here")
    return store


async def _list_keys(uses: KeyUses, settings: Settings, only: str | None) -> None:
    if only is not None and only not in settings.sites:
        raise CodesvcError(f"there is no site {only}; there are {', '.join(sorted(settings.sites))}")
    rows = []
    for name, site in settings.sites.items():
        if only in {None, name}:
            for key, at in zip(site.keys, await uses.last(site.keys), strict=True):
                last = rfc3339(at) if at is not None else "never"
                rows.append((name, key.name, ",".join(sorted(key.scopes)), last))
    _print(("site", "key", "scopes", "last used"), rows)


def _print(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as they need to be."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")
