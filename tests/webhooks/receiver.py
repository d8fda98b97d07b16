"""A site's server that receives webhooks over real HTTP, and believes only what the library verifies."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from codesvc.web.context import SERVICES
from tests.http_servers import shut_down

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
OTHER_SECRET = "whsec_/+7dzLuqmYh3ZlVEMyIRABEiM0RVZneImaq7zN3u/w8="


@dataclass
class Received:
    id: str
    headers: dict
    body: bytes
    came_to: str

    @property
    def event(self):
        return json.loads(self.body)

    @property
    def kind(self):
        return self.event["type"]

    @property
    def data(self):
        return self.event["data"]


@dataclass
class Receiver:
    """What came, and what is answered: `answers` first, one a time, then 204."""

    secret: str = SECRET
    url: str = ""
    got: list[Received] = field(default_factory=list)
    answers: list = field(default_factory=list)
    forged: int = 0
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request):
        body = await request.read()
        try:
            Webhook(self.secret).verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.forged += 1
            return web.Response(status=401)
        received = Received(
            request.headers["webhook-id"], dict(request.headers), body, request.transport.get_extra_info("sockname")[0]
        )
        async with self.arrived:
            self.got.append(received)
            self.arrived.notify_all()
        answer = self.answers.pop(0) if self.answers else 204
        if callable(answer):
            return await answer(request)
        return answer if isinstance(answer, web.StreamResponse) else web.Response(status=answer)

    async def wait(self, count=1):
        """Wait until so many have come; the first so many."""
        async with asyncio.timeout(60), self.arrived:
            await self.arrived.wait_for(lambda: len(self.got) >= count)
        return self.got[:count]

    async def of(self, kind, count=1):
        """Wait for so many of a type."""
        async with asyncio.timeout(60), self.arrived:
            await self.arrived.wait_for(lambda: len(self.having(kind)) >= count)
        return self.having(kind)

    def having(self, kind):
        return [received for received in self.got if received.kind == kind]

    @property
    def kinds(self):
        return [received.kind for received in self.got]


@asynccontextmanager
async def receiving(host="127.0.0.1", port=0, *, listening=None, tls=None, **more):
    receiver = Receiver(**more)
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    if listening is None:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
    else:
        await web.SockSite(runner, listening, ssl_context=tls).start()
    bound = runner.addresses[0]
    receiver.url = f"http://{f'[{bound[0]}]' if ':' in bound[0] else bound[0]}:{bound[1]}/hook"
    try:
        yield receiver
    finally:
        await shut_down(runner)


def hook(receiver, **more):
    """A site's table."""
    return {"url": receiver.url, "secrets": [SECRET], "allow_private": True} | more


async def until(true):
    """Wait for something that is asked for; bounded by tries."""
    for _ in range(2000):
        if found := await true():
            return found
        await asyncio.sleep(0.005)
    raise AssertionError("it does not come about")


def site_of(world, site="shop"):
    return world.app[SERVICES].directory.sites[site]


def store_of(world):
    return world.app[SERVICES].store.at(site_of(world).store_keys.partition)


async def quiet(world, receiver, site="shop"):
    """What has come when everything that was queued has been sent."""

    async def empty():
        return not await store_of(world).exists(site_of(world, site).store_keys.webhook_due(site))

    await until(empty)
    return receiver.kinds if receiver else []


async def deliveries(world, **filters):
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    answer = await world.call("GET", f"/v1/webhooks/deliveries?{query}")
    assert answer.status == 200, answer.text
    return answer["deliveries"]


async def delivery(world, event, *statuses, attempts=0):
    """Wait until an event reads as one of these, after so many attempts."""

    async def reads():
        found = (await world.call("GET", f"/v1/webhooks/deliveries/{event}")).json
        return found if found["status"] in statuses and len(found["attempts"]) >= attempts else None

    return await until(reads)


async def send_test(world):
    """Have a test event sent; its id."""
    answer = await world.call("POST", "/v1/webhooks/test", {})
    assert answer.status == 201, answer.text
    return answer["id"]
