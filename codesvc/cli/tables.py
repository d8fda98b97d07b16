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
    """Read the settings in a file, or on standard input if it is `-`: JSON if they begin with a brace, TOML if not.

    No TOML document begins with a brace.

    Raises:
        CodesvcError: the file is not UTF-8, is empty, or cannot be parsed.
        OSError: the file cannot be read.
    """
    octets = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        text = decoded(octets).removeprefix("\ufeff")
        found: dict[str, Any] = msgspec.json.decode(text) if text.lstrip()[:1] == "{" else tomllib.loads(text)
    except UnfitError as error:
        raise CodesvcError(f"{file} {error}") from None
    except (tomllib.TOMLDecodeError, msgspec.DecodeError) as error:
        raise CodesvcError(f"{file}: {error}") from None
    except RecursionError:
        raise CodesvcError(f"{file} is nested too deeply") from None
    if not text.strip():
        raise CodesvcError(f"{file} is empty")
    return found


def print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table; every column is as wide as its longest value."""
    shown = [tuple(map(one_line, row)) for row in (head, *rows)]
    widths = [max(len(row[column]) for row in shown) for column in range(len(head))]
    for row in shown:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")
