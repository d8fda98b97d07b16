"""Run in a network of its own: a name server whose answers change, receivers at public and private addresses.

`python -m tests.attacks.rebinding` prints what became of each attempt, and which addresses were called. The public
address is another machine's, and nothing of the service is replaced: it asks the system's resolver, which asks the name
server here.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import sys
from collections import Counter

from codesvc.config import Secret
from codesvc.config.settings import Webhook
from codesvc.delivery.webhooks.sender import Sender
from tests.attacks.own_network import ip, listening_at, other_machine
from tests.webhooks.receiver import SECRET, receiving

PUBLIC, LOOPBACK, METADATA, PRIVATE = "8.8.8.8", "127.0.0.1", "169.254.169.254", "10.0.0.1"
PORT = 8000
BODY = b'{"type": "webhook.test", "timestamp": "2026-11-22T09:30:16.398Z", "data": {}}'
A, CNAME, AAAA = 1, 5, 28
ANSWERS = {
    "steady.example": [[(A, PUBLIC)]],
    "flips.example": [[(A, PUBLIC)], [(A, LOOPBACK)]],
    "flips-to-metadata.example": [[(A, PUBLIC)], [(A, METADATA)]],
    "both.example": [[(A, LOOPBACK), (A, PUBLIC), (A, METADATA)]],
    "alias.example": [[(CNAME, "inner.example"), (A, PRIVATE)]],
    "mapped.example": [[(AAAA, "::ffff:127.0.0.1")]],
    "loopback6.example": [[(AAAA, "::1")]],
    "metadata.example": [[(A, METADATA)]],
}
"""For each name what is answered to the first question about it, the second, and so on; the last for all further."""


def labels(name: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def packed(kind: int, value: str) -> bytes:
    if kind == CNAME:
        return labels(value)
    return socket.inet_pton(socket.AF_INET if kind == A else socket.AF_INET6, value)


class NameServer(asyncio.DatagramProtocol):
    """Answers with a life of 0 seconds (RFC 1035, section 4)."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, int]] = Counter()

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        parts, at = [], 12
        while data[at]:
            parts.append(data[at + 1 : at + 1 + data[at]].decode().lower())
            at += 1 + data[at]
        name, (kind,) = ".".join(parts), struct.unpack(">H", data[at + 1 : at + 3])
        turns = ANSWERS.get(name, [[]])
        records = turns[min(self.asked[name, kind], len(turns) - 1)]
        self.asked[name, kind] += 1
        answers, owner = [], name
        for each, value in records:
            if each in (kind, CNAME):
                rdata = packed(each, value)
                answers.append(labels(owner) + struct.pack(">HHIH", each, 1, 0, len(rdata)) + rdata)
            if each == CNAME:
                owner = value
        head = data[:2] + struct.pack(">HHHHH", 0x8180, 1, len(answers), 0, 0)
        self.transport.sendto(head + data[12 : at + 5] + b"".join(answers), peer)


async def main() -> None:
    for each in (METADATA, PRIVATE):
        ip("address", "add", f"{each}/32", "dev", "lo")
    with other_machine(f"{PUBLIC}/24", own=["8.8.8.1/24"]) as other:
        await attempts(other)


async def attempts(other: int) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 53))
    results = {}
    async with (
        receiving("0.0.0.0", PORT) as receiver,
        receiving("::1", PORT) as receiver6,
        receiving(listening=listening_at(other, PORT)) as outside,
    ):
        for name in ANSWERS:
            webhook = Webhook(url=f"http://{name}:{PORT}/hook", secrets=(Secret(SECRET),))
            results[name] = []
            for _ in range(3):  # each with connections of its own, so that each asks for the name
                sender = Sender(timeout=3)
                async with sender.open():
                    results[name].append((await sender.send(webhook, "wh_1", BODY)).result.value)
        got = (*receiver.got, *receiver6.got, *outside.got)
        called = [each.came_to.removeprefix("::ffff:") for each in got]
    json.dump({"results": results, "called": sorted(set(called))}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
