"""The options of the commands that look after a running service and its store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codesvc.cli.arguments import whole

if TYPE_CHECKING:
    import argparse
    from typing import TypeAlias

    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  it has no other name


def add_upkeep(commands: Commands) -> None:
    """Declare the commands `reload`, `person`, `audit`, `admin` and `store`."""
    again = commands.add_parser(
        "reload", help="let a running service take over a changed configuration, if it is sound"
    )
    again.add_argument("--config", type=Path, required=True)
    again.add_argument("--pid", type=int, required=True, help="the process that was started; not one of its workers")

    person = commands.add_parser("person", help="what is kept of one person: shown, or deleted")
    person.add_argument("act", choices=("export", "erase"))
    person.add_argument("--config", type=Path, required=True)
    person.add_argument("--site", required=True)
    person.add_argument("--user", required=True, help="the site's id of the person")

    audit = commands.add_parser("audit", help="who did what: administrative acts and changes of bindings")
    audit.add_argument("--config", type=Path, required=True)
    audit.add_argument("--since", default="7d", help="how far back: a number and m, h or d (default: 7d)")
    audit.add_argument("--site", default=None, help="only of this site")
    audit.add_argument(
        "--most", type=whole(1, 1_000_000), default=1000, help="at most so many lines, the newest (default: 1000)"
    )
    audit.add_argument("--json", action="store_true", help="one JSON object a line")

    admin = commands.add_parser("admin", help="the operator's pages").add_subparsers(dest="act", required=True)
    password = admin.add_parser("password", help="make the line that the configuration keeps of a password")
    password.add_argument("--generate", action="store_true", help="make a password too, and print it once")

    store = commands.add_parser("store", help="the store as a whole").add_subparsers(dest="act", required=True)
    migrate = store.add_parser("migrate", help="copy everything into another store, and see that it has arrived")
    where = "redis://… (or another address), embedded:DIRECTORY, or a configuration file"
    migrate.add_argument("--from", dest="source", required=True, metavar="STORE", help=where)
    migrate.add_argument("--to", dest="target", required=True, metavar="STORE", help="likewise")
    migrate.add_argument("--prefix", default="cs", help="of the keys, where no configuration says it (default: cs)")
    migrate.add_argument("--resume", action="store_true", help="go on with a copy that was interrupted")
    migrate.add_argument("--dry-run", action="store_true", help="only compare")
