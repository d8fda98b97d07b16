"""Deliveries: messages a second and CPU for each, beside a bare aiohttp client's call to the same stub."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import aiohttp
import redis
import uvloop

from bench.bindings import KEYS
from bench.processes import cpu_seconds
from bench.service import bind_users, openid, platform, service, start_many, with_client

if TYPE_CHECKING:
    from pathlib import Path

AT_ONCE = 64
_PATIENCE_SECONDS = 120
_MESSAGE = {
    "touser": openid(1),
    "template_id": "kZ3tq0mV9bXcN7sYhR2dLw5gFjP8aUeT1iOoQxMvB4C",
    "data": {"character_string1": {"value": "123456"}, "thing2": {"value": "[KX]Shop register"}},
    "url": "http://127.0.0.1:8080/wechat/main/message/" + 60 * "m",
    "client_msg_id": "vf_abcdd6abcdefghijklmnopqrstuvwxyz-push-1",
}


async def _bare(origin: str, count: int) -> float:
    """CPU of this process for each call, µs."""
    url, left = f"{origin}/cgi-bin/message/template/send?access_token=stub", iter(range(count))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

        async def calls() -> None:
            for _ in left:
                async with http.post(url, json=_MESSAGE) as answer:
                    await answer.read()

        before = time.process_time()
        await asyncio.gather(*(calls() for _ in range(AT_ONCE)))
        return (time.process_time() - before) / count * 1e6


def _drained(client: redis.Redis, stream: str) -> float:
    """The moment at which nothing is left to deliver."""
    deadline = time.perf_counter() + _PATIENCE_SECONDS
    while time.perf_counter() < deadline:
        if client.xlen(stream) == 0:
            return time.perf_counter()
        time.sleep(0.01)
    raise SystemExit(f"{client.xlen(stream)} deliveries are left after {_PATIENCE_SECONDS} s")


def measure(directory: Path, store: str, *, messages: int, rounds: int) -> dict[str, float]:
    """Start verifications with no worker about; then hand the worker their jobs in one go, round by round."""
    stream = KEYS.outbox
    client = redis.Redis.from_url(store)
    bare, cpu, at_store, rate = [], [], [], []
    store_pid = client.info("server")["process_id"]
    with ExitStack() as stack:
        stub = stack.enter_context(platform())
        asking = stack.enter_context(service(directory, store, stub))
        bind_users(asking)
        client.delete(stream)
        start_many(asking, range(messages * (rounds + 1)))
        jobs = client.xrange(stream)
        client.delete(stream)
        worker = stack.enter_context(service(directory, store, stub, deliver=True))
        for number in range(rounds + 1):
            pipe = client.pipeline(transaction=True)
            for _, job in jobs[number * messages : (number + 1) * messages]:
                pipe.xadd(stream, job)
            before, store_before = cpu_seconds(worker.pid), cpu_seconds(store_pid)
            began = time.perf_counter()
            pipe.execute()
            took = _drained(client, stream) - began
            if number == 0:
                continue  # warming up: templates, connections, token
            cpu.append((cpu_seconds(worker.pid) - before) / messages * 1e6)
            at_store.append((cpu_seconds(store_pid) - store_before) / messages * 1e6)
            rate.append(messages / took)
            floor = [sys.executable, "-m", "bench.delivery", stub, str(messages)]
            bare.append(float(subprocess.check_output(floor)))
    return {
        "bare_us": statistics.median(bare),
        "cpu_us": statistics.median(cpu),
        "store_us": statistics.median(at_store),
        "ratio": statistics.median(mine / its for mine, its in zip(cpu, bare, strict=True)),
        "rate": statistics.median(rate),
    }


_LIFE_SECONDS = 301


def backlog(directory: Path, store: str, *, dead: int, live: int) -> dict[str, float]:
    """So many codes whose life is over, and behind them some that live, handed to a worker in one go."""
    stream = KEYS.outbox
    client = redis.Redis.from_url(store)
    with ExitStack() as stack:
        stub = stack.enter_context(platform())
        asking = stack.enter_context(service(directory, store, stub))
        bind_users(asking)
        start_many(asking, range(dead))
        _advance(asking.base, _LIFE_SECONDS)
        ids = start_many(asking, range(dead, dead + live))
        jobs = client.xrange(stream)
        client.delete(stream)
        worker = stack.enter_context(service(directory, store, stub, deliver=True))
        pipe = client.pipeline(transaction=True)
        for _, job in jobs:
            pipe.xadd(stream, job)
        pipe.execute()
        before, began = cpu_seconds(worker.pid), time.perf_counter()
        took = _drained(client, stream) - began
        cpu = (cpu_seconds(worker.pid) - before) / len(jobs) * 1e6

        async def sent(http: aiohttp.ClientSession, number: int) -> bool:
            async with http.get(f"/v1/verifications/{ids[number]}") as answer:
                return (await answer.json())["delivery"]["status"] == "sent"

        arrived = sum(with_client(asking.base, live, sent))
    return {"dead": dead, "live": live, "arrived": arrived, "seconds": took, "cpu_us": cpu}


def _advance(base: str, seconds: int) -> None:
    async def move(http: aiohttp.ClientSession, _: int) -> None:
        async with http.post("/test/clock", json={"advance": seconds}) as answer:
            assert answer.status == 200, await answer.text()

    with_client(base, 1, move)


def backlog_table(found: dict[str, float]) -> list[str]:
    return [
        "| codes that have ended | behind them | of these arrived | seconds | CPU µs/job |",
        "| --- | --- | --- | --- | --- |",
        (
            f"| {found['dead']:,} | {found['live']:,} | {found['arrived']:,} "
            f"| {found['seconds']:.1f} | {found['cpu_us']:.0f} |"
        ),
    ]


def table(found: dict[str, float]) -> list[str]:
    return [
        "| what | CPU µs/message | of a bare client's call | of the store, µs | messages/s |",
        "| --- | --- | --- | --- | --- |",
        f"| floor: bare aiohttp client call | {found['bare_us']:.0f} | 1.00 | | |",
        (
            f"| delivery of a template message | {found['cpu_us']:.0f} | {found['ratio']:.2f} "
            f"| {found['store_us']:.0f} | {found['rate']:,.0f} |"
        ),
    ]


if __name__ == "__main__":
    print(uvloop.run(_bare(sys.argv[1], int(sys.argv[2]))))
