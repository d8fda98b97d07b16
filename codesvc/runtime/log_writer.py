"""Log lines on their way out: collected here, written by a thread, so that no request waits for whoever reads them.

A line that is an error leaves at once; the others within `PAUSE_SECONDS`, and all of them at the end of the process.
A process that is killed loses the lines of that moment. Where nobody reads, lines beyond `MOST_WAITING` are dropped and
counted: a log that stands still must not stop the service, nor eat its memory.
"""

from __future__ import annotations

import atexit
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from codesvc.domain.clock import rfc3339, unix_ms

if TYPE_CHECKING:
    from typing import Any

PAUSE_SECONDS: Final = 0.1
MOST_WAITING: Final = 100_000


class Sink(Protocol):
    """Where lines end: a binary stream such as `sys.stderr.buffer`."""

    def write(self, data: bytes, /) -> Any:
        """Take bytes."""

    def flush(self) -> None:
        """Let them go."""


class LogLines:
    """The lines of one process. Has the methods that structlog calls, each taking a line without its end.

    Args:
        sink: where they go.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting: list[bytes] = []
        self._dropped = 0
        self._writing = threading.Lock()
        self._something = threading.Event()
        self._thread: threading.Thread | None = None
        atexit.register(self.flush)

    def add(self, line: bytes) -> None:
        """Take one line."""
        if len(self._waiting) >= MOST_WAITING:
            self._dropped += 1
            return
        self._waiting.append(line)
        if not self._something.is_set():
            self._something.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="log lines", daemon=True)
                self._thread.start()

    def msg(self, message: bytes) -> None:
        """Take one line of structlog's."""
        self.add(message)

    def err(self, message: bytes) -> None:
        """Take one line that must not get lost."""
        self.add(message)
        self.flush()

    debug = info = warning = warn = msg
    error = critical = exception = fatal = err

    def flush(self) -> None:
        """Write everything that waits, now."""
        with self._writing:
            # The same list always: whoever adds a line at this moment may hold it already.
            lines = self._waiting[:]
            del self._waiting[: len(lines)]
            dropped, self._dropped = self._dropped, 0
            if dropped:
                lost = {
                    "level": "error",
                    "timestamp": rfc3339(unix_ms()),
                    "event": "log_lines_dropped",
                    "lines": dropped,
                }
                lines.append(msgspec.json.encode(lost))
            if not lines:
                return
            lines.append(b"")
            try:
                self._sink.write(b"\n".join(lines))
                self._sink.flush()
            except (OSError, ValueError):
                # Whoever read the log has gone. There is nobody to tell.
                return

    def _work(self) -> None:
        while True:
            self._something.wait()
            time.sleep(PAUSE_SECONDS)
            # First this, so that a line which comes from here on wakes us again.
            self._something.clear()
            self.flush()
