"""What cannot be read as a request is refused like everything else: a problem document that discloses nothing."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from urllib.parse import urlsplit

import pytest

from codesvc.runtime import repeated_lines
from codesvc.web.headers import COMMON_HEADERS
from codesvc.web.middleware import note_failure
from codesvc.web.problem_types import PROBLEMS
from tests.attacks.test_raw_requests import AMBIGUOUS, HEAD, STATUS, request, sent
from tests.world import KEY, OPERATOR_KEY

LINE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
UNREADABLE = AMBIGUOUS | {
    "a method nobody knows": b"FLY /healthz HTTP/1.1\r\n\r\n",
    "a method with a brace": b"{} / HTTP/1.1\r\n\r\n",
    "no version": b"GET /healthz\r\n\r\n",
    "a version of the past": b"GET /healthz HTTP/0.9\r\n\r\n",
    "a version of the future": b"GET /healthz HTTP/7.3\r\n\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a broken version": b"GET /healthz HTTP/x.1\r\n\r\n",
    "no target": b"GET  HTTP/1.1\r\n\r\n",
    "a target without a slash": b"GET healthz HTTP/1.1\r\n\r\n",
    "a target with a null": b"GET /health\x00z HTTP/1.1\r\n\r\n",
    "a target of Chinese bytes": "GET /验证码 x HTTP/1.1\r\n\r\n".encode(),
    "a target with a broken host": b"GET http://[::1 HTTP/1.1\r\n\r\n",
    "a target with a broken port": b"GET http://x:99999999/ HTTP/1.1\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "a request of Redis": b"*1\r\n$4\r\nPING\r\n\r\n",
    "nulls": b"\x00" * 64 + b"\r\n\r\n",
    "a header without a colon": LINE + b"nonsense\r\n\r\n",
    "a header without a name": LINE + b": x\r\n\r\n",
    "a header with a blank in its name": LINE + b"X A: 1\r\n\r\n",
    "a header with Chinese in its name": LINE + "验证: 1\r\n\r\n".encode(),
    "a bare line feed in a header": LINE + b"X-A: 1\n2\r\n\r\n",
    "a key in a broken header": LINE + b"Authorization: Bearer " + KEY.encode() + b"\x00\r\n\r\n",
    "two hosts": LINE + b"Host: y\r\n\r\n",
    "a header name of 100 kB": LINE + b"A" * 100_000 + b": 1\r\n\r\n",
    "a chunk without a size": request(b"Transfer-Encoding: chunked", body=b"\r\n\r\n"),
    "a chunk that is no number": request(b"Transfer-Encoding: chunked", body=b"xyz\r\n\r\n"),
    "a chunk with a trailer too long": request(
        b"Transfer-Encoding: chunked", body=b"0\r\nX-T: " + b"a" * 20_000 + b"\r\n\r\n"
    ),
    "an expectation nobody knows": b"POST /v1/verifications HTTP/1.1\r\n"
    + HEAD
    + b"Expect: tea\r\nConnection: close\r\n\r\n",
    "an expectation of an octet that is no UTF-8": request(b"Expect: \xff", b"Connection: close"),
    "such an expectation at no address": request(b"Expect: \xed\xa0\x80", b"Connection: close", target=b"/none"),
    "an expectation at no address": request(b"Expect: tea", b"Connection: close", target=b"/none"),
    "an upgrade to HTTP/2": b"GET /none HTTP/1.1\r\n" + HEAD + b"Connection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n",
    "a tunnel": b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nConnection: close\r\n\r\n",
    "everything": b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "HTTP/1.0 at no address": b"GET /none HTTP/1.0\r\n\r\n",
    "HTTP/1.0 by a wrong method": b"DELETE /healthz HTTP/1.0\r\n\r\n",
    "a wrong method": b"DELETE /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
    "a path outside": b"GET /../../etc/passwd HTTP/1.1\r\nConnection: close\r\n\r\n",
}


async def answered(world, raw):
    """All that comes back, until the service closes the connection."""
    address = urlsplit(world.service)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(raw)
    received = b""
    try:
        async with asyncio.timeout(8):
            while piece := await reader.read(65_536):
                received += piece
    except (ConnectionResetError, TimeoutError):
        pass
    finally:
        writer.close()
    return received


def read(raw):
    """Status, headers and body of the one answer."""
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, body


def fault_in(world, raw):
    """What is wrong with a refusal; None if nothing is."""
    if len(STATUS.findall(raw)) != 1:
        return "not one answer"
    status, headers, body = read(raw)
    if not 400 <= status < 500 or headers.get("Content-Type") != "application/problem+json":
        return "no problem document"
    problem = json.loads(body)
    if not problem.keys() >= {"type", "title", "status", "detail", "request_id"}:
        return "members are missing"
    if (problem["status"], problem["request_id"]) != (status, headers.get("X-Request-Id")):
        return "head and body differ"
    if problem["type"].removeprefix(f"{world.service}/problems/") not in PROBLEMS:
        return "an unknown type"
    if int(headers["Content-Length"]) != len(body) or headers.get("Cache-Control") != "no-store":
        return "a header is wrong"
    if any(headers.get(name) != value for name, value in COMMON_HEADERS.items()):
        return "a header is missing"
    disclosed = [secret for secret in (b"aiohttp", b"Python", b"Traceback", KEY.encode()) if secret in raw]
    return f"{disclosed} is disclosed" if disclosed else None


async def test_every_refusal_is_a_problem_document(world):
    answers = await asyncio.gather(*(answered(world, raw) for raw in UNREADABLE.values()))
    received = dict(zip(UNREADABLE, answers, strict=True))
    faults = {name: (fault_in(world, raw), raw) for name, raw in received.items()}
    assert {name: fault for name, fault in faults.items() if fault[0]} == {}


async def test_a_tls_greeting_on_the_plain_port_is_refused(world):
    hello = ssl.MemoryBIO()
    context = ssl.create_default_context()
    greeting = context.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="code.example.com")
    with pytest.raises(ssl.SSLWantReadError):
        greeting.do_handshake()
    status, headers, body = read(await answered(world, hello.read()))
    assert (status, headers["Server"], json.loads(body)["status"]) == (400, "codesvc", 400)


async def test_nonsense_after_a_good_request_is_refused_alike(world):
    address = urlsplit(world.service)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(LINE + b"\r\n")
    assert (await reader.readuntil(b'{"status":"ok"}')).startswith(b"HTTP/1.1 200")
    writer.write(b"nonsense\r\n\r\n")
    assert fault_in(world, await reader.read()) is None
    writer.close()


async def test_the_log_says_why_and_quotes_nothing(world, capsys, caplog):
    await answered(world, UNREADABLE["a key in a broken header"])
    await answered(world, b"GET /p/abc?token=secret-text HTTP/x.1\r\n\r\n")
    said = "".join(capsys.readouterr()) + caplog.text
    assert "request_unreadable" in said
    assert "BadStatusLine" in said
    for secret in (KEY, "secret-text", "Traceback"):
        assert secret not in said


async def test_it_is_counted(world):
    await answered(world, UNREADABLE["no target"])
    metrics = (await world.call("GET", "/metrics", key=OPERATOR_KEY)).text
    counts = [each for each in metrics.splitlines() if 'route="unreadable"' in each and "_count" in each]
    [line] = [each for each in counts if 'method="OTHER"' in each]
    assert 'status="400"' in line or 'status="4xx"' in line


async def test_an_honest_expectation_is_met(world):
    raw = request(b"Expect: 100-continue", b"Content-Length: 2", b"Connection: close", body=b"{}")
    received = await sent(world, raw)
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400")
    assert b"application/problem+json" in received


HEADERS = (
    "Accept", "Accept-Encoding", "Accept-Language", "Access-Control-Request-Method", "Connection", "Content-Encoding",
    "Content-Length", "Content-Type", "Cookie", "Expect", "Forwarded", "Host", "Idempotency-Key", "If-Match",
    "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Last-Event-ID", "Origin", "Range",
    "Referer", "Sec-Fetch-Site", "Sec-WebSocket-Key", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent",
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-Id", "traceparent",
)  # fmt: skip
ODD = (
    b"\xff",
    b"\xed\xa0\x80",
    b"\xc3(",
    b"\x80\x80=\xfe; q=\xff",
    b"bytes=\xff-",
    b"100-continue\xff",
    b"-1",
    b"%00,,;;",
)
TARGETS = (
    b"GET /healthz",
    b"POST /v1/verifications",
    b"GET /none",
    b"DELETE /healthz",
    b"GET /docs",
    b"POST /wechat/main",
)


@pytest.mark.parametrize("header", HEADERS)
async def test_no_octets_of_a_header_are_a_fault_of_the_service(world, capfd, header):
    """aiohttp looks at headers before any middleware, where octets that are no UTF-8 have not been replaced yet."""
    own = b"" if header == "Host" else b"Host: x\r\n"
    wanted = [
        (target, odd, b"%b HTTP/1.1\r\n%b%b: %b\r\nConnection: close\r\n\r\n" % (target, own, header.encode(), odd))
        for target in TARGETS
        for odd in ODD
    ]
    answers = await asyncio.gather(*(answered(world, raw) for _, _, raw in wanted))
    faults = [
        (target, odd, answer[:80])
        for (target, odd, _), answer in zip(wanted, answers, strict=True)
        if [int(status) >= 500 for status in STATUS.findall(answer)] != [False]
    ]
    assert faults == []
    assert "request_failed" not in "".join(capfd.readouterr())


async def test_faults_of_the_service_are_few_lines_however_often_they_are_caused(capfd):
    """Each has a traceback of some 10 kB, and strangers may have found one."""
    async with repeated_lines.running():
        for _ in range(50):
            note_failure("/healthz", LookupError("of one kind"))
            note_failure("/healthz", KeyError("of another kind"))
    said = "".join(capfd.readouterr())
    assert said.count("request_failed") == 4
    assert sorted(int(count) for count in re.findall(r"count=(\d+)", said)) == [1, 1, 49, 49]
