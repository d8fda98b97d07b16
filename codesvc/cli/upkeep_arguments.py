"""The arguments of the maintenance commands: `reload`, `person`, `audit`, `admin` and `store`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codesvc.cli.arguments import whole

if TYPE_CHECKING:
    import argparse
    from typing import TypeAlias

    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  no public name


def add_upkeep(commands: Commands) -> None:
    """Declare the commands `reload`, `person`, `audit`, `admin` and `store`."""
    reload = commands.add_parser("reload", help="reload a running service's configuration, if it is valid")
    reload.add_argument("--config", type=Path, required=True)
    reload.add_argument("--pid", type=int, required=True, help="the process id of the parent, not of a worker")

    person = commands.add_parser("person", help="show or delete the stored data of one person")
    person.add_argument("act", choices=("export", "erase"))
    person.add_argument("--config", type=Path, required=True)
    person.add_argument("--site", required=True)
    person.add_argument("--user", required=True, help="the site's identifier of the person")

    audit = commands.add_parser("audit", help="show the audit log: administrative acts and changes of bindings")
    audit.add_argument("--config", type=Path, required=True)
    audit.add_argument(
        "--since", default="7d", help="how far to look back: a number followed by m, h or d (default: 7d)"
    )
    audit.add_argument("--site", default=None, help="only lines of this site")
    audit.add_argument("--act", default="", help="only this act, such as binding.removed")
    audit.add_argument(
        "--most",
        type=whole(1, 1_000_000),
        default=1000,
        help="the maximum number of lines; the newest are shown, and a note says if there are older ones "
        "(default: 1000)",
    )
    audit.add_argument("--json", action="store_true", help="print one JSON object per line")

    admin = commands.add_parser("admin", help="the operator's pages").add_subparsers(dest="act", required=True)
    password = admin.add_parser("password", help="hash a password and print the line for the configuration")
    password.add_argument("--generate", action="store_true", help="also generate the password, and print it once")

    store = commands.add_parser("store", help="maintenance of the whole store").add_subparsers(
        dest="act", required=True
    )
    migrate = store.add_parser("migrate", help="copy everything to another store and compare the two")
    where = "redis://… (or another address), embedded:DIRECTORY, or a configuration file"
    migrate.add_argument("--from", dest="source", required=True, metavar="STORE", help=where)
    migrate.add_argument(
        "--to", dest="target", required=True, metavar="STORE", help="the store to copy to; the same forms as --from"
    )
    migrate.add_argument(
        "--prefix", default="cs", help="the prefix of the keys, if no configuration file is given (default: cs)"
    )
    resume = "continue an interrupted copy, and delete from it what the source no longer has"
    migrate.add_argument("--resume", action="store_true", help=resume)
    migrate.add_argument("--dry-run", action="store_true", help="compare the stores, and copy nothing")
