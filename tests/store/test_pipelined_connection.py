"""The shared connection: order, loss, time, cancellation, back-pressure, and a second connection after it."""

import asyncio

import hiredis
import pytest
import uvloop
from redis.asyncio.connection import Connection

from codesvc.domain.errors import StoreUnavailable
from codesvc.store import pipelined_connection
from codesvc.store.connection import connect
from codesvc.store.pipelined_connection import PipelinedConnection, ServerSaidError
from tests.stores import listening


@pytest.fixture
async def line(store_url):
    servers = await connect(store_url, timeout=2)
    yield servers.anyone().line
    await servers.aclose()


class Scripted:
    """A server whose answers the test decides; counts what it was sent."""

    def __init__(self):
        self.received = b""
        self.connections = 0
        self.writers = []

    async def serve(self, reader, writer):
        self.connections += 1
        self.writers.append(writer)
        while data := await reader.read(65536):
            self.received += data
        writer.close()

    def answer(self, data):
        self.writers[-1].write(data)


@pytest.fixture
async def scripted():
    async with listening(Scripted()) as server:
        yield server


@pytest.fixture
async def talking(scripted):
    def connection():
        return Connection(host="127.0.0.1", port=scripted.port, protocol=2, driver_info=None)

    transport = PipelinedConnection(connection, timeout=0.4)
    yield transport
    await transport.aclose()


async def received(server, count):
    for _ in range(1000):
        if server.received.count(b"PING") >= count:
            return
        await asyncio.sleep(0.001)
    raise AssertionError(f"only {server.received!r} arrived")


async def test_a_thousand_at_once_get_their_own_answers(line):
    answers = await asyncio.gather(*(line.execute("ECHO", str(number)) for number in range(1000)))
    assert answers == [str(number).encode() for number in range(1000)]


async def test_a_refusal_is_its_own_callers_only(line):
    async def ask(number):
        if number % 3:
            return await line.execute("ECHO", str(number))
        with pytest.raises(ServerSaidError, match="unknown command"):
            await line.execute("NONSENSE")
        return None

    answers = await asyncio.gather(*(ask(number) for number in range(100)))
    assert [answer for answer in answers if answer] == [str(n).encode() for n in range(100) if n % 3]


async def test_who_gives_up_leaves_no_gap(line):
    first = asyncio.create_task(line.execute("DEBUG", "SLEEP", "0"))
    await asyncio.sleep(0)
    given_up = [asyncio.create_task(line.execute("ECHO", "gone")) for _ in range(50)]
    await asyncio.sleep(0)
    for task in given_up:
        task.cancel()
    assert await line.execute("ECHO", "mine") == b"mine"
    await asyncio.gather(first, *given_up, return_exceptions=True)


async def test_what_was_lost_after_writing_is_never_sent_again(talking, scripted):
    waiting = [asyncio.create_task(talking.execute("PING", str(n))) for n in range(3)]
    await received(scripted, 3)
    scripted.answer(b"+0\r\n")
    await waiting[0]
    scripted.writers[-1].close()
    for task in waiting[1:]:
        with pytest.raises(StoreUnavailable, match="lost"):
            await task
    assert scripted.received.count(b"PING") == 3
    again = asyncio.create_task(talking.execute("PING", "again"))
    await received(scripted, 4)
    scripted.answer(b"+yes\r\n")
    assert await again == b"yes"
    assert scripted.connections == 2


@pytest.mark.parametrize("calls", [1, 2 * pipelined_connection._FLUSH_AT])
def test_what_is_written_to_a_connection_that_has_just_broken_is_unavailable(store_url, calls):
    """Under uvloop, as the service runs: it refuses such a write with an error of its own kind."""

    async def story():
        servers = await connect(store_url, timeout=2)
        line = servers.anyone().line
        try:
            assert await line.execute("PING") == b"PONG"
            line._line._transport.abort()
            # In the same turn of the loop, before anybody has heard of the break.
            ping = hiredis.pack_command(("PING",))
            told = await asyncio.gather(*[line._line.send(ping) for _ in range(calls)], return_exceptions=True)
            assert {type(one) for one in told} == {StoreUnavailable}
            assert await line.execute("PING") == b"PONG"
        finally:
            await servers.aclose()

    uvloop.run(story())


async def test_silence_ends_the_connection_and_everybodys_wait(talking, scripted):
    waiting = [asyncio.create_task(talking.execute("PING")) for _ in range(5)]
    for task in waiting:
        with pytest.raises(StoreUnavailable, match="no answer in time"):
            await task
    assert scripted.connections == 1


async def test_readonly_costs_the_connection(talking, scripted):
    first = asyncio.create_task(talking.execute("PING"))
    await received(scripted, 1)
    scripted.answer(b"-READONLY You can't write against a read only replica.\r\n")
    with pytest.raises(ServerSaidError, match="READONLY"):
        await first
    second = asyncio.create_task(talking.execute("PING"))
    await received(scripted, 2)
    scripted.answer(b"+ok\r\n")
    assert await second == b"ok"
    assert scripted.connections == 2


@pytest.mark.parametrize("noise", [b"garbage\r\n", b"+nobody asked\r\n+for this\r\n", b"*-7\r\n"])
async def test_noise_ends_the_connection(talking, scripted, noise):
    first = asyncio.create_task(talking.execute("PING"))
    await received(scripted, 1)
    scripted.answer(noise)
    await asyncio.gather(first, return_exceptions=True)
    second = asyncio.create_task(talking.execute("PING"))
    await received(scripted, 2)
    scripted.answer(b"+ok\r\n")
    assert await second == b"ok"


async def test_nobody_there_is_said_at_once():
    transport = PipelinedConnection(lambda: Connection(host="127.0.0.1", port=1), timeout=0.4)
    with pytest.raises(StoreUnavailable, match="no connection"):
        await transport.execute("PING")
    await transport.aclose()


async def test_too_many_are_turned_away(talking, scripted):
    waiting = [asyncio.create_task(talking.execute("PING"))]
    await received(scripted, 1)
    waiting += [asyncio.create_task(talking.execute("PING")) for _ in range(pipelined_connection.MOST_WAITING)]
    done = await asyncio.gather(*waiting, return_exceptions=True)
    turned_away = [error for error in done if "too many" in str(error)]
    assert len(turned_away) == 1
    assert all(isinstance(error, StoreUnavailable) for error in done)


async def test_closed_is_closed(line):
    assert await line.execute("PING") == b"PONG"
    await line.aclose()
    with pytest.raises(StoreUnavailable, match="closed"):
        await line.execute("PING")


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("NOSCRIPT No matching script. Please use EVAL.", "NOSCRIPT"),
        ("OOM command not allowed when used memory > 'maxmemory'. script: 9a, on @user_script:3.", "OOM"),
        (
            "ERR Error running script (call to f_9a): @user_script:3: @user_script: 3: -READONLY You can't write",
            "READONLY",
        ),
        ("ERR Error running script (call to f_9a): @user_script:3: attempt to index a nil value", "ERR"),
        ("LOADING", "LOADING"),
        ("ERR Protocol error: unauthenticated multibulk length", "NOAUTH"),
    ],
)
def test_a_refusal_is_known_by_its_word_from_old_servers_as_well(said, word):
    assert ServerSaidError(said).word == word


async def test_who_needs_a_connection_shares_one_attempt_to_open_it(scripted):
    """A server that accepts and says nothing costs everybody one wait, not each the sum of those before him."""
    opened = []

    def connection():
        opened.append(Connection(host="127.0.0.1", port=scripted.port, protocol=3, driver_info=None))
        return opened[-1]

    transport = PipelinedConnection(connection, timeout=0.2)
    calls = [asyncio.create_task(transport.execute("PING")) for _ in range(20)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    assert len(opened) == 1
    await transport.aclose()


async def test_closing_tells_who_waits_for_a_connection(scripted):
    transport = PipelinedConnection(
        lambda: Connection(host="127.0.0.1", port=scripted.port, protocol=3, driver_info=None), timeout=5
    )
    waiting = asyncio.create_task(transport.execute("PING"))
    while not scripted.received:  # noqa: ASYNC110  # the connection is being made
        await asyncio.sleep(0.001)
    assert not waiting.done()
    await transport.aclose()
    with pytest.raises(StoreUnavailable, match="closed"):
        await waiting
