"""Outer services whose answers do not end: interim answers, and answers that nobody asked for."""

import ast
import asyncio
import re
import ssl
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from unittest.mock import Mock

import aiohttp
import pytest
import trustme
import uvloop

import codesvc
from codesvc.client import Client, errors
from codesvc.client.retries import NEVER
from codesvc.config import Webhook
from codesvc.config.relay_settings import SignedGateway
from codesvc.delivery.gateways import signed
from codesvc.delivery.gateways.gateway import Taken
from codesvc.delivery.webhooks.guarded_sessions import GuardedSessions
from codesvc.delivery.webhooks.sender import Sender
from codesvc.domain.secret import Secret
from codesvc.domain.webhook import Result
from codesvc.runtime import bounded_answers
from codesvc.runtime.answer_bodies import read_at_most
from codesvc.runtime.bounded_answers import BoundedConnector
from codesvc.runtime.sending_trace import sending_trace
from codesvc.wechat.errors import NotSent, OutcomeUnknown
from codesvc.wechat.http import HttpExchange
from tests.contract.blocking_client import copies
from tests.raw_server import raw_server
from tests.relay.test_gateways import handover
from tests.stores import until
from tests.webhooks.receiver import SECRET
from tests.world import KEY

INTERIM = b"HTTP/1.1 100 \r\n\r\n"
FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LONG_INTERIM = b"HTTP/1.1 103 \r\n" + b"".join(b"a%d: b\r\n" % number for number in range(100)) + b"\r\n"
ROOT = Path(codesvc.__file__).parent
OWN_MACHINE = ("sandbox", "demo")
"""These rooms are tools for a developer's own machine, and call only what it runs."""


class Service:
    """Sends octets as they are: some at the beginning of a connection, some for each request."""

    def __init__(self, answer, *, early=b""):
        self.answer, self.early, self.writers, self.requests, self.url = answer, early, [], 0, ""

    async def serve(self, reader, writer):
        self.writers.append(writer)
        writer.write(self.early)
        with suppress(OSError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                for line in head.lower().splitlines():
                    if line.startswith(b"content-length:"):
                        await reader.readexactly(int(line.split(b":")[1]))
                self.requests += 1
                writer.write(self.answer)


@asynccontextmanager
async def serving(answer, *, tls=None, **more):
    service = Service(answer, **more)
    async with raw_server(service.serve, tls=tls) as port:
        service.url = f"http{'s' if tls else ''}://127.0.0.1:{port}"
        yield service


async def post(sender, url):
    hook = Webhook(url=f"{url}/hook", secrets=(Secret(SECRET),), allow_private=True)
    return (await sender.send(hook, "wh_1", b"{}")).result


async def by_webhook(url):
    sender = Sender(timeout=20)
    async with sender.open():
        return await post(sender, url) is Result.DELIVERED


async def by_gateway(url):
    sessions = GuardedSessions(timeout=20, keep=False)
    config = SignedGateway(url=url, secrets=(Secret(SECRET),), allow_private=True)
    async with sessions.open():
        return (await signed.Signed(config, sessions).hand(handover())).taken is Taken.YES


async def by_wechat(url):
    async with aiohttp.ClientSession(connector=BoundedConnector(), trace_configs=[sending_trace()]) as http:
        try:
            return await HttpExchange(http, timeout=20).exchange("GET", url) == {}
        except (NotSent, OutcomeUnknown):
            return False


async def by_the_sdk(url):
    async with Client(url, KEY, retries=NEVER, timeout=20) as client:
        try:
            await client.get_binding("u-1")
        except errors.BadAnswer:
            return True  # It was read: `{}` is no binding.
        except errors.Unreachable:
            return False


CALLERS = (by_webhook, by_gateway, by_wechat, by_the_sdk)


@pytest.mark.parametrize("call", CALLERS)
@pytest.mark.parametrize(
    ("answer", "good"),
    [
        (FINAL, True),
        (INTERIM * 7 + FINAL, True),
        (INTERIM * 20_000 + FINAL, False),
        (LONG_INTERIM * 20 + FINAL, False),
    ],
    ids=["none", "seven", "very many", "long ones"],
)
async def test_interim_answers_have_a_number(call, answer, good):
    async with serving(answer) as service:
        assert await call(service.url) is good


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "tls"])
def test_the_number_holds_on_every_transport(loop, encrypted):
    """A transport is switched over to other reading while it is open, which each implementation does in its own way."""
    authority = trustme.CA()
    ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    authority.configure_trust(theirs)
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000

    async def calls():
        async with (
            serving(long, tls=ours if encrypted else None) as good,
            serving(INTERIM * 20_000 + FINAL, tls=ours if encrypted else None) as bad,
            aiohttp.ClientSession(connector=BoundedConnector(ssl=theirs)) as http,
        ):
            for _ in range(3):
                async with http.post(good.url, data=b"y" * 300_000) as response:
                    assert await response.read() == b"x" * 300_000
            assert (len(good.writers), good.requests) == (1, 3)
            with pytest.raises(aiohttp.ServerDisconnectedError):
                await http.post(bad.url)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(calls())


async def test_little_is_read_at_a_time(monkeypatch):
    """However much waits in the socket, so that a piece that is found to be too many has cost little."""
    pieces = []

    class Watched(bounded_answers._CountedAnswers):
        def buffer_updated(self, nbytes):
            pieces.append(nbytes)
            super().buffer_updated(nbytes)

    monkeypatch.setattr(bounded_answers, "_CountedAnswers", Watched)
    async with serving(INTERIM * 100_000) as service:
        assert not await by_webhook(service.url)
    assert len(pieces) == 1
    assert max(pieces) <= 4_096


@pytest.mark.parametrize("call", CALLERS)
async def test_an_answer_that_comes_before_its_request_is_not_its_answer(call):
    """It may be as long as what aiohttp keeps of it, and would be read at once."""
    async with serving(FINAL, early=INTERIM * 20_000 + FINAL) as service:
        assert not await call(service.url)


async def test_what_follows_an_answer_is_not_collected_and_not_taken_for_the_next_one():
    """A kept connection is not read by anybody, and aiohttp keeps every answer that comes on it."""
    sender = Sender(timeout=20)
    async with serving(b"HTTP/1.1 204 \r\n\r\n") as service, sender.open():
        assert await post(sender, service.url) is Result.DELIVERED
        [writer] = service.writers
        writer.write(b"HTTP/1.1 204 \r\n\r\n" * 100_000)
        await until(writer.transport.is_closing)
        assert await post(sender, service.url) is Result.DELIVERED
        assert (service.requests, len(service.writers)) == (2, 2)


def test_every_session_has_such_connections():
    """One border for all calls of the service, of its commands and of the library."""
    without, other = [], []
    for path in sorted(ROOT.rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        if place.partition("/")[0] in OWN_MACHINE or path.name == "bounded_answers.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            if name == "ClientSession" and not any(keyword.arg == "connector" for keyword in node.keywords):
                without.append(place)
            if name in {"TCPConnector", "UnixConnector", "request"} and ast.unparse(node.func).startswith("aiohttp."):
                other.append(place)
    assert (without, other) == ([], [])


async def test_an_answer_in_several_pieces_is_read_whole_and_a_long_one_in_part():
    pieces, read = [b"a" * 10, b"b" * 4_096, b"c"], []
    for most in (5_000, 4_106, 12, 10):
        stream = aiohttp.StreamReader(Mock(_reading_paused=False), 2**16)
        reading = asyncio.ensure_future(read_at_most(stream, most))
        for piece in pieces:
            await asyncio.sleep(0)
            stream.feed_data(piece)
        stream.feed_eof()
        read.append(await reading)
    assert read == [b"".join(pieces)[:most] for most in (5_000, 4_106, 12, 10)]


def test_no_answer_is_taken_for_whole_after_one_read():
    """aiohttp's `read(n)` gives what has come by then, which is half an answer where it comes in two pieces."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found += [path.relative_to(ROOT).as_posix()] * len(re.findall(r"\.content\.read\w*\(", text))
    assert found == []


def test_the_library_has_the_same_connections():
    for path, text in copies():
        assert path.read_text(encoding="utf-8") == text, f"run `make client`: {path.name} is not up to date"
