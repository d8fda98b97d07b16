"""`codesvc sites|accounts|keys …`: what the admin API does, by who may read the configuration, straight in the store.

The commands hold no conversation with a running service: they change the registry as it does, and it follows.
"""

from __future__ import annotations

import json
import secrets
import sys
import tomllib
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from redis.exceptions import RedisError

from codesvc import serving
from codesvc.clock import rfc3339
from codesvc.config.keys import hash_line, new_admin_key, new_key
from codesvc.errors import CodesvcError
from codesvc.registry.administration import Administration
from codesvc.registry.registry import Registry
from codesvc.registry.uses import KeyUses
from codesvc.sightings import open_store_alone
from codesvc.web.app import prepare

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from codesvc.config import Settings
    from codesvc.directory import Directory
    from codesvc.registry.tables import Described

_BY = "cli"


def add_arguments(commands: Any) -> None:
    """The three commands."""
    for kind, one in (("sites", "site"), ("accounts", "account")):
        acts = commands.add_parser(kind, help=f"the {kind}: list, show, put, patch, remove").add_subparsers(
            dest="act", required=True, metavar="ACT"
        )
        _act(acts, "list", "the names of all of them")
        _act(acts, "show", "settings, without secrets", "name")
        put = _act(acts, "put", "make one, or replace all its settings, by a file: TOML, JSON, or -", "name", "file")
        if kind == "sites":
            put.add_argument("--again", action="store_true", help="take the name of a removed site, with its bindings")
        _act(acts, "patch", "change the settings that the file names; null (in JSON) takes one away", "name", "file")
        _act(acts, "remove", f"take a {one} away", "name")
    acts = commands.add_parser("keys", help="API keys: new, list, add, remove").add_subparsers(
        dest="act", required=True, metavar="ACT"
    )
    new = acts.add_parser("new", help="make a key: prints it once, and the line for the configuration")
    new.add_argument("site", nargs="?", default="")
    new.add_argument("--admin", action="store_true", help="a key of the admin API instead of a site's")
    known = _act(acts, "list", "which keys there are, what they may do, and when each was last used")
    known.add_argument("--site", default=None, help="only this site's")
    add = _act(acts, "add", "give a site another key, in force within a second: prints it once", "site", "name")
    add.add_argument("--scopes", default="verify,bindings", help="what it may do (default: verify,bindings)")
    _act(acts, "remove", "take a key away", "site", "name")


def _act(acts: Any, name: str, about: str, *positions: str) -> Any:
    parser = acts.add_parser(name, help=about)
    for position in positions:
        parser.add_argument(position)
    parser.add_argument("--config", type=Path, required=True)
    return parser


def new(arguments: argparse.Namespace) -> int:
    """`codesvc keys new`: a key for the configuration file; nothing is opened."""
    octets = secrets.token_bytes(32)
    try:
        key = new_admin_key(octets) if arguments.admin else new_key(arguments.site, octets)
    except ValueError as error:
        sys.stderr.write(f"codesvc keys new: {error}\n")
        return 2
    whose = "whoever sets up sites" if arguments.admin else "the site's server"
    where = "[[admin.keys]]" if arguments.admin else f"[[sites.{arguments.site}.keys]]"
    scopes = '["read", "sites", "accounts", "keys"]' if arguments.admin else '["verify", "bindings"]'
    sys.stdout.write(
        f"The key, shown this once; give it to {whose}:\n  {key}\nFor the configuration, under {where}:\n"
        f'  name = "server"\n  hash = "{hash_line(key)}"\n  scopes = {scopes}\n'
    )
    return 0


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Do it; the exit status."""
    try:
        return serving.run(_run(arguments, settings))
    except (CodesvcError, OSError, RedisError, ValueError) as error:
        sys.stderr.write(f"codesvc {arguments.command} {arguments.act}: {error}\n")
        return 1


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    async with AsyncExitStack() as stack:
        store, fixed = await open_store_alone(stack, settings), prepare(settings)
        registry = Registry(store, fixed.directory, fixed.sealer)
        await registry.refresh()
        office = Administration(settings, fixed.directory, registry, fixed.composer)
        if arguments.command == "keys":
            await _keys(arguments, office, fixed.directory, KeyUses(store))
        elif arguments.act == "list":
            directory, sites = fixed.directory, arguments.command == "sites"
            names, own = (directory.sites, settings.sites) if sites else (directory.accounts, settings.accounts)
            _print(("name", "kept"), [(name, "file" if name in own else "store") for name in sorted(names)])
        else:
            await _change(arguments, office)
    return 0


def _described(office: Administration, kind: str, name: str) -> Described:
    return office.site(name) if kind == "sites" else office.account(name)


async def _change(arguments: argparse.Namespace, office: Administration) -> None:
    kind, name = arguments.command, arguments.name
    match kind, arguments.act:
        case "sites", "put":
            await office.put_site(name, _table(arguments.file), by=_BY, again=arguments.again)
        case "sites", "patch":
            await office.patch_site(name, _table(arguments.file), by=_BY)
        case "sites", "remove":
            await office.remove_site(name, by=_BY)
        case "accounts", "put":
            await office.put_account(name, _table(arguments.file), by=_BY)
        case "accounts", "patch":
            await office.patch_account(name, _table(arguments.file), by=_BY)
        case "accounts", "remove":
            await office.remove_account(name, by=_BY)
    if arguments.act == "remove":
        sys.stdout.write(f"{name} is gone, in every process within a second\n")
        return
    found = _described(office, kind, name)
    if found.table is None:
        sys.stdout.write(f"{name} stands in the configuration file\n")
        return
    sys.stdout.write(json.dumps(found.table, ensure_ascii=False, indent=2) + "\n")
    if found.secrets:
        sys.stdout.write(f"secrets that are set: {', '.join(found.secrets)}\n")


def _table(file: str) -> dict[str, Any]:
    """The table in a file: TOML by its ending, else JSON."""
    text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    try:
        found = tomllib.loads(text) if file.endswith(".toml") else msgspec.json.decode(text)
    except (tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise CodesvcError(f"{file}: {error}") from None
    if not isinstance(found, dict):
        raise CodesvcError(f"{file} holds no table")
    return found


async def _keys(arguments: argparse.Namespace, office: Administration, directory: Directory, uses: KeyUses) -> None:
    if arguments.act == "add":
        scopes = [scope for scope in arguments.scopes.split(",") if scope]
        made = await office.add_key(arguments.site, arguments.name, scopes, by=_BY)
        sys.stdout.write(f"The key, shown this once; give it to the site's server:\n  {made}\n")
        return
    if arguments.act == "remove":
        await office.remove_key(arguments.site, arguments.name, by=_BY)
        sys.stdout.write(f"{arguments.name} is gone, in every process within a second\n")
        return
    rows = []
    for site in [arguments.site] if arguments.site is not None else sorted(directory.sites):
        found = office.keys(site)
        for (key, kept), at in zip(found, await uses.last([key for key, _ in found]), strict=True):
            last = rfc3339(at) if at is not None else "never"
            rows.append((site, key.name, ",".join(sorted(key.scopes)), kept, last))
    _print(("site", "key", "scopes", "kept", "last used"), rows)


def _print(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Columns as wide as they need to be."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")
