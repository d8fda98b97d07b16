"""Server-sent events, line by line."""

from __future__ import annotations


class EventLines:
    """Puts the lines of a stream together.

    Each `feed` takes some bytes and gives back the data of every event that is complete with them.
    """

    def __init__(self) -> None:
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
            elif not stripped and self._data:
                events.append(b"\n".join(self._data))
                self._data = []
        return events
