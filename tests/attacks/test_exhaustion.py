"""A stranger keeps what they are given: silent connections, answers that are not read, streams of many pages."""

from __future__ import annotations

import asyncio
import resource
import socket
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from codesvc.runtime.http_server import REFUSAL, runner
from codesvc.web.event_streams import stream as streaming
from codesvc.web.event_streams.bounds import MOST_OF_ONE, most_of_pages
from tests.http_servers import shut_down
from tests.service.streams import events_of
from tests.stores import until

LARGE = b"x" * 8_000_000


@pytest.fixture
async def server():
    """A server as the service's, with less patience, that knows one answer: larger than the kernel's buffers."""

    async def answer(_):
        return web.Response(body=LARGE)

    app = web.Application()
    app[REFUSAL] = lambda *_: web.Response(status=400)
    app.router.add_get("/", answer)
    serving = runner(app, grace_seconds=0.1, idle_seconds=0.3, unread_seconds=0.3)
    await serving.setup()
    await web.TCPSite(serving, "127.0.0.1", 0).start()
    yield serving
    await shut_down(serving)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-A: a",
        b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nX",
    ],
    ids=["nothing", "half a line", "headers without an end", "half of a second request"],
)
async def test_a_request_that_does_not_come_is_not_waited_for(server, said):
    crowd = [await asyncio.open_connection(*server.addresses[0]) for _ in range(50)]
    for _, writer in crowd:
        writer.write(said)
        await writer.drain()
    await until(lambda: len(server.server.connections) == 0)
    for _, writer in crowd:
        writer.close()


async def test_an_answer_that_is_not_read_is_given_up(server):
    crowd = []
    for _ in range(20):
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(server.addresses[0])
        deaf.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        crowd.append(deaf)
    await until(lambda: len(server.server.connections) == len(crowd))
    await until(lambda: len(server.server.connections) == 0)
    for deaf in crowd:
        deaf.close()


async def test_who_reads_slowly_but_reads_gets_the_whole_answer(server):
    reader, writer = await asyncio.open_connection(*server.addresses[0], limit=4096)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    seen = 0
    while piece := await reader.read(262_144):
        seen += len(piece)
        await asyncio.sleep(0.01)
    assert seen > len(LARGE)
    writer.close()


async def test_the_streams_of_all_pages_leave_room_for_everybody_else(new_world):
    async with new_world(sites__shop__limits={"address_starts": "none"}) as world:
        streams = world.app[streaming._STREAMS]
        streams.bounds.most_of_pages = 40
        pages = [await world.start(f"attempt-{number}") for number in range(4)]
        async with AsyncExitStack() as crowd:
            answers = [
                await crowd.enter_async_context(world.http.get(f"{world.service}/p/{page['page_token']}/events"))
                for page in pages
                for _ in range(MOST_OF_ONE)
            ]
            assert [answer.status for answer in answers] == [200] * 40 + [429] * 24
            assert all(answer.headers["Retry-After"] for answer in answers[40:])
            # Whoever has no stream polls. A site's key opens its streams as before.
            late = await world.start("attempt-late")
            assert (await world.page("GET", late, "/state")).status == 200
            async with events_of(world, late) as of_the_site:
                assert (await of_the_site.next())["status"] == "pending"
        await until(lambda: len(streams) == 0)
        async with world.http.get(f"{world.service}/p/{late['page_token']}/events") as answer:
            assert answer.status == 200


def test_pages_take_at_most_half_of_the_descriptors():
    assert most_of_pages() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
