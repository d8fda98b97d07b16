"""A process that stood still for longer than it waits for the store has not found out that the store is silent.

The machine was busy, or the process was stopped. What the store answered meanwhile lies in the socket, unread.
"""

import asyncio

import hiredis
import pytest
from redis.exceptions import TimeoutError as TooLate

from codesvc.domain.errors import StoreUnavailable
from codesvc.store.connection import connect
from tests.stores import listening, until

TIMEOUT = 0.4


class Slow:
    """A server that greets at once and answers `PING` when the test says so."""

    def __init__(self):
        self.asked = 0
        self.writers = []

    async def serve(self, reader, writer):
        self.writers.append(writer)
        parser = hiredis.Reader()
        while data := await reader.read(65536):
            parser.feed(data)
            while (command := parser.gets()) is not False:
                if command[0] == b"PING":
                    self.asked += 1
                else:
                    writer.write(b"+OK\r\n")
        writer.close()

    def answer(self):
        self.writers[-1].write(b"+PONG\r\n")


@pytest.fixture
async def slow():
    async with listening(Slow()) as server:
        server.url = f"redis://127.0.0.1:{server.port}"
        yield server


@pytest.fixture
async def server(slow):
    servers = await connect(slow.url, timeout=TIMEOUT)
    yield servers.anyone()
    await servers.aclose()


@pytest.fixture
def stand_still(monkeypatch):
    """A function after which the loop's clock is so many seconds later, as if nothing had run meanwhile."""

    def stand_still(seconds):
        loop = asyncio.get_running_loop()
        before = loop.time
        monkeypatch.setattr(loop, "time", lambda: before() + seconds)

    return stand_still


def ask(server, way):
    """A call over the shared connection of the scripts, or over one of redis-py's."""
    if way == "scripts":
        return asyncio.create_task(server.line.execute("PING"))
    if way == "pipeline":
        return asyncio.create_task(server.redis.pipeline(transaction=False).ping().execute())
    return asyncio.create_task({"redis": server.redis, "reader": server.reader}[way].ping())


@pytest.mark.parametrize("way", ["scripts", "redis", "reader", "pipeline"])
async def test_an_answer_that_lay_in_the_socket_is_read(slow, server, stand_still, way):
    asked = ask(server, way)
    await until(lambda: slow.asked)
    slow.answer()
    stand_still(100 * TIMEOUT)
    await asked


async def test_a_command_that_was_not_yet_sent_is_sent(slow, server, stand_still):
    first = ask(server, "scripts")
    await until(lambda: slow.asked)
    slow.answer()
    await first
    second = server.line._line.send(hiredis.pack_command(("PING",)))
    stand_still(100 * TIMEOUT)
    await until(lambda: slow.asked == 2)
    slow.answer()
    assert await second == b"PONG"


@pytest.mark.parametrize("way", ["scripts", "redis", "reader", "pipeline"])
async def test_silence_is_silence(slow, server, way):
    asked = ask(server, way)
    with pytest.raises((StoreUnavailable, TooLate)):
        await asked
    assert slow.asked == 1
