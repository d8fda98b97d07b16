"""An in-process broadcast of the platform's events; the phone page reads it as an event stream."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_BACKLOG = 500


class Subscriber:
    """The queue of one reader. It is bounded: a slow reader loses the oldest events and never blocks the platform."""

    def __init__(self) -> None:
        self.events: deque[dict[str, Any]] = deque(maxlen=_BACKLOG)
        self.arrived = asyncio.Event()


class EventBus:
    """Sends every event to all subscribers. An event is `{"type": …, …}` with a consecutive `id`."""

    def __init__(self) -> None:
        self._listeners: list[Subscriber] = []
        self._last = 0
        self.closed = False

    def open(self) -> None:
        """Accept subscribers; called when a server has started."""
        self.closed = False

    def close(self) -> None:
        """Wake all subscribers so that they end; called before the server stops."""
        self.closed = True
        for listener in self._listeners:
            listener.arrived.set()

    def publish(self, event: str, /, **fields: Any) -> None:
        """Send an event to all subscribers."""
        self._last += 1
        for listener in self._listeners:
            listener.events.append({"id": self._last, "type": event, **fields})
            listener.arrived.set()

    @contextmanager
    def listen(self) -> Iterator[Subscriber]:
        """Receive every event from now on."""
        listener = Subscriber()
        self._listeners.append(listener)
        try:
            yield listener
        finally:
            self._listeners.remove(listener)
