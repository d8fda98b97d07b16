"""What every command holds its arguments to: whole numbers within bounds, and text that can be stored and printed."""

import argparse
import math
from collections.abc import Callable
from typing import Final

from codesvc.domain.text_encoding import is_text

_FILES: Final = frozenset({"config", "file", "source", "target"})
"""Arguments that may name a file. The system knows such a name by its octets, which need not be text."""


def whole(lowest: int, highest: int) -> Callable[[str], int]:
    """The argument type of whole numbers from `lowest` to `highest`."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = lowest - 1
        if not lowest <= number <= highest:
            raise argparse.ArgumentTypeError(
                f"must be a whole number from {lowest:,} to {highest:,}, not {text[:40]!r}"
            )
        return number

    return read


def seconds(text: str) -> float:
    """The argument type of a length of time in seconds.

    Raises:
        argparse.ArgumentTypeError: it is not a number, negative, or infinite.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1e9:  # noqa: PLR2004  thirty years; not a number compares as false
        raise argparse.ArgumentTypeError(f"must be a number of seconds, such as 120, not {text[:40]!r}")
    return number


def refusal(arguments: argparse.Namespace) -> str:
    """Why the arguments cannot be used, "" if they can.

    A terminal in another encoding than UTF-8 hands over octets that are not text. Python keeps them as lone surrogates,
    which can neither be stored nor sent.
    """
    for name, value in vars(arguments).items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str) and name not in _FILES and not is_text(each):
                shown = each.encode("utf-8", "backslashreplace").decode()
                return f"{name} is not UTF-8 text: {shown[:80]}; set the terminal's encoding to UTF-8 and type it again"
    return ""
