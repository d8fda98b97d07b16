"""The SDK against a broken or hostile service: an error of the SDK, in bounded memory, and no busy loop."""

import asyncio
import base64
import gzip
import threading
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from socketserver import StreamRequestHandler, ThreadingTCPServer

import pytest
from standardwebhooks import Webhook

from codesvc.client import BadWebhook, Client, SyncClient, WebhookReader, errors
from codesvc.client.call import LARGEST_ANSWER, read_problem
from codesvc.client.retries import NEVER, Retries
from codesvc.client.server_sent_events import EventLines
from tests.world import KEY

DEEP = b"[" * 100_000 + b"]" * 100_000
PROBLEM = (
    b'{"type":"https://x/problems/rate-limited","title":"x","status":429,"detail":"d","request_id":"r",'
    b'"limit":"site_starts","retry_after":1}'
)
KINDS = ("blocking", "asynchronous")


class _Service(ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.heard = answer, []


class _Handler(StreamRequestHandler):
    def handle(self):
        lines = iter(self.rfile.readline, b"\r\n")
        self.server.heard.append(b"".join(lines))
        with suppress(OSError):
            for piece in self.server.answer:
                self.wfile.write(piece)


@asynccontextmanager
async def service(*answer):
    """A server that sends exactly these pieces to whoever connects."""
    with _Service(answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server, f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def answer(body, status=200, **headers):
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
    head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{''.join(lines)}\r\n"
    return head.encode() + body


async def ask(kind, url, **options):
    if kind == "asynchronous":
        async with Client(url, KEY, retries=NEVER, **options) as client:
            return await client.get("vf_x")

    def asked():
        with SyncClient(url, KEY, retries=NEVER, **options) as client:
            return client.get("vf_x")

    return await asyncio.to_thread(asked)


async def watch(kind, url, sleep=None):
    if kind == "asynchronous":

        async def waits(seconds):
            sleep(seconds)

        async with Client(url, KEY, retries=NEVER, sleep=waits) as client:
            return [state async for state in client.watch("vf_x")]

    def watched():
        with SyncClient(url, KEY, retries=NEVER, sleep=sleep or (lambda _: None)) as client:
            return list(client.watch("vf_x"))

    return await asyncio.to_thread(watched)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body",
    [
        b'{"unknown":' + DEEP + b"}",
        b'{"id":"vf_1","metadata":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b'{"id":' + DEEP + b"}",
        b"x" * (LARGEST_ANSWER + 1),
        gzip.compress(b" " * 30_000_000),
    ],
    ids=["deep member", "deep metadata", "deep id", "too large", "compressed"],
)
@pytest.mark.parametrize("status", [200, 400])
async def test_an_answer_of_any_form_is_an_error_of_the_sdk(kind, body, status):
    more = {"Content_Encoding": "gzip"} if body.startswith(b"\x1f\x8b") else {}
    async with service(answer(body, status, **more)) as (server, url):
        with pytest.raises(errors.BadAnswer) as refused:
            await ask(kind, url)
        assert refused.value.status == status
        server.answer = (answer(body if status == 400 else b"data: " + body + b"\n\n", status),)
        with pytest.raises(errors.BadAnswer):
            await watch(kind, url)
    assert b"gzip" not in b"".join(server.heard)


ELSEWHERE = {
    "moved": answer(b"", 301, Location="https://elsewhere.example/"),
    "sign-in": answer(b"<html>", 302, Location="/login"),
    "not modified": answer(b"", 304),
    "permanently": answer(b"", 308, Location="https://elsewhere.example/"),
    "accepted": answer(b"", 202),
    "a page": answer(b"<html>", 200, Content_Type="text/html"),
    "empty": answer(b"", 200),
    "JSON": answer(b"{}", 200),
}
"""Another server at the service's address: a proxy that leads elsewhere, a page of maintenance."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("said", ELSEWHERE.values(), ids=ELSEWHERE)
async def test_nothing_is_done_by_another_servers_answer(kind, said):
    """A website that unbinds because an account was taken over must not say that it is done."""

    def both(url):
        with SyncClient(url, KEY, retries=NEVER) as client:
            yield lambda: client.unbind("u-1")
            yield lambda: client.lift_guesses("u-1")

    async with service(said) as (_, url):
        if kind == "blocking":
            for call in both(url):
                with pytest.raises(errors.BadAnswer):
                    await asyncio.to_thread(call)
        else:
            async with Client(url, KEY, retries=NEVER) as client:
                for call in (client.unbind, client.lift_guesses):
                    with pytest.raises(errors.BadAnswer):
                        await call("u-1")
        with pytest.raises(errors.BadAnswer):
            await watch(kind, url)
        with pytest.raises(errors.BadAnswer):
            await ask(kind, url)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_without_end_is_read_no_further(kind):
    """A service that says no length could send for ever."""

    def without_end():
        yield b"HTTP/1.1 200 x\r\nConnection: close\r\n\r\n"
        while True:
            yield b" " * 65_536

    async with service() as (server, url):
        server.answer = without_end()
        with pytest.raises(errors.BadAnswer):
            await ask(kind, url)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_that_breaks_off_is_no_answer(kind):
    async with service(answer(b'{"id":"vf_1"}')[:-1]) as (_, url):
        with pytest.raises(errors.Unreachable):
            await ask(kind, url)


@pytest.mark.parametrize("kind", KINDS)
async def test_the_timeout_is_that_of_the_whole_answer(kind):
    """A service that sends a byte now and then would keep the caller as long as it likes."""
    over = threading.Event()

    def slowly():
        yield b"HTTP/1.1 200 x\r\nConnection: close\r\n\r\n"
        while not over.wait(0.05):
            yield b" "

    async with service() as (server, url):
        server.answer = slowly()
        try:
            with pytest.raises(errors.Unreachable):
                await ask(kind, url, timeout=0.5)
        finally:
            over.set()


@pytest.mark.parametrize("kind", KINDS)
async def test_interim_answers_end_with_the_timeout(kind):
    over = threading.Event()

    def slowly():
        while not over.wait(0.2):
            yield b"HTTP/1.1 100 Continue\r\n\r\n"

    async with service() as (server, url):
        server.answer = slowly()
        try:
            async with asyncio.timeout(20):
                with pytest.raises(errors.Unreachable):
                    await ask(kind, url, timeout=0.5)
        finally:
            over.set()


@pytest.mark.parametrize("digits", [1, 9, 10, 400, 5000])
def test_a_wait_of_any_length_is_read(digits):
    error = read_problem(429, PROBLEM, "9" * digits)
    assert isinstance(error, errors.RateLimited)
    assert error.retry_after >= 9
    assert Retries().pause(1, error, harmless=True) is None
    for odd in ("１７", "-1", "1.5", "1 ", "soon", "", None):
        assert read_problem(429, PROBLEM, odd).retry_after is None


@pytest.mark.parametrize(("said", "waited"), [(b"0", 1.0), (b"1500", 1.5), (b"9" * 400, 60.0), (b"9" * 5000, 60.0)])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_stream_that_ends_at_once_is_not_opened_again_at_once(kind, said, waited):
    waits = []

    class Enough(Exception):
        pass

    def sleep(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            raise Enough

    async with service(answer(b"retry: " + said + b"\n\n", Content_Type="text/event-stream")) as (_, url):
        with pytest.raises(Enough):
            await watch(kind, url, sleep=sleep)
    assert waits == [waited] * 3


def test_an_event_without_end_is_an_error_and_its_pieces_are_joined_once():
    for piece in (b"x" * 4096, b"data: " + b"x" * 4089 + b"\n"):
        lines = EventLines()
        for _ in range(LARGEST_ANSWER // 4096):
            assert lines.feed(piece) == []
        with pytest.raises(errors.BadAnswer):
            lines.feed(piece)
    lines = EventLines()
    for _ in range(3):
        for _ in range(LARGEST_ANSWER // 4096 - 1):
            assert lines.feed(b": a comment" + b"\n" * 4000) == []
    assert [lines.feed(piece) for piece in (b"da", b"ta: 1\r", b"\nda", b"ta:2\n\n", b"")] == [
        [],
        [],
        [],
        [b"1\n2"],
        [],
    ]


def test_a_signed_event_of_any_form_is_an_event_or_refused():
    secret = f"whsec_{base64.b64encode(b'x' * 32).decode()}"
    for data in (DEEP, b'{"a":' * 100_000 + b"1" + b"}" * 100_000):
        body = b'{"type":"verification.approved","timestamp":"2026-01-01T00:00:00Z","data":' + data + b"}"
        at = datetime.now(UTC)
        signed = {"webhook-id": "wh_1", "webhook-timestamp": str(int(at.timestamp()))}
        signed["webhook-signature"] = Webhook(secret).sign("wh_1", at, body.decode())
        with pytest.raises(BadWebhook):
            WebhookReader(secret).read(body, signed)


@pytest.mark.parametrize("client", [Client, SyncClient])
@pytest.mark.parametrize(
    "url",
    [
        "http://user:word@127.0.0.1",
        "http://word@127.0.0.1",
        "https://h/?word",
        "https://h/#word",
        "ftp://word",
        "https://:1",
    ],
)
def test_an_address_with_more_than_an_address_is_refused_without_repeating_it(client, url):
    with pytest.raises(ValueError, match="base_url") as refused:
        client(url, KEY)
    assert "word@" not in str(refused.value)
    assert "?word" not in str(refused.value)
