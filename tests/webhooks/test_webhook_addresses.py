"""Where webhooks go: to public addresses, checked where the connection is made."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager

import pytest
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver

from codesvc.config import Secret
from codesvc.config.settings import Webhook
from codesvc.delivery.webhooks.sender import Sender
from codesvc.domain.address_guard import is_public
from codesvc.domain.webhook import Result
from codesvc.runtime.own_addresses import is_own
from codesvc.runtime.public_sockets import PUBLIC, AddressRule
from tests.http_servers import shut_down
from tests.webhooks.receiver import SECRET, delivery, hook, receiving, send_test

BODY = b'{"type": "webhook.test", "timestamp": "2026-11-22T09:30:16.398Z", "data": {}}'


@pytest.mark.parametrize("address", [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254",
    "192.0.2.1", "198.18.0.1", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1", "100::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::", "2001::1",
    "192.0.0.8", "192.0.0.192", "192.88.99.1", "168.63.129.16", "::ffff:168.63.129.16",
    "64:ff9b::a83f:8110", "3fff::1", "5f00::1",
    "localhost", "", "1.2.3", "0x7f.1",
])  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", [
    "8.8.8.8", "1.1.1.1", "203.0.112.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1",
])  # fmt: skip
def test_addresses_that_are(address):
    assert is_public(address)


@asynccontextmanager
async def sending(**more):
    sender = Sender(timeout=3, **more)
    async with sender.open():
        yield sender


def to(url, *, allow_private=False):
    return Webhook(url=url, secrets=(Secret(SECRET),), allow_private=allow_private)


def spellings(port):
    """Ways to write this very machine."""
    hosts = [
        "127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "0.0.0.0", "[::]", "127.0.0.1.", "LOCALHOST", "0",
    ]  # fmt: skip
    return [f"http://{host}:{port}/hook" for host in hosts]


async def test_no_spelling_of_this_machine_is_called():
    async with receiving("0.0.0.0") as receiver, sending() as sender:
        for url in spellings(receiver.url.rpartition(":")[2].partition("/")[0]):
            attempt = await sender.send(to(url), "wh_1", BODY)
            assert attempt.result in {Result.PRIVATE_ADDRESS, Result.UNREACHABLE}, url
        first = (await sender.send(to(receiver.url.replace("0.0.0.0", "127.0.0.1")), "wh_1", BODY)).result
        assert first is Result.PRIVATE_ADDRESS
        assert receiver.got == []
        allowed = to(receiver.url.replace("0.0.0.0", "127.0.0.1"), allow_private=True)
        assert (await sender.send(allowed, "wh_1", BODY)).result is Result.DELIVERED


class Fickle(AbstractResolver):
    """A name server that answers something else each time."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host, port=0, family=socket.AF_INET):  # noqa: ARG002  aiohttp asks so
        self.asked += 1
        answer = self.answers.pop(0)
        return [
            {"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for address in answer
        ]

    async def close(self):
        pass


SEEMS_PUBLIC = AddressRule(lambda address: address == "127.0.0.2", lambda _: False)
"""As if this one address of the loopback network were somewhere in the world."""
SEEMS_OWN = AddressRule(lambda _: True, lambda address: address == "127.0.0.3")
"""As if this one were a public address of this machine, and all others somewhere in the world."""


@pytest.mark.parametrize(("address", "port", "https", "allowed"), [
    ("127.0.0.3", 443, True, True), ("127.0.0.3", 443, False, False), ("127.0.0.3", 8443, True, False),
    ("127.0.0.3", 80, False, False), ("127.0.0.2", 9100, False, True),
])  # fmt: skip
def test_an_own_address_is_allowed_as_a_website_only(address, port, https, allowed):
    assert SEEMS_OWN.allows(address, port, https=https) is allowed


def test_a_private_address_is_not_allowed_as_a_website_either():
    assert not PUBLIC.allows("127.0.0.1", 443, https=True)


@pytest.mark.parametrize(("address", "own"), [
    ("127.0.0.1", True), ("127.0.0.2", True), ("::1", True), ("::1%lo", True), ("::ffff:127.0.0.1", True),
    ("64:ff9b::7f00:1", True), ("8.8.8.8", False), ("2606:4700::1111", False), ("::ffff:8.8.8.8", False),
])  # fmt: skip
def test_the_addresses_of_this_machine_are_known(address, own):
    assert is_own(address) is own


async def test_a_name_that_is_rebound_gains_nothing():
    async with receiving("0.0.0.0") as receiver:
        url = receiver.url.replace("0.0.0.0", "rebinding.example")
        resolver = Fickle(["127.0.0.2"], ["127.0.0.1"])
        async with sending(resolver=resolver, rule=SEEMS_PUBLIC) as sender:
            assert (await sender.send(to(url), "wh_1", BODY)).result is Result.DELIVERED
            assert [received.came_to for received in receiver.got] == ["127.0.0.2"]
            assert resolver.asked == 1, "what was checked is what was connected to"
        async with sending(resolver=resolver, rule=SEEMS_PUBLIC) as sender:
            assert (await sender.send(to(url), "wh_2", BODY)).result is Result.PRIVATE_ADDRESS
        assert len(receiver.got) == 1


async def test_of_several_addresses_only_the_public_ones_are_tried():
    async with receiving("0.0.0.0") as receiver:
        url = receiver.url.replace("0.0.0.0", "two.example")
        resolver = Fickle(["127.0.0.1", "127.0.0.2", "127.0.0.3"])
        async with sending(resolver=resolver, rule=SEEMS_PUBLIC) as sender:
            assert (await sender.send(to(url), "wh_1", BODY)).result is Result.DELIVERED
        assert [received.came_to for received in receiver.got] == ["127.0.0.2"]


async def test_of_several_addresses_those_of_this_machine_are_not_called():
    async with receiving("0.0.0.0") as receiver:
        url = receiver.url.replace("0.0.0.0", "two.example")
        async with sending(resolver=Fickle(["127.0.0.3", "127.0.0.2"], ["127.0.0.3"]), rule=SEEMS_OWN) as sender:
            assert (await sender.send(to(url), "wh_1", BODY)).result is Result.DELIVERED
        async with sending(resolver=Fickle(["127.0.0.3"]), rule=SEEMS_OWN) as sender:
            assert (await sender.send(to(url), "wh_2", BODY)).result is Result.PRIVATE_ADDRESS
        assert [received.came_to for received in receiver.got] == ["127.0.0.2"]


async def test_a_site_is_told_what_is_wrong_with_its_address(new_world, receiver):
    async with new_world(sites__shop__webhook=hook(receiver, allow_private=False)) as world:
        state = await delivery(world, await send_test(world), "pending", attempts=1)
        assert (state["attempts"][0]["result"], state["attempts"][0]["status"]) == ("private-address", None)
        assert receiver.got == []
        assert receiver.forged == 0


async def test_a_certificate_that_is_not_good():
    async def answer(_):
        return web.Response()

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    app = web.Application()
    app.router.add_post("/hook", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        async with sending() as sender:
            url = f"https://127.0.0.1:{runner.addresses[0][1]}/hook"
            attempt = await sender.send(to(url, allow_private=True), "wh_1", BODY)
            assert attempt.result is Result.BAD_CERTIFICATE
    finally:
        await shut_down(runner)


async def test_no_proxy_of_the_environment_comes_between(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with receiving() as receiver, sending() as sender:
        assert (await sender.send(to(receiver.url, allow_private=True), "wh_1", BODY)).result is Result.DELIVERED


async def test_a_receiver_that_never_answers_costs_one_timeout():
    over = asyncio.Event()

    async def hangs(_):
        await over.wait()

    async with receiving(answers=[hangs]) as receiver:
        sender = Sender(timeout=0.2)
        async with sender.open():
            attempt = await sender.send(to(receiver.url, allow_private=True), "wh_1", BODY)
        over.set()
        assert (attempt.result, attempt.status) == (Result.TIMEOUT, None)


async def test_a_body_that_trickles_counts_as_its_status():
    over = asyncio.Event()

    async def trickles(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"x")
        await over.wait()
        return response

    async with receiving(answers=[trickles]) as receiver, sending() as sender:
        attempt = await sender.send(to(receiver.url, allow_private=True), "wh_1", BODY)
        over.set()
        assert (attempt.result, attempt.status) == (Result.DELIVERED, 200)
