"""A progress bar on standard error; without a terminal, a line every few seconds."""

import sys
import time
from typing import Final

_WIDTH: Final = 30
_EVERY_SECONDS: Final = {True: 0.1, False: 5.0}


class Progress:
    """Shows how far a transfer is.

    Args:
        total: bytes or entries in all; 0 if unknown.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._terminal = sys.stderr.isatty()
        self._began = self._shown = time.monotonic()

    def show(self, done: int, lines: int, note: str = "", *, last: bool = False) -> None:
        """Draw, unless it was drawn a moment ago."""
        now = time.monotonic()
        if not last and now - self._shown < _EVERY_SECONDS[self._terminal]:
            return
        self._shown = now
        share = min(1.0, done / self._total) if self._total else 1.0
        bar = "#" * round(share * _WIDTH)
        speed = lines / max(now - self._began, 0.001)
        text = f"[{bar:<{_WIDTH}}] {share:4.0%} {lines:,} lines, {speed:,.0f}/s{note}"
        if self._terminal:
            # Below the text stream of a command, which shows a terminal's controls instead of using them.
            sys.stderr.flush()
            sys.stderr.buffer.write(f"\r{text}\033[K{chr(10) if last else ''}".encode(errors="replace"))
            sys.stderr.buffer.flush()
        else:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()
