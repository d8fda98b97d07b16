"""The arguments of `codesvc sites|accounts|keys|oidc …`.

The module also runs `keys new` and `oidc secret`, because these two commands need no store.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


def add_arguments(commands: Any) -> None:
    """Declare the commands `sites`, `accounts`, `keys` and `oidc`."""
    for kind, one in (("sites", "a site"), ("accounts", "an account")):
        acts = commands.add_parser(kind, help=f"the {kind}: list, show, put, patch, remove").add_subparsers(
            dest="act", required=True, metavar="ACT"
        )
        _act(acts, "list", "list the names of all")
        _act(acts, "show", "show the settings, without secrets", "name")
        put = _act(
            acts,
            "put",
            "create one, or replace all its settings, from a TOML or JSON file (- for standard input)",
            "name",
            "file",
        )
        if kind == "sites":
            put.add_argument(
                "--again",
                action="store_true",
                help="allow the name of a site that is gone; the new site takes over its bindings",
            )
        _act(acts, "patch", "change the settings given in the file; null (in JSON) removes a setting", "name", "file")
        _act(acts, "remove", f"remove {one}", "name")
    acts = commands.add_parser("keys", help="API keys: new, list, add, remove").add_subparsers(
        dest="act", required=True, metavar="ACT"
    )
    new = acts.add_parser(
        "new", help="create a key; prints the key, which is shown only once, and the lines for the configuration"
    )
    new.add_argument("site", nargs="?", default="")
    new.add_argument("--admin", action="store_true", help="create a key for the admin API instead of a site")
    known = _act(acts, "list", "list all keys, with their scopes and the time of their last use")
    known.add_argument("--site", default=None, help="only of this site")
    add = _act(
        acts, "add", "create another key for a site; it is valid within a second and is shown only once", "site", "name"
    )
    add.add_argument(
        "--scopes",
        default="verify,bindings",
        help="the scopes of the key, separated by commas (default: verify,bindings)",
    )
    _act(acts, "remove", "remove a key", "site", "name")
    acts = commands.add_parser("oidc", help="the OpenID Provider: clients, put, remove, rotate, secret").add_subparsers(
        dest="act", required=True, metavar="ACT"
    )
    acts.add_parser(
        "secret",
        help="create a client secret; prints the secret, which is shown only once, and its hash for the configuration",
    )
    clients = _act(acts, "clients", "list the relying parties of all sites, without secrets")
    clients.add_argument("--site", default=None, help="only of this site")
    put = _act(
        acts,
        "put",
        "register a client, or replace its settings, from a TOML or JSON file (- for standard input)",
        "site",
        "id",
        "file",
    )
    put.add_argument(
        "--new-secret", action="store_true", help="create another secret for a client; the previous one stays valid"
    )
    _act(acts, "remove", "remove a client", "site", "id")
    rotate = _act(
        acts,
        "rotate",
        "start signing with the next key, which is already published; the old key stays published for a day",
    )
    rotate.add_argument(
        "--new",
        action="store_true",
        help="replace signing keys whose master key is gone for good; make sure first that oidc.subject_key is the one "
        "from before, which is not known then",
    )


def _act(acts: Any, name: str, about: str, *positions: str) -> Any:
    parser = acts.add_parser(name, help=about)
    for position in positions:
        parser.add_argument(position)
    parser.add_argument("--config", type=Path, required=True)
    return parser


def create_credential(arguments: argparse.Namespace) -> int:
    """Run `codesvc keys new` or `codesvc oidc secret`: print a new key or secret. Needs no store."""
    from codesvc.config.api_keys import hash_line, new_admin_key, new_key  # noqa: PLC0415  `--help` does not need it

    if arguments.command == "oidc":
        secret = secrets.token_urlsafe(32)
        sys.stdout.write(
            f"The secret, shown only once. Give it to the relying party:\n  {secret}\n"
            f'For the configuration, under [[sites.SITE.oidc.clients]]:\n  secrets = ["{hash_line(secret)}"]\n'
        )
        return 0
    from codesvc.cli.initial_configuration import key_lines  # noqa: PLC0415

    octets = secrets.token_bytes(32)
    try:
        key = new_admin_key(octets) if arguments.admin else new_key(arguments.site, octets)
    except ValueError as error:
        sys.stderr.write(f"codesvc keys new: {error}\n")
        return 2
    receiver = "the operator who sets up sites" if arguments.admin else "the site's server"
    where = "admin.keys" if arguments.admin else f"sites.{arguments.site}.keys"
    scopes = ("read", "sites", "accounts", "keys") if arguments.admin else ("verify", "bindings")
    digest = hash_line(key)
    # Beside the keys that are there: a name of its own.
    lines = "".join(f"  {line}\n" for line in key_lines(where, f"server-{digest[-6:]}", digest, scopes))
    sys.stdout.write(
        f"The key, shown only once. Give it to {receiver}:\n  {key}\n"
        f"Add this at the end of the configuration; you can choose another name:\n{lines}"
    )
    return 0
