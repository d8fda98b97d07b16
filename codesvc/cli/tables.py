"""Two helpers of commands: reading settings from a TOML or JSON file, and printing a list in columns."""

import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from codesvc.config.faults import UnfitError
from codesvc.config.files import decoded
from codesvc.domain.errors import CodesvcError
from codesvc.domain.visible_text import one_line


def table_in(file: str) -> dict[str, Any]:
    """Read the settings in a file: TOML if the name ends in `.toml`, otherwise JSON; `-` is standard input, as JSON.

    Raises:
        CodesvcError: the file is not UTF-8, cannot be parsed, or is not a table.
        OSError: the file cannot be read.
    """
    octets = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        text = decoded(octets).removeprefix("\ufeff")
        found = tomllib.loads(text) if file.endswith(".toml") else msgspec.json.decode(text)
    except UnfitError as error:
        raise CodesvcError(f"{file} {error}") from None
    except (tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise CodesvcError(f"{file}: {error}") from None
    except RecursionError:
        raise CodesvcError(f"{file} is nested too deeply") from None
    if not isinstance(found, dict):
        raise CodesvcError(f"{file} must contain a table (TOML) or an object (JSON)")
    return found


def print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table; every column is as wide as its longest value."""
    shown = [tuple(map(one_line, row)) for row in (head, *rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(head))]
    for row in shown:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")
