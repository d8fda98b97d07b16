"""The command's inputs and outputs: what happens when they end early, are full, or cannot show a character."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Final

from codesvc.domain.errors import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

_INTERRUPTED: Final = 130  # 128 and the number of SIGINT, as shells give it


def run(command: Callable[[], int], name: str) -> int:
    """Run a command; returns its exit status.

    Everything is written before this returns, so a full disk fails the command and not the interpreter's end.

    Args:
        command: does it and returns its status.
        name: how the command is called, for the message on the standard error output.
    """
    show_every_character()
    try:
        status = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except EOFError:
        return _failed(name, "the input ended before the answer was complete; nothing was done", 2)
    except BrokenPipeError:
        # Who read the output, such as `head`, wants no more of it.
        _silence()
        return 1
    except OSError as error:
        _silence()
        return _failed(name, in_words(error), 1)
    return status


def show_every_character() -> None:
    r"""Let outputs in another encoding than UTF-8 show what they do not have as escapes, such as `\u5c71`."""
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="backslashreplace")


def _failed(name: str, reason: str, status: int) -> int:
    sys.stderr.write(f"codesvc {name}: {reason}\n")
    return status


def _silence() -> None:
    """Let nothing more be written to the standard output, also not at the interpreter's end."""
    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, number)
    os.close(nothing)
