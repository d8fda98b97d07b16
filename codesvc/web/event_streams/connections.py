"""Open event streams, which hold only a connection and no objects of aiohttp.

A stream is open for minutes and sends little. aiohttp would hold 16 KB for each: the task, the parser, the headers and
the response. So after the first event the connection is taken over from aiohttp (asyncio's `set_protocol`). It is
closed when the stream ends, and the response head announces this. All streams share one subscription and one timer. A
stream has a task only while it reads its state.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from functools import partial
from hashlib import sha256
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain.errors import StoreUnavailable
from codesvc.web.event_streams.bounds import StreamBounds

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from codesvc.store.change_notifier import ChangeNotifier
    from codesvc.web.event_streams.look import StreamState

KEEP_ALIVE_SECONDS: Final = 15.0
COME_BACK: Final = b"retry: 1000\n\n"
"""Milliseconds; browsers' EventSource opens the stream again by itself (HTML standard, 9.2.6)."""
ASK_AGAIN: Final = b"retry: 5000\n\n"
"""Ends a stream for which there was no room. Its client reads one state every five seconds by coming back."""
_BEAT: Final = b": \n\n"
_LATER_SECONDS: Final = 0.05
LOOKS_AT_ONCE: Final = 500
"""When all are woken, as after a lost subscription, the store is not asked for thousands of states in one breath."""
_log = structlog.get_logger(__name__)


class OpenStream(asyncio.Protocol):
    """One stream. It is created before the first read, so that no later change is missed.

    Args:
        identifier: the id of the object; a change notice for it wakes the stream.
        look: reads the state; None if the object does not exist any more.
        site: the name of the site whose key opened it; empty if a page token did.
    """

    __slots__ = (
        *("_again", "_beat", "_blocked", "_chunked", "_look", "_looking", "_over", "_said", "_streams", "_transport"),
        *("due", "identifier", "site"),
    )

    def __init__(
        self,
        streams: OpenStreams,
        identifier: str,
        look: Callable[[], Awaitable[StreamState | None]],
        site: str,
    ) -> None:
        self.identifier, self._look, self.site, self._streams = identifier, look, site, streams
        self._transport: asyncio.Transport | None = None
        self._looking, self._again = True, False  # the request makes the first read
        self._over = self._blocked = self._chunked = False
        self._said = b""
        self._beat = self.due = 0.0

    def take_over(self, request: web.Request, response: web.StreamResponse, seen: StreamState) -> None:
        """Take over the connection from the request, which has sent the response head and the first event."""
        transport = request.transport
        if transport is None or transport.is_closing():
            self._leave()
            return
        self._transport = transport
        self._chunked = response.headers.get("Transfer-Encoding") == "chunked"
        self._said = sha256(seen.event()).digest()
        transport.set_protocol(self)
        # aiohttp sees the connection as lost: it releases its objects and cannot write to the connection any more.
        request.protocol.transport = None
        request.protocol.connection_lost(None)
        with suppress(RuntimeError):
            transport.resume_reading()  # further requests are ignored, but reading detects a disconnect
        self._looking = False
        # Heartbeats depend only on time. One that a hidden change had delayed would disclose that change (rule 7).
        self._beat = self._streams.time() + KEEP_ALIVE_SECONDS
        self._expect(seen)
        if self._again:
            self.wake()

    def wake(self) -> None:
        """Read the state again, because it may have changed. A slow client gets the latest state when it has read."""
        if self._looking or self._blocked:
            self._again = True
        elif not self._over:
            self._looking = True
            self._streams.begin(self)

    async def follow(self) -> None:
        """Read the state, and repeat while a change notice arrived during the read."""
        try:
            while not self._over:
                self._again = False
                self._tell(await self._look())
                if self._blocked or not self._again:
                    break
        except StoreUnavailable:
            # The status 200 is already sent. The client reconnects, and then gets the state or an error status.
            self.end(COME_BACK)
        finally:
            self._looking = False

    def _tell(self, seen: StreamState | None) -> None:
        if seen is None:
            self.end()
            return
        text = seen.event()
        if (said := sha256(text).digest()) != self._said:
            self._said = said
            self._write(text)
        if seen.over:
            self.end()
        else:
            self._expect(seen)

    def _expect(self, seen: StreamState) -> None:
        until = self._streams.time() + max(0.0, seen.until_ms / 1000 + _LATER_SECONDS)
        self._streams.ring_at(self, min(self._beat, until))

    def ring(self, now: float) -> None:
        """Send a heartbeat, or read the state because it changes by time alone."""
        if self._over:
            return
        if now >= self._beat:
            if not self._blocked:
                self._write(_BEAT)
            self._beat += KEEP_ALIVE_SECONDS
        self._streams.ring_at(self, self._beat)
        self.wake()

    def _write(self, text: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"%x\r\n%b\r\n" % (len(text), text) if self._chunked else text)

    def end(self, last: bytes = b"") -> None:
        """Write the last bytes, and close the connection after they are sent."""
        if self._over:
            return
        if last:
            self._write(last)
        transport = self._transport
        self._leave()
        if transport is not None:
            if self._chunked and not transport.is_closing():
                transport.write(b"0\r\n\r\n")
            transport.close()

    def _leave(self) -> None:
        self._over, self._transport = True, None
        self._streams.forget(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's
        """The client has disconnected."""
        self._leave()

    def pause_writing(self) -> None:
        """The write buffer is full."""
        self._blocked = True

    def resume_writing(self) -> None:
        """The write buffer has room again."""
        self._blocked = False
        if self._again:
            self.wake()


class OpenStreams:
    """All streams of an application.

    Args:
        looks_at_once: how many streams read the store at the same time.
    """

    def __init__(self, change_notifier: ChangeNotifier, *, looks_at_once: int = LOOKS_AT_ONCE) -> None:
        self.looks_at_once = looks_at_once
        self.bounds = StreamBounds()
        self._change_notifier = change_notifier
        self._loop = asyncio.get_running_loop()
        self.time = self._loop.time
        self.closing = False
        self._open: set[OpenStream] = set()
        self._looks: set[asyncio.Task[None]] = set()
        self._waiting: deque[OpenStream] = deque()
        self._due: list[tuple[float, int, OpenStream]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None
        self._wound = 0.0

    def __len__(self) -> int:
        return len(self._open)

    def add(
        self, identifier: str, look: Callable[[], Awaitable[StreamState | None]], *, site: str = ""
    ) -> OpenStream | None:
        """Add a stream that is about to open; it receives change notices from now on.

        None: there are too many (`StreamBounds`).
        """
        if not self.bounds.take(identifier, site):
            return None
        stream = OpenStream(self, identifier, look, site)
        self._open.add(stream)
        self._change_notifier.listen(identifier, stream.wake)
        return stream

    def forget(self, stream: OpenStream) -> None:
        """Remove a stream that has ended or was never opened."""
        if stream in self._open:
            self._open.remove(stream)
            self.bounds.give(stream.identifier, stream.site)
            self._change_notifier.unlisten(stream.identifier, stream.wake)

    def begin(self, stream: OpenStream) -> None:
        """Let a stream look, as soon as fewer than so many do."""
        if len(self._looks) >= self.looks_at_once:
            self._waiting.append(stream)
            return
        task = self._loop.create_task(stream.follow())
        self._looks.add(task)
        task.add_done_callback(partial(self._looked, stream))

    def _looked(self, stream: OpenStream, task: asyncio.Task[None]) -> None:
        self._looks.discard(task)
        if self._waiting:
            self.begin(self._waiting.popleft())
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("stream_failed", error=type(error).__name__, exc_info=error)
            stream.end()

    def ring_at(self, stream: OpenStream, when: float) -> None:
        """Set the stream's timer, in place of its earlier time."""
        if when != stream.due:
            stream.due = when
            heappush(self._due, (when, next(self._order), stream))
            self._wind(when)

    def _wind(self, when: float) -> None:
        if self._timer is not None:
            if when >= self._wound:
                return
            self._timer.cancel()
        self._timer, self._wound = self._loop.call_at(when, self._ring), when

    def _ring(self) -> None:
        self._timer, now = None, self.time()
        while self._due and (self._due[0][0] <= now or self._due[0][2] not in self._open):
            when, _, stream = heappop(self._due)
            if when == stream.due:
                stream.ring(now)
        if self._due:
            self._wind(self._due[0][0])

    def close(self) -> None:
        """End all streams now, and ask their clients to reconnect."""
        self.closing = True
        self._waiting.clear()
        for task in self._looks:
            task.cancel()
        for stream in tuple(self._open):
            stream.end(COME_BACK)
        if self._timer is not None:
            self._timer.cancel()
