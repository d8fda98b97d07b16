"""The arguments of `codesvc sites|accounts|keys|oidc …`, and `keys new` and `oidc secret`, which need no store."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


def add_arguments(commands: Any) -> None:
    """Declare the four commands."""
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
    acts = commands.add_parser("oidc", help="the OpenID Provider: clients, put, remove, rotate, secret").add_subparsers(
        dest="act", required=True, metavar="ACT"
    )
    acts.add_parser("secret", help="make a client's secret: prints it once, and its hash for the configuration")
    clients = _act(acts, "clients", "the relying parties of all sites, without secrets")
    clients.add_argument("--site", default=None, help="only this site's")
    put = _act(
        acts, "put", "register a client, or replace its settings, by a file: TOML, JSON, or -", "site", "id", "file"
    )
    put.add_argument("--new-secret", action="store_true", help="give it another secret; the latest old one stays valid")
    _act(acts, "remove", "take a client away", "site", "id")
    _act(acts, "rotate", "sign with the next key from now on; the present one stays published for a day")


def _act(acts: Any, name: str, about: str, *positions: str) -> Any:
    parser = acts.add_parser(name, help=about)
    for position in positions:
        parser.add_argument(position)
    parser.add_argument("--config", type=Path, required=True)
    return parser


def new(arguments: argparse.Namespace) -> int:
    """`codesvc keys new` and `codesvc oidc secret`: make a key or a secret; needs no store."""
    from codesvc.config.api_keys import hash_line, new_admin_key, new_key  # noqa: PLC0415  `--help` goes without

    if arguments.command == "oidc":
        secret = secrets.token_urlsafe(32)
        sys.stdout.write(
            f"The secret, shown this once; give it to the relying party:\n  {secret}\n"
            f'For the configuration, under [[sites.SITE.oidc.clients]]:\n  secrets = ["{hash_line(secret)}"]\n'
        )
        return 0
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
