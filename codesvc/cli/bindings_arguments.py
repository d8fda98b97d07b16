"""The arguments of `codesvc bindings`; read only where that command is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add them."""
    command.add_argument("act", choices=("export", "import", "move"))
    file = "a .jsonl (JSON Lines) or .csv file; move: the report (default: without-successor-OLD.jsonl)"
    command.add_argument("file", type=Path, nargs="?", help=file)
    command.add_argument("--config", type=Path, required=True)
    command.add_argument(
        "--site", default="", help="required except for move (default there: all sites of the old appid)"
    )
    command.add_argument(
        "--dry-run", action="store_true", help="import, move: show what would happen, and change nothing"
    )
    command.add_argument(
        "--encoding", default="", help="import: the file's encoding, such as gb18030 (default: detected)"
    )
    command.add_argument("--timezone", default="", help="import: the zone of times without one: Asia/Shanghai, +08:00")
    command.add_argument("--verify", action="store_true", help="import: ask WeChat whether the account has each openid")
    command.add_argument("--from-appid", default="", metavar="OLD", help="move: the account's previous appid")
    command.add_argument("--from-original-id", default="", metavar="GH", help="move: the old account's gh_…, if needed")
    command.add_argument("--resume", action="store_true", help="move: continue an interrupted move")
    without = "move: keep all bindings as void, if WeChat does not provide the new openids"
    command.add_argument("--no-successors", action="store_true", help=without)
