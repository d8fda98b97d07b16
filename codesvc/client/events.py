"""Server-sent events, line by line."""

from __future__ import annotations


class EventLines:
    """Puts the lines of a stream together.

    Each `feed` takes some bytes and gives back the data of every event that is complete with them.

    Attributes:
        retry: seconds after which to open the stream again, None where it did not say so.
    """

    def __init__(self) -> None:
        self.retry: float | None = None
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> list[bytes]:
        """The data of the events that end in `received`."""
        *lines, self._rest = (self._rest + received).split(b"\n")
        events = []
        for line in lines:
            stripped = line.rstrip(b"\r")
            if stripped.startswith(b"data:"):
                self._data.append(stripped[5:].removeprefix(b" "))
            elif stripped.startswith(b"retry:") and stripped[6:].strip().isdigit():
                self.retry = int(stripped[6:]) / 1000
            elif not stripped and self._data:
                events.append(b"\n".join(self._data))
                self._data = []
        return events
