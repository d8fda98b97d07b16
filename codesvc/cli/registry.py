"""`codesvc sites|accounts|keys|oidc …`: the functions of the admin API on the command line.

The commands do not call a running service. They change the registry in the store, and the service notices the change.
Anybody who can read the configuration may use them.
"""

from __future__ import annotations

import json
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from codesvc.app import prepare
from codesvc.cli import oidc
from codesvc.cli.follow import open_store_alone
from codesvc.cli.store_operation import run_operation
from codesvc.cli.tables import print_table, table_in
from codesvc.domain.clock import rfc3339
from codesvc.service.registry_administration import RegistryAdministration
from codesvc.sites.registry.registry import Registry
from codesvc.sites.registry.uses import KeyUses

if TYPE_CHECKING:
    import argparse

    from codesvc.config import Settings
    from codesvc.sites.directory import Directory
    from codesvc.sites.registry.tables import Entry

_BY = "cli"


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run the command; returns the exit status."""
    return run_operation(f"{arguments.command} {arguments.act}", _run(arguments, settings), ValueError)


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    async with AsyncExitStack() as stack:
        store, parts = await open_store_alone(stack, settings), prepare(settings)
        registry = Registry(store, parts.directory, parts.sealer)
        await registry.refresh()
        administration = RegistryAdministration(settings, parts.directory, registry, parts.composer)
        if arguments.command == "oidc":
            await oidc.run(arguments, settings, parts.directory, registry)
        elif arguments.command == "keys":
            await _keys(arguments, administration, parts.directory, KeyUses(store))
        elif arguments.act == "list":
            directory, sites = parts.directory, arguments.command == "sites"
            names, own = (directory.sites, settings.sites) if sites else (directory.accounts, settings.accounts)
            print_table(("name", "kept"), [(name, "file" if name in own else "store") for name in sorted(names)])
        elif arguments.act == "show":
            _show("site" if arguments.command == "sites" else "account", arguments.name, administration)
        else:
            await _change(arguments, administration)
    return 0


async def _change(arguments: argparse.Namespace, administration: RegistryAdministration) -> None:
    kind: Entry = "site" if arguments.command == "sites" else "account"
    name, act = arguments.name, arguments.act
    if act == "put":
        again = kind == "site" and arguments.again
        await administration.put(kind, name, table_in(arguments.file), by=_BY, again=again)
    elif act == "patch":
        await administration.patch(kind, name, table_in(arguments.file), by=_BY)
    elif act == "remove":
        await administration.remove(kind, name, by=_BY)
        sys.stdout.write(f"{name} was removed; this takes effect within a second\n")
        return
    _show(kind, name, administration)


def _show(kind: Entry, name: str, administration: RegistryAdministration) -> None:
    found = administration.read(kind, name)
    if found.table is None:
        sys.stdout.write(f"{name} is in the configuration file\n")
        return
    sys.stdout.write(json.dumps(found.table, ensure_ascii=False, indent=2) + "\n")
    if found.secrets:
        sys.stdout.write(f"secrets set: {', '.join(found.secrets)}\n")


async def _keys(
    arguments: argparse.Namespace, administration: RegistryAdministration, directory: Directory, uses: KeyUses
) -> None:
    if arguments.act == "add":
        scopes = [scope for scope in arguments.scopes.split(",") if scope]
        made = await administration.add_key(arguments.site, arguments.name, scopes, by=_BY)
        sys.stdout.write(f"The key, shown only once. Give it to the site's server:\n  {made}\n")
        return
    if arguments.act == "remove":
        await administration.remove_key(arguments.site, arguments.name, by=_BY)
        sys.stdout.write(f"{arguments.name} was removed; this takes effect within a second\n")
        return
    rows = []
    for site in [arguments.site] if arguments.site is not None else sorted(directory.sites):
        found = administration.keys(site)
        for (key, kept), at in zip(found, await uses.last([key for key, _ in found]), strict=True):
            last = rfc3339(at) if at is not None else "never"
            rows.append((site, key.name, ",".join(sorted(key.scopes)), kept, last))
    print_table(("site", "key", "scopes", "kept", "last used"), rows)
