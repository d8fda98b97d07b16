"""A bounded load of HTTP requests from one process: so many connections, so many requests, each answer counted.

With a rate, requests are sent when they are due, and a latency counts from that moment: a server that falls behind
cannot hide it by slowing the load down.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter

import uvloop


class _Load:
    def __init__(self, port: int, requests: list[bytes], rate: float) -> None:
        self._port = port
        self._requests = iter(enumerate(requests))
        self._rate = rate
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.started = 0.0

    async def connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        for number, request in self._requests:
            began = time.perf_counter()
            if self._rate:
                due = self.started + number / self._rate
                if (early := due - began) > 0:
                    await asyncio.sleep(early)
                began = due
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            at = head.lower().index(b"content-length:") + 15
            await reader.readexactly(int(head[at : head.index(b"\r\n", at)]))
            self.latencies.append(time.perf_counter() - began)
            self.statuses[int(head[9:12])] += 1
        writer.close()


def _request(path: str, body: dict | str, key: str) -> bytes:
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = "text/xml" if isinstance(body, str) else "application/json"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    return head.encode() + raw


async def main() -> None:
    plan = json.load(sys.stdin)
    load = _Load(plan["port"], [_request(path, body, plan["key"]) for path, body in plan["requests"]], plan["rate"])
    load.started = time.perf_counter()
    await asyncio.gather(*(load.connection() for _ in range(plan["connections"])))
    seconds = time.perf_counter() - load.started
    ordered = sorted(load.latencies)
    json.dump(
        {
            "seconds": seconds,
            "count": len(ordered),
            "statuses": load.statuses,
            "p50_ms": ordered[len(ordered) // 2] * 1000,
            "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    uvloop.run(main())
