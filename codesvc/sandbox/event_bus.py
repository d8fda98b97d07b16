"""What happens, as it happens: a broadcast that the phone page listens to."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_BACKLOG = 500


class Listener:
    """One reader's queue; a reader too slow loses the oldest events, never holds up the platform."""

    def __init__(self) -> None:
        self.events: deque[dict[str, Any]] = deque(maxlen=_BACKLOG)
        self.arrived = asyncio.Event()


class Feed:
    """Fans events out to listeners. An event is `{"type": …, …}` with a running `id`."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._last = 0
        self.closed = False

    def open(self) -> None:
        """Let listeners stay; a server has started."""
        self.closed = False

    def close(self) -> None:
        """Tell listeners to go; the server is about to stop."""
        self.closed = True
        for listener in self._listeners:
            listener.arrived.set()

    def publish(self, event: str, /, **fields: Any) -> None:
        """Tell everyone."""
        self._last += 1
        for listener in self._listeners:
            listener.events.append({"id": self._last, "type": event, **fields})
            listener.arrived.set()

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """Hear everything from now on."""
        listener = Listener()
        self._listeners.append(listener)
        try:
            yield listener
        finally:
            self._listeners.remove(listener)
