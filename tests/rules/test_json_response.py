"""JSON answers on the wire: no smuggled headers, no unlimited buffering, and a last answer says that it is the last."""

import asyncio

import pytest
from aiohttp import web

from codesvc.web.api.views import json_response

ASKED = web.AppKey("ASKED", list)
DOCUMENT = {"说": "hello"}


async def app_with(make):
    async def answer(request):
        request.app[ASKED].append(request.path)
        return make()

    app = web.Application()
    app[ASKED] = []
    app.router.add_get("/{tail:.*}", answer)
    return app


async def exchange(server, *requests):
    """All that comes back until the server closes, or falls silent after the last answer."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"".join(requests))
    told = b""
    try:
        while part := await asyncio.wait_for(reader.read(65_536), 0.2):
            told += part
    except TimeoutError:
        told += b"(open)"
    writer.close()
    return told


USUAL = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=c", "a\nb", "a\rb", "a\0b"])
async def test_nobody_smuggles_a_header_in(aiohttp_server, caplog, value):
    server = await aiohttp_server(await app_with(lambda: json_response(DOCUMENT, headers={"X-Bad": value})))
    assert await exchange(server, USUAL) == b""
    assert "control character" in caplog.text


async def test_who_asks_and_never_reads_is_made_to_wait(aiohttp_server):
    app = await app_with(lambda: json_response("x" * 100_000))
    server = await aiohttp_server(app)
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=1024)
    writer.write(USUAL * 3000)
    # Until nothing moves any more: what fits into the buffers between the two has been written.
    seen = -1
    while seen != len(app[ASKED]):
        seen = len(app[ASKED])
        await asyncio.sleep(0.2)
    assert 0 < seen < 1000
    writer.close()
    del reader


async def test_an_answer_that_is_to_be_the_last_says_so(aiohttp_server):
    def make():
        last = json_response(DOCUMENT)
        last.force_close()
        return last

    told = await exchange(await aiohttp_server(await app_with(make)), USUAL, USUAL)
    assert told.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close" in told
    assert not told.endswith(b"(open)")
