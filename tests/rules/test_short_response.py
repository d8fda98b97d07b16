"""Answers that are written in one go read, on the wire, as aiohttp's own would; and what is unusual is left to it."""

import asyncio

import pytest
from aiohttp import web
from multidict import CIMultiDict

from codesvc.web.short_response import ShortResponse
from tests.stores import until

ASKED = web.AppKey("ASKED", list)
UNREAD = web.AppKey("UNREAD", dict)
BODY = '{"说":"hello"}'.encode()
USUAL = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
HEADERS = CIMultiDict({"Server": "codesvc", "Content-Type": "application/json", "X-Name": "名"})


async def app_with(make):
    async def answer(request):
        request.app[ASKED].append(request.path)
        request.app[UNREAD][request.path] = request.transport.get_write_buffer_size
        return make()

    app = web.Application()
    app[ASKED] = []
    app[UNREAD] = {}
    app.router.add_get("/{tail:.*}", answer)
    return app


async def exchange(server, *requests):
    """All that comes back; a last request, which asks the server to close, is answered too if nothing closed before."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"".join((*requests, LAST)))
    told = await reader.read()
    writer.close()
    return told


def without_date(told):
    return b"\r\n".join(line for line in told.split(b"\r\n") if not line.startswith(b"Date: "))


@pytest.fixture
def both(aiohttp_server):
    async def ask(*requests, status=201):
        told = []
        for kind in (ShortResponse, web.Response):
            server = await aiohttp_server(
                await app_with(lambda kind=kind: kind(body=BODY, status=status, headers=CIMultiDict(HEADERS)))
            )
            told.append(await exchange(server, *requests))
        return told

    return ask


@pytest.mark.parametrize(
    "requests",
    [
        [USUAL],
        [USUAL, USUAL, USUAL],
        [b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"],
        [b"GET / HTTP/1.0\r\n\r\n"],
        [b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"],
        [b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", USUAL],
        [b"GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"],
    ],
    ids=["one", "pipelined", "head", "1.0", "1.0 kept", "close", "gzip"],
)
async def test_it_reads_as_aiohttps_own(both, requests):
    mine, its = await both(*requests)
    assert sorted(without_date(mine).split(b"\r\n")) == sorted(without_date(its).split(b"\r\n"))
    assert mine.startswith(b"HTTP/1.")
    assert mine.count(b"Date: ") == its.count(b"Date: ")


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_has_none(both, status):
    mine, its = await both(USUAL, status=status)
    assert without_date(mine) == without_date(its)
    assert BODY not in mine


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b=c", "a\nb", "a\rb", "a\0b"])
async def test_nobody_smuggles_a_header_in(aiohttp_server, caplog, value):
    server = await aiohttp_server(
        await app_with(lambda: ShortResponse(body=BODY, status=200, headers=CIMultiDict({**HEADERS, "X-Bad": value})))
    )
    assert await exchange(server, USUAL) == b""
    assert "control character" in caplog.text


async def test_who_asks_and_never_reads_is_made_to_wait(aiohttp_server):
    app = await app_with(lambda: ShortResponse(body=b"x" * 100_000, status=200, headers=CIMultiDict(HEADERS)))
    server = await aiohttp_server(app)
    reader, writer = await asyncio.open_connection(server.host, server.port, limit=1024)
    writer.write(USUAL * 3000)
    # What fits into the buffers between the two has been written, and the next answer waits.
    await until(lambda: "/" in app[UNREAD] and app[UNREAD]["/"]() > 0)
    # Others are answered meanwhile, so the server was free to go on.
    for _ in range(10):
        assert (await exchange(server)).startswith(b"HTTP/1.1 200")
    assert 0 < app[ASKED].count("/") < 1000
    writer.close()
    del reader


async def test_an_answer_that_is_to_be_the_last_says_so(aiohttp_server):
    def make():
        last = ShortResponse(body=BODY, status=200, headers=CIMultiDict(HEADERS))
        last.force_close()
        return last

    app = await app_with(make)
    told = await exchange(await aiohttp_server(app), USUAL, USUAL)
    assert told.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close" in told
    assert app[ASKED] == ["/"]
