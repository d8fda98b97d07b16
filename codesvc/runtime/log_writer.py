"""Writing of log lines: lines are collected and a thread writes them, so that no request waits for the log's reader.

An error is written at once, other lines within `PAUSE_SECONDS`, and all of them when the process ends. A process that
is killed loses the lines that are not yet written. If the reader stops reading, lines beyond `MOST_WAITING` are dropped
and counted, so that a blocked log neither stops the service nor uses up its memory. So are those that a full disk
refuses.
"""

import atexit
import threading
import time
from typing import Any, Final, Protocol

import msgspec

from codesvc.domain.clock import rfc3339, unix_ms

PAUSE_SECONDS: Final = 0.1
MOST_WAITING: Final = 100_000


class Sink(Protocol):
    """The target of the lines: a binary stream such as `sys.stderr.buffer`."""

    def write(self, data: bytes, /) -> Any:
        """Write bytes."""

    def flush(self) -> None:
        """Flush the stream."""


class LogLines:
    """The log lines of one process. It has the methods that structlog calls; each takes a line without its line end.

    Attributes:
        failing: whether the latest lines could not be written.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.failing = False
        self._waiting: list[bytes] = []
        self._dropped = 0
        self._writing = threading.Lock()
        self._added = threading.Event()
        self._thread: threading.Thread | None = None
        atexit.register(self.flush)

    def add(self, line: bytes) -> None:
        """Add one line."""
        if len(self._waiting) >= MOST_WAITING:
            self._dropped += 1
            return
        self._waiting.append(line)
        if not self._added.is_set():
            self._added.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="log lines", daemon=True)
                self._thread.start()

    def err(self, message: bytes) -> None:
        """Add one line and write it at once."""
        self.add(message)
        self.flush()

    msg = debug = info = warning = warn = add
    error = critical = exception = fatal = err

    def flush(self) -> None:
        """Write all waiting lines now."""
        with self._writing:
            # Keep the same list object: a thread that adds a line at this moment may already hold it.
            lines = self._waiting[:]
            del self._waiting[: len(lines)]
            lost = len(lines) + self._dropped
            dropped, self._dropped = self._dropped, 0
            if dropped:
                report = {
                    "level": "error",
                    "timestamp": rfc3339(unix_ms()),
                    "event": "log_lines_dropped",
                    "lines": dropped,
                }
                lines.append(msgspec.json.encode(report))
            if not lines:
                return
            lines.append(b"")
            try:
                self._sink.write(b"\n".join(lines))
                self._sink.flush()
            except (OSError, ValueError):
                # The disk is full, or the reader is gone. The next lines that can be written say how many were lost.
                self._dropped, self.failing = self._dropped + lost, True
                return
            self.failing = False

    def _work(self) -> None:
        while True:
            self._added.wait()
            time.sleep(PAUSE_SECONDS)
            # Clear first, so that a line that is added from now on wakes the thread again.
            self._added.clear()
            self.flush()
