"""A site with gateways, and a stub of a gateway that a test holds in its hands."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from codesvc.delivery.pace import Pace
from codesvc.web.context import SERVICES
from tests.http_servers import shut_down
from tests.service.test_admin import signed_in
from tests.stores import until
from tests.world import _listen, running_world

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PHONE = "+8613800138000"


@dataclass
class Stub:
    """An HTTP server: every request is kept, and answered by `answer` in turn; the last answer stays."""

    url: str = ""
    requests: list = field(default_factory=list)
    answers: list = field(default_factory=lambda: [(200, "{}")])
    held: asyncio.Event | None = None
    compresses: object = field(default=lambda _: False)

    async def handle(self, request):
        body = await request.read()
        self.requests.append((request, body))
        if self.held is not None:
            await self.held.wait()
        status, text = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if status == "drop":
            request.transport.abort()
            return web.Response()
        headers = {"Retry-After": "1"} if status == 429 else {}
        answer = web.Response(status=status, text=text, content_type="application/json", headers=headers)
        if self.compresses(request.headers.get("Accept-Encoding", "")):
            answer.enable_compression(web.ContentCoding.gzip)
        return answer

    @property
    def bodies(self):
        return [body for _, body in self.requests]


@asynccontextmanager
async def stub_server():
    stub = Stub()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", stub.handle)
    runner, stub.url = await _listen(app)
    try:
        yield stub
    finally:
        if stub.held is not None:
            stub.held.set()
        await shut_down(runner)


@pytest.fixture
async def stub():
    async with stub_server() as made:
        yield made


def settings(url, **relay):
    """The changes of a configuration whose shop has a signed gateway at `url`."""
    signed = {"signed": {"url": f"{url}/hook", "secrets": [SECRET], "allow_private": True}}
    return {
        "sites__shop__purposes__login": {"name": {"zh": "登录", "en": "Sign-in"}, "disclose_binding": True},
        "sites__shop__relay": {"sms": "main", "email": "main", "region": "CN", "purpose": "login", **relay},
        "sites__shop__gateways": {"main": signed},
    }


class Clock:
    """How couriers pause in a test: a long pause waits for `go`, and then the service's clock moves on instead."""

    def __init__(self):
        self.world, self.slept, self.go = None, [], asyncio.Event()

    async def __call__(self, seconds):
        self.slept.append(seconds)
        if seconds < 0.5:
            await asyncio.sleep(0.001)
            return
        await self.go.wait()
        if self.world is not None:
            await self.world.advance(seconds)


@pytest.fixture
def new_relay(store_url, tmp_path, stub):
    """A maker of worlds with a relay: `async with new_relay() as world`."""

    @asynccontextmanager
    async def make(*, relay=None, pace=None, skip=True, **changes):
        clock = Clock()
        if skip:
            clock.go.set()
        pace = pace or Pace(sleep=clock)
        whole = settings(stub.url, **(relay or {})) | changes
        async with running_world(store_url, tmp_path, pace=pace, **whole) as world:
            clock.world = world
            world.clock = clock
            yield world
            clock.world = None
            clock.go.set()

    return make


async def send(world, code="482913", *, phone=PHONE, headers=None, key=None, **more):
    body = {"code": code, **({"recipient": {"phone": phone}} if phone else {}), **more}
    extra = {"key": key} if key else {}
    return await world.call("POST", "/v1/messages", body, headers=headers, **extra)


async def user_of(world, phone=PHONE):
    answer = await world.call("POST", "/v1/recipients", {"recipient": {"phone": phone}})
    assert answer.status == 200, answer.text
    return answer["user"]


async def at_gateway(stub, count=1):
    """The messages that came to a signed gateway, as soon as there are so many."""
    await until(lambda: len(stub.requests) >= count)
    return [json.loads(body)["data"] for body in stub.bodies]


async def ended(world, message, *statuses):
    """Wait until a message of a disclosed purpose reads as one of these; bounded by tries."""
    for _ in range(1500):
        answer = await world.call("GET", f"/v1/messages/{message['id']}")
        if answer["status"] in statuses:
            return answer.json
        await asyncio.sleep(0.01)
    raise AssertionError(f"the message stays {answer.json}")


@pytest.fixture
async def admin():
    async with AsyncExitStack() as stack:
        yield lambda world: stack.enter_async_context(signed_in(world))


async def rows(world, operator):
    # What was counted is in the store after two seconds; here at once.
    await world.app[SERVICES].recorder.flush()
    status, headers, text = await operator.get("/admin/relay.csv")
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "text/csv")
    return list(csv.DictReader(io.StringIO(text)))
