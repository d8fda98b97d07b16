"""A subscription that reads messages in chunks as they come, because redis-py needs 30 µs for each message."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import hiredis

from codesvc.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

SILENCE_SECONDS: Final = 5.0
"""Seconds without data after which the server is asked for a sign of life, and the time that it has to answer."""
_READ_BYTES: Final = 65_536


@asynccontextmanager
async def subscribed(
    redis: Redis, channel: str, *, silence: float = SILENCE_SECONDS
) -> AsyncIterator[SubscribedMessages]:
    """The messages of a channel from now on. redis-py opens the connection.

    Raises:
        RedisError, OSError: no connection, or it broke.
        StoreUnavailable: the server is silent, or refuses.
    """
    connection = redis.connection_pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py
    try:
        await connection.connect()
        reader, writer = connection._reader, connection._writer  # noqa: SLF001  the streams that redis-py has opened
        if reader is None or writer is None:
            raise StoreUnavailable("the connection is not open")
        messages = SubscribedMessages(reader, writer, silence)
        await messages.subscribe(channel)
        yield messages
    finally:
        await connection.disconnect(nowait=True)


class SubscribedMessages:
    """The received messages, in chunks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silence: float) -> None:
        self._reader = reader
        self._writer = writer
        self._silence = silence
        self._parser = hiredis.Reader()

    async def subscribe(self, channel: str) -> None:
        """Subscribe. All messages that are published after this call returns are received."""
        self._writer.write(b"*2\r\n$9\r\nSUBSCRIBE\r\n$%d\r\n%b\r\n" % (len(channel), channel.encode()))
        while not any(said[0] == b"subscribe" for said in await self._next()):
            pass

    async def some(self) -> list[str]:
        """The messages that have come since the last call, at least one."""
        while True:
            if found := [said[2].decode() for said in await self._next() if said[0] == b"message"]:
                return found

    async def _next(self) -> list[Any]:
        asked = False
        while True:
            try:
                async with asyncio.timeout(self._silence):
                    data = await self._reader.read(_READ_BYTES)
                break
            except TimeoutError:
                if asked:
                    raise StoreUnavailable("the subscription is silent") from None
                asked = True
                self._writer.write(b"*1\r\n$4\r\nPING\r\n")
        if not data:
            raise StoreUnavailable("the store closed the subscription")
        self._parser.feed(data)
        found: list[Any] = []
        try:
            while (said := self._parser.gets()) is not False:
                if isinstance(said, hiredis.ReplyError):
                    raise StoreUnavailable("the store refuses the subscription")
                found.append(said)
        except hiredis.ProtocolError:
            raise StoreUnavailable("the subscription is garbled") from None
        return found
