"""Bytes that no client library sends: what two servers in a row could read differently, and what never ends."""

from __future__ import annotations

import asyncio
import json
import re
from urllib.parse import urlsplit

import pytest

from tests.world import KEY

HEAD = f"Host: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: application/json\r\n".encode()
BODY = json.dumps({"purpose": "register", "user": "u-1", "client_ip": "192.0.2.1"}).encode()
SMUGGLED = b"DELETE /v1/bindings/victim HTTP/1.1\r\n" + HEAD + b"\r\n"
MADE_LATER = re.compile(r":(binding|union):")  # a unionid is asked for when the answer has long gone
STATUS = re.compile(rb"HTTP/[01]\.[019] (\d{3}) ")


async def sent(world, raw, *, at_once=True, until=None):
    """Everything that comes back until the service closes the connection, or up to `until`; bounded."""
    address = urlsplit(world.service)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        for piece in [raw] if at_once else [raw[at : at + 1] for at in range(len(raw))]:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(60):
            return await (reader.readuntil(until) if until else reader.read())
    finally:
        writer.close()


def request(*headers, body=b"", target=b"/v1/verifications"):
    return b"POST " + target + b" HTTP/1.1\r\n" + HEAD + b"".join(h + b"\r\n" for h in headers) + b"\r\n" + body


LENGTH = b"Content-Length: %d" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked"
AMBIGUOUS = {
    "both a length and chunks": request(LENGTH, CHUNKED, body=b"0\r\n\r\n" + SMUGGLED),
    "two lengths": request(LENGTH, b"Content-Length: 0", body=BODY),
    "a length with a sign": request(b"Content-Length: +5", body=BODY),
    "a negative length": request(b"Content-Length: -1", body=BODY),
    "a length in hexadecimal": request(b"Content-Length: 0x10", body=BODY),
    "a list of lengths": request(b"Content-Length: 0, %d" % len(BODY), body=BODY),
    "chunks that are not last": request(b"Transfer-Encoding: chunked, identity", body=b"0\r\n\r\n" + SMUGGLED),
    "a coding nobody knows": request(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n" + SMUGGLED),
    "a tab in the coding's name": request(b"Transfer-Encoding:\x0bchunked", body=b"0\r\n\r\n" + SMUGGLED),
    "a space before the colon": request(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n" + SMUGGLED),
    "a folded header": request(b"X-A: 1\r\n Transfer-Encoding: chunked", LENGTH, body=BODY),
    "a header with a null": request(b"X-A: 1\x002", LENGTH, body=BODY),
    "a bare carriage return": request(b"X-A: 1\rContent-Length: 0", LENGTH, body=BODY),
    "a chunk's size with a sign": request(CHUNKED, body=b"-1\r\n" + SMUGGLED),
    "a chunk's size too large": request(CHUNKED, body=b"f" * 20 + b"\r\n" + SMUGGLED),
    "a chunk longer than it says": request(CHUNKED, body=b"1\r\nab\r\n0\r\n\r\n" + SMUGGLED),
    "a header line of 100 kB": request(b"X-A: " + b"a" * 100_000, LENGTH, body=BODY),
    "ten thousand headers": request(*[b"X-%d: 1" % number for number in range(10_000)], LENGTH, body=BODY),
    "a target of 100 kB": request(LENGTH, body=BODY, target=b"/" + b"a" * 100_000),
}


def kept(everything):
    return {key: value for key, value in everything.items() if not MADE_LATER.search(key)}


@pytest.mark.parametrize("raw", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_what_could_be_read_in_two_ways_is_not_read(world, dump, raw):
    victim = await world.bound("victim")
    before = kept(dump())
    try:
        answer = await sent(world, raw)
    except ConnectionResetError:
        answer = b"HTTP/1.1 400 \r\n"  # closed while we were still sending
    assert [int(status) // 100 for status in STATUS.findall(answer)] == [4]
    assert kept(dump()) == before
    assert (await world.call("GET", "/v1/bindings/victim"))["openid"] == victim.openid


async def test_an_honest_request_byte_by_byte_is_read(world):
    raw = request(LENGTH, b"Connection: close", body=BODY)
    answer = await sent(world, raw, at_once=False)
    assert STATUS.findall(answer) == [b"201"]


async def test_a_header_cannot_be_smuggled_into_an_answer(world):
    for target in (b"/p/x%0d%0aSet-Cookie:%20a=b", b"/problems/%0d%0aSet-Cookie:%20a=b", b"/v1/bindings/%0d%0aX:%20y"):
        answer = await sent(world, b"GET " + target + b" HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n\r\n")
        assert b"Set-Cookie: a=b" not in answer
        assert b"\r\nX: y" not in answer
        assert [int(status) // 100 for status in STATUS.findall(answer)] == [4]


@pytest.mark.parametrize("path", ["/v1/verifications", "/wechat/main?signature=x", "/p/x/check", "/v1/wechat/events"])
async def test_a_body_that_never_ends_is_not_waited_for(new_world, path, dump):
    async with new_world(service__body_timeout=0.2) as world:
        before = dump()
        raw = request(b"Content-Length: 100", body=b"{", target=path.encode())
        answer = await sent(world, raw, until=b"/problems/slow-request")
        assert STATUS.findall(answer) == [b"408"]
        assert dump() == before


async def test_a_crowd_that_never_ends_its_requests_holds_up_nobody(new_world):
    async with new_world(service__body_timeout=5) as world:
        address = urlsplit(world.service)
        crowd = [await asyncio.open_connection(address.hostname, address.port) for _ in range(300)]
        for number, (_, writer) in enumerate(crowd):
            raw = request(b"Content-Length: 100", body=b"{")
            writer.write(raw if number % 2 else raw[:60])
            await writer.drain()
        assert (await world.start()).status == 201
        for _, writer in crowd:
            writer.close()


async def test_a_file_upload_is_not_taken(world, dump):
    before = dump()
    body = b'--x\r\nContent-Disposition: form-data; name="code"; filename="a"\r\n\r\n123456\r\n--x--\r\n'
    raw = request(
        b"Content-Type: multipart/form-data; boundary=x",
        b"Content-Length: %d" % len(body),
        b"Connection: close",
        body=body,
        target=b"/p/x/check",
    )
    answer = await sent(world, raw.replace(b"Content-Type: application/json\r\n", b""))
    assert [int(status) // 100 for status in STATUS.findall(answer)] == [4]
    assert dump() == before
