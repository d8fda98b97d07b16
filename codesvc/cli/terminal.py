"""How commands handle their standard streams: closed pipes, full disks, and characters that cannot be encoded."""

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

    The output is flushed before this returns. So a full disk makes the command fail with a message, and not with a
    traceback when the interpreter exits.

    Args:
        command: the function that does the work and returns the exit status.
        name: the name of the command, for messages on standard error.
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
        # The program that read the output, such as `head`, has closed the pipe.
        _silence()
        return 1
    except OSError as error:
        _silence()
        return _failed(name, in_words(error), 1)
    return status


def show_every_character() -> None:
    r"""Write characters that the encoding of an output does not have as escapes, such as `\u5c71`."""
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="backslashreplace")


def _failed(name: str, reason: str, status: int) -> int:
    sys.stderr.write(f"codesvc {name}: {reason}\n")
    return status


def _silence() -> None:
    """Redirect standard output to the null device, so that the flush at the interpreter's exit cannot fail again."""
    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, number)
    os.close(nothing)
