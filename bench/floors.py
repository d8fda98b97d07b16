"""Servers that do less, to hold the service against: `python -m bench.floors NAME PORT URL`."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time

import msgspec
import uvloop
from aiohttp import web
from redis.asyncio import Redis

from bench.processes import free_port, running, wait_for_port
from codesvc.store.pipelined_connection import PipelinedConnection

WINDOWS = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for i = 1, 3 do
  local nth = redis.call('LINDEX', KEYS[i], -1000000)
  redis.call('RPUSH', KEYS[i], now)
  redis.call('LTRIM', KEYS[i], -10, -1)
  redis.call('PEXPIRE', KEYS[i], 60000)
end
redis.call('HSET', KEYS[4], 'user', ARGV[1], 'at', now)
redis.call('PEXPIRE', KEYS[4], 60000)
redis.call('SET', KEYS[5], ARGV[1], 'PX', 60000)
return {'done', now}
"""


SPIN_US = 80
"""So long the `delayed` floor computes for nothing: how does the rest fare in a server that answers less often?"""


class Body(msgspec.Struct):
    purpose: str
    user: str
    client_ip: str


def respond(body: Body) -> web.Response:
    document = {"id": "vf_x", "purpose": body.purpose, "user": body.user, "status": "pending", "metadata": {}}
    return web.Response(body=msgspec.json.encode(document), content_type="application/json")


@contextlib.contextmanager
def serving(name: str, store: str):
    """One of them as a process: its pid and port."""
    port = free_port()
    with running("bench.floors", name, str(port), store) as process:
        wait_for_port(port, process)
        yield process.pid, port


async def bare(request: web.Request) -> web.Response:
    return respond(msgspec.json.decode(await request.read(), type=Body))


async def _with_store(app: web.Application, execute, *, spin_us: int = 0):
    sha = await execute("SCRIPT", "LOAD", WINDOWS)

    async def handler(request: web.Request) -> web.Response:
        body = msgspec.json.decode(await request.read(), type=Body)
        user = body.user
        await execute("EVALSHA", sha, 5, f"a:{user}", f"b:{user}", f"c:{user}", f"d:{user}", f"e:{user}", user)
        until = time.perf_counter() + spin_us / 1e6
        while time.perf_counter() < until:
            pass
        return respond(body)

    app.router.add_post("/", handler)


async def main(name: str, port: int, url: str) -> None:
    app = web.Application()
    redis = Redis.from_url(url, protocol=2)
    if name == "bare":
        app.router.add_post("/", bare)
    elif name in {"multiplexed", "delayed"}:
        line = PipelinedConnection(redis.connection_pool.make_connection, timeout=2)
        await _with_store(app, line.execute, spin_us=SPIN_US if name == "delayed" else 0)
    else:
        await _with_store(app, redis.execute_command)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
