"""One shared connection: all commands of one turn of the event loop leave in one write, and answers come in order.

redis-py spends more time on one command than aiohttp on a whole request, and under load callers wait for connections of
its pool. This module needs only the bytes and a future for a command. redis-py still opens the connection (URL, TLS,
AUTH, SELECT) and sends the commands that are not frequent. The contract:

- Nothing is ever sent twice. If a command was written and its answer was lost, it fails with `StoreUnavailable`; it may
  or may not have run.
- Answers belong to commands by order. A cancelled caller keeps its place in the queue.
- An answer that does not come within `timeout` means that the connection is dead: all waiting callers fail, and the
  next command opens another connection. Time in which the event loop stands still does not count
  (`codesvc.runtime.loop_timeouts`).
- A server that can no longer be written (READONLY after a fail-over) also ends the connection, so that the next one is
  opened to the present primary.
- More than `MOST_WAITING` callers are refused at once, so that the queue does not grow without bound.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import hiredis
from redis.exceptions import AuthenticationError, RedisError

from codesvc.domain.errors import StoreUnavailable
from codesvc.runtime.loop_timeouts import PARTS, loop_timeout
from codesvc.runtime.tasks import end

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio.connection import AbstractConnection

MOST_WAITING: Final = 20_000
_FLUSH_AT: Final = 8
_NO_LOGIN: Final = "Protocol error: unauthenticated"
_IN_SCRIPT: Final = re.compile(r"^ERR Error running script .* @user_script: \d+: -([A-Z]+) ")


class ServerSaidError(Exception):
    """The server answered with an error; the text is the server's, such as `NOSCRIPT No matching script`.

    Attributes:
        word: its first word. Redis before 7.0 wraps an error inside a script in another text; then the word of the
            inner error. A server refuses a long command without a login as a protocol error; then NOAUTH.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        wrapped = _IN_SCRIPT.search(text)
        self.word = wrapped[1] if wrapped else "NOAUTH" if _NO_LOGIN in text else text.partition(" ")[0]


class _Line(asyncio.Protocol):
    """One open connection and the callers that wait for its answers.

    It replaces redis-py's streams at the transport, so that an answer reaches its caller in the same turn of the loop
    in which its bytes came.
    """

    def __init__(self, connection: AbstractConnection, timeout: float) -> None:
        reader, writer = connection._reader, connection._writer  # noqa: SLF001  the streams that redis-py has opened
        if reader is None or writer is None:
            raise StoreUnavailable("the connection is not open")
        self._connection = connection
        self._transport = writer.transport
        self._parser = hiredis.Reader()
        self._part = timeout / PARTS
        self._parts_passed = 0
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[asyncio.Future[Any], int]] = deque()
        self._unsent: list[bytes] = []
        self.broken: str | None = None
        self._transport.set_protocol(self)
        self._watchdog = self._loop.call_later(self._part, self._watch)
        # The transport may already have reported its end to the streams.
        if self._transport.is_closing() or reader.at_eof():
            self.fail("the store closed the connection")

    def send(self, packed: bytes) -> asyncio.Future[Any]:
        """Queue a command; its future ends with the answer or an error."""
        if len(self._waiting) >= MOST_WAITING:
            raise StoreUnavailable("too many calls are waiting for the store")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append((future, self._parts_passed))
        self._unsent.append(packed)
        if len(self._unsent) == 1:
            self._loop.call_soon(self._flush)
        elif len(self._unsent) >= _FLUSH_AT:
            self._flush()
        return future

    def _flush(self) -> None:
        if self._unsent and self.broken is None:
            try:
                self._transport.write(b"".join(self._unsent))
            except (OSError, RuntimeError) as error:
                # uvloop refuses to write to a broken transport some turns before the reader is notified.
                self.fail(type(error).__name__)
            self._unsent.clear()

    def _watch(self) -> None:
        self._parts_passed += 1
        if self._waiting and self._parts_passed - self._waiting[0][1] > PARTS:
            self.fail("no answer in time")
        elif self.broken is None:
            self._watchdog = self._loop.call_later(self._part, self._watch)

    def data_received(self, data: bytes) -> None:
        """Read the answers in the received bytes."""
        try:
            self._parser.feed(data)
            while self.broken is None and (answer := self._parser.gets()) is not False:
                self._settle_next(answer)
        except hiredis.ProtocolError as error:
            self.fail(type(error).__name__)

    def eof_received(self) -> None:
        """Handle the end of the server's stream."""
        self.fail("the store closed the connection")

    def connection_lost(self, error: Exception | None) -> None:
        """Handle the end of the connection by either side."""
        self.fail(type(error).__name__ if error else "the store closed the connection")

    def _settle_next(self, answer: Any) -> None:
        if not self._waiting:
            raise hiredis.ProtocolError("an answer that nobody asked for")
        future, _ = self._waiting.popleft()
        if isinstance(answer, hiredis.ReplyError):
            said = ServerSaidError(str(answer))
            if not future.done():
                future.set_exception(said)
            if said.word == "READONLY":
                self.fail("the store is no longer the primary")
        elif not future.done():
            future.set_result(answer)

    def fail(self, why: str) -> None:
        """Close the connection; all waiting callers get an error."""
        if self.broken is not None:
            return
        self.broken = why
        self._watchdog.cancel()
        self._transport.close()
        for future, _ in self._waiting:
            if not future.done():
                future.set_exception(StoreUnavailable(f"the answer was lost: {why}"))
        self._waiting.clear()

    async def aclose(self) -> None:
        """End the connection."""
        self.fail("closed")
        await self._connection.disconnect(nowait=True)


class PipelinedConnection:
    """Commands over one shared connection, which is opened on first use and again after it broke.

    Args:
        connect: makes a redis-py connection object that is not yet connected.
        timeout: seconds, for opening and for an answer.
    """

    def __init__(self, connect: Callable[[], AbstractConnection], *, timeout: float) -> None:
        self._make = connect
        self._timeout = timeout
        self._line: _Line | None = None
        self._opening: asyncio.Task[_Line] | None = None
        self._closed = False

    async def execute(self, *command: Any) -> Any:
        """Send one command and wait for its answer.

        Raises:
            StoreUnavailable: no connection, no answer, or too many are waiting.
            ServerSaidError: the server refused.
        """
        # Pack first. A command that cannot be packed must not get a place in the queue of answers.
        return await self.send_packed(hiredis.pack_command(command))

    async def send_packed(self, packed: bytes) -> Any:
        """Send one packed command and wait for its answer; raises as `execute`."""
        line = self._line
        if line is None or line.broken is not None:
            line = await self._opened()
        return await line.send(packed)

    async def _opened(self) -> _Line:
        """Open a connection. All callers that need it wait for the same attempt and share its result.

        If they tried one after another, each would wait `timeout` for a server that does not answer.
        """
        if self._closed:
            raise StoreUnavailable("the store connection is closed")
        if self._opening is None:
            self._opening = asyncio.create_task(self._open(), name="open store connection")
            self._opening.add_done_callback(self._settled)
        opening = self._opening
        try:
            # Shielded, so that one cancelled caller does not cancel the attempt for the others.
            line = await asyncio.shield(opening)
        except asyncio.CancelledError:
            if opening.cancelled():
                raise StoreUnavailable("the store connection is closed") from None
            raise
        if line.broken is not None:
            raise StoreUnavailable(f"no connection to the store ({line.broken})")
        return line

    def _settled(self, opening: asyncio.Task[_Line]) -> None:
        self._opening = None
        if not opening.cancelled():
            opening.exception()

    async def _open(self) -> _Line:
        if self._line is not None:
            await self._line.aclose()
            self._line = None
        connection = self._make()
        try:
            async with loop_timeout(self._timeout):
                await connection.connect()  # type: ignore[no-untyped-call]  # redis-py
        except (RedisError, OSError, TimeoutError) as error:
            await connection.disconnect(nowait=True)
            state = "login refused" if isinstance(error, AuthenticationError) else "no answer"
            raise StoreUnavailable(f"no connection to the store ({type(error).__name__})", state) from None
        except asyncio.CancelledError:
            await connection.disconnect(nowait=True)
            raise
        self._line = _Line(connection, self._timeout)
        return self._line

    async def aclose(self) -> None:
        """Close the connection finally; all waiting callers get an error."""
        self._closed = True
        if self._opening is not None:
            await end([self._opening])
        if self._line is not None:
            await self._line.aclose()
            self._line = None
