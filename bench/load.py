"""A bounded load of HTTP requests from one process: so many connections, so many requests, each answer counted."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import uvloop


async def _one(host: str, port: int, requests: list[bytes], latencies: list[float], statuses: dict[int, int]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for request in requests:
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        await reader.readexactly(length)
        latencies.append(time.perf_counter() - started)
        status = int(head[9:12])
        statuses[status] = statuses.get(status, 0) + 1
    writer.close()


def _request(path: str, body: dict, key: str) -> bytes:
    raw = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    )
    return head.encode() + raw


async def main() -> None:
    plan = json.load(sys.stdin)
    requests = [_request(path, body, plan["key"]) for path, body in plan["requests"]]
    connections = plan["connections"]
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    shares = [requests[number::connections] for number in range(connections)]
    started = time.perf_counter()
    await asyncio.gather(*(_one("127.0.0.1", plan["port"], share, latencies, statuses) for share in shares))
    seconds = time.perf_counter() - started
    latencies.sort()
    json.dump(
        {
            "seconds": seconds,
            "count": len(latencies),
            "statuses": statuses,
            "p50_ms": latencies[len(latencies) // 2] * 1000,
            "p99_ms": latencies[int(len(latencies) * 0.99)] * 1000,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    uvloop.run(main())
