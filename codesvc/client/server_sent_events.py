"""A parser of server-sent events (HTML standard, 9.2)."""


class EventLines:
    """Collects the bytes of one stream and splits them into events.

    Attributes:
        retry: seconds to wait before reconnecting, None if the stream did not say.
    """

    def __init__(self) -> None:
        self.retry: float | None = None
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, received: bytes) -> list[bytes]:
        """Take some bytes; returns the data of every event that they complete."""
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
