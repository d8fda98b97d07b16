"""The arguments of `codesvc bindings`; read only where that command is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add them."""
    command.add_argument("act", choices=("export", "import", "move"))
    file = "JSON Lines or CSV, by its ending .jsonl or .csv; move: the report (default: without-successor-OLD.jsonl)"
    command.add_argument("file", type=Path, nargs="?", help=file)
    command.add_argument("--config", type=Path, required=True)
    command.add_argument("--site", default="", help="needed, but for move (default there: all sites of the old appid)")
    command.add_argument("--dry-run", action="store_true", help="import, move: only say what would happen")
    command.add_argument("--encoding", default="", help="import: of the file, such as gb18030 (default: detected)")
    command.add_argument("--timezone", default="", help="import: of times that name none: Asia/Shanghai, +08:00")
    command.add_argument("--verify", action="store_true", help="import: ask WeChat whether the account has each openid")
    command.add_argument("--from-appid", default="", metavar="OLD", help="move: the appid that the account had before")
    command.add_argument("--from-original-id", default="", metavar="GH", help="move: the old account's gh_…, if needed")
    command.add_argument("--resume", action="store_true", help="move: go on with a move that was interrupted")
    without = "move: take all bindings over as void, where WeChat does not tell the new openids"
    command.add_argument("--no-successors", action="store_true", help=without)
