"""A small real server that answers what a test tells it to, and keeps what it was asked."""

import asyncio
import json
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from codesvc.runtime.sending_trace import sending_trace


@dataclass
class Asked:
    method: str
    path: str
    query: dict
    body: bytes
    headers: dict

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Peer:
    """Answers in order; the last answer repeats. An answer is an object to send as JSON, or a coroutine function."""

    answers: list = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request):
        self.asked.append(
            Asked(request.method, request.path, dict(request.query), await request.read(), dict(request.headers))
        )
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            return await answer(request)
        text = json.dumps(answer, ensure_ascii=False)
        return web.Response(body=text.encode(), headers={"Content-Type": "application/json; encoding=utf-8"})

    async def never(self, _request):
        self.waiting.set()
        await self.release.wait()
        return web.Response()


@pytest.fixture
async def peer(aiohttp_server):
    peer = Peer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", peer.handle)
    # Its access log would print the queries that the tests look for.
    server = await aiohttp_server(app, access_log=None)
    peer.url = str(server.make_url("")).rstrip("/")
    yield peer
    peer.release.set()


@pytest.fixture
async def http():
    async with aiohttp.ClientSession(trace_configs=[sending_trace()]) as session:
        yield session
