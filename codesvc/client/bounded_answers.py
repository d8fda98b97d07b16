# Copied from codesvc/runtime/bounded_answers.py by `make client`. Do not edit.
"""Connections on which an answer cannot keep the event loop busy: few octets at a time, and few answers to a request.

aiohttp reads any number of interim answers (status 100 to 199) before the final one, and does not let others run while
it has one. A turn of the event loop may bring 2 MB, which are 120,000 of them, so no timeout would end such a call.
"""

import asyncio
from typing import TYPE_CHECKING, Final

import aiohttp

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.tracing import Trace

_MOST_ANSWERS: Final = 8
_OCTETS_AT_A_TIME: Final = 4_096


class BoundedConnector(aiohttp.TCPConnector):
    """Makes connections for `aiohttp.ClientSession`. One with more than eight answers to a request is closed."""

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list["Trace"],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  aiohttp's signature
    ) -> aiohttp.connector.Connection:
        """A connection from the pool, or a new one, whose answers are counted from now on."""
        connection = await super().connect(req, traces, timeout)
        handler, transport = connection.protocol, connection.transport
        if handler is None or transport is None or transport.is_closing() or handler.should_close:
            # The connection was closed, or the other side sent something that no request asked for.
            connection.close()
            raise aiohttp.ServerDisconnectedError("the connection had an answer before its request")
        counted = transport.get_protocol()
        if not isinstance(counted, _CountedAnswers):
            counted = _CountedAnswers(handler, transport)
            # A transport goes over to reading into a buffer when it begins to read.
            transport.pause_reading()
            transport.set_protocol(counted)
            transport.resume_reading()
        counted.answers = 0
        return connection


class _CountedAnswers(asyncio.BufferedProtocol):
    """Stands between a connection and aiohttp's protocol, reads little at a time, and counts answers."""

    def __init__(self, handler: "ResponseHandler", transport: asyncio.Transport) -> None:
        self.answers = 0
        self._handler, self._transport = handler, transport
        self._buffer = bytearray(_OCTETS_AT_A_TIME)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002  asyncio's signature
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        waiting = len(self._handler)
        self._handler.data_received(bytes(self._buffer[:nbytes]))
        # Nobody takes an answer from the handler's queue in between.
        self.answers += len(self._handler) - waiting
        if self.answers > _MOST_ANSWERS:
            self._handler.set_exception(aiohttp.ServerDisconnectedError("too many answers to one request"))
            self._transport.abort()

    def eof_received(self) -> None:
        self._handler.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._handler.connection_lost(exc)

    def pause_writing(self) -> None:
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._handler.resume_writing()
