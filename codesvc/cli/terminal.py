"""How commands handle their standard streams: closed pipes, full disks, and characters that are not simply shown."""

import io
import os
import sys
from collections.abc import Callable
from typing import Final

from codesvc.domain.errors import in_words
from codesvc.domain.visible_text import escaped

_INTERRUPTED: Final = 130  # 128 and the number of SIGINT, as shells give it


def run(command: Callable[[], int], name: str) -> int:
    """Run a command; returns its exit status.

    The output is flushed before this returns. So a full disk makes the command fail with a message, and not with a
    traceback when the interpreter exits.
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
    r"""Write characters as escapes that the encoding of an output does not have, such as `\u5c71`.

    Also those that a terminal obeys instead of showing them: what a command prints may be outside text, an error too.
    The progress bar and the log for people, which draw with them, write to the binary stream below.
    """
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="backslashreplace")
    if type(sys.stdout) is io.TextIOWrapper:
        sys.stdout = _VisibleOutput(sys.stdout)
    if type(sys.stderr) is io.TextIOWrapper:
        sys.stderr = _VisibleOutput(sys.stderr)


class _VisibleOutput(io.TextIOWrapper):
    """An output on which every character is seen."""

    def __init__(self, output: io.TextIOWrapper) -> None:
        encoding, lines, at_once = output.encoding, output.line_buffering, output.write_through
        super().__init__(
            output.detach(), encoding=encoding, errors="backslashreplace", line_buffering=lines, write_through=at_once
        )

    def write(self, text: str) -> int:
        super().write(escaped(text))
        return len(text)


def _failed(name: str, reason: str, status: int) -> int:
    sys.stderr.write(f"codesvc {name}: {escaped(reason)}\n")
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
