"""A parser of server-sent events (HTML standard, 9.2)."""

from codesvc.client.call import LARGEST_ANSWER, read_wait
from codesvc.client.errors import BadAnswer

_SHORTEST_RETRY = 1.0
_LONGEST_RETRY = 60.0
_OK = 200


class EventLines:
    """Collects the bytes of one stream and splits them into events.

    Attributes:
        retry: seconds to wait before reconnecting, from one to sixty; None if the stream did not say.
    """

    def __init__(self) -> None:
        self.retry: float | None = None
        self._begun: list[bytes] = []
        self._data: list[bytes] = []
        self._held = 0

    def feed(self, received: bytes) -> list[bytes]:
        """Take some bytes; returns the data of every event that they complete.

        Raises:
            BadAnswer: an event is larger than any of the service's.
        """
        self._held += len(received)
        self._begun.append(received)
        events: list[bytes] = []
        if b"\n" in received:
            # The pieces of a long line are joined once, when it ends.
            *lines, rest = b"".join(self._begun).split(b"\n")
            self._begun = [rest]
            for line in lines:
                self._take(line.rstrip(b"\r"), events)
        if self._held > LARGEST_ANSWER:
            raise BadAnswer(_OK)
        return events

    def _take(self, line: bytes, events: list[bytes]) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
            return
        if line.startswith(b"retry:"):
            wait = read_wait(line[6:].strip().decode("ascii", "replace"))
            if wait is not None:
                self.retry = min(max(wait / 1000, _SHORTEST_RETRY), _LONGEST_RETRY)
        elif not line and self._data:
            events.append(b"\n".join(self._data))
            self._data = []
        if not self._data:
            self._held = sum(map(len, self._begun))
