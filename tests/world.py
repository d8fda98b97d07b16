"""A sandbox, a service and people, over real HTTP on loopback; what the whole-service tests are told with."""

from __future__ import annotations

import asyncio
import re
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
from aiohttp import web

from codesvc.app import create_app
from codesvc.config import parse
from codesvc.config.api_keys import hash_line
from codesvc.delivery.pace import Pace
from codesvc.runtime.http_server import runner as service_runner
from codesvc.runtime.sockets import operators_sockets
from codesvc.sandbox import Platform
from codesvc.sandbox import create_app as create_sandbox
from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID, DEFAULT_ACCOUNT
from tests.http_servers import shut_down

KEY = "csk_shop_" + "k" * 43
OTHER_KEY = "csk_cafe_" + "o" * 43
OPERATOR_KEY = "csk_admin_" + "p" * 43
"""Reads /metrics and the operators' part of /readyz."""
READERS = [{"name": "prometheus", "hash": hash_line(OPERATOR_KEY), "scopes": ["read"]}]
MASTER = "a master key that is only for tests, 0123456789abcdefghij"
SCOPES = ["verify", "bindings", "openids", "vouch", "messages", "admin"]


@dataclass
class Answer:
    status: int
    headers: Any
    text: str
    json: Any

    def __getitem__(self, name):
        return self.json[name]

    @property
    def problem(self):
        return self.json["type"].rpartition("/")[2]


@dataclass
class Person:
    """Somebody with a phone."""

    world: World
    openid: str

    async def follow(self):
        return await self.world.control("POST", f"/users/{self.openid}/follow")

    async def unfollow(self):
        return await self.world.control("POST", f"/users/{self.openid}/unfollow")

    async def scan(self, url):
        return await self.world.control("POST", f"/users/{self.openid}/scan", {"url": url})

    async def say(self, text):
        return await self.world.control("POST", f"/users/{self.openid}/send", {"text": text})

    async def messages(self, kind=None):
        found = (await self.world.control("GET", f"/users/{self.openid}/messages"))["messages"]
        return [m for m in found if kind in (None, m["type"])]

    async def texts(self):
        return [m["content"] for m in await self.messages("text") if "content" in m]

    async def last_text(self):
        return (await self.texts())[-1]

    async def code_in_chat(self):
        """The code in the last chat message that holds one."""
        for text in reversed(await self.texts()):
            if found := re.search(r"^(\d{6,8})$", text, re.MULTILINE):
                return found[1]
        raise AssertionError("no code in the chat")

    async def pushed_codes(self):
        """Codes of the template messages, oldest first."""
        messages = await self.messages("template")
        return [m["data"]["character_string1"]["value"] for m in messages if "character_string1" in m["data"]]

    async def wait_for_more(self, than):
        """The newest message once there are more than so many; bounded by tries."""
        for _ in range(1000):
            found = await self.messages()
            if len(found) > than:
                return found[-1]
            await asyncio.sleep(0.01)
        raise AssertionError("nothing more arrives")

    async def wait_for_push(self, count=1):
        """Wait until so many template messages with a code have arrived; bounded by tries, not by a clock."""
        for _ in range(400):
            codes = await self.pushed_codes()
            if len(codes) >= count:
                return codes[-1]
            await asyncio.sleep(0.01)
        raise AssertionError(f"no {count}. push arrived")


@dataclass
class World:
    """All of it."""

    http: aiohttp.ClientSession
    service: str
    sandbox: str
    platform: Platform
    app: web.Application
    keys: dict[str, str] = field(default_factory=dict)

    async def call(self, method, path, body=None, *, key=KEY, headers=None, data=None, base=None) -> Answer:
        sent = {"Authorization": f"Bearer {key}"} if key else {}
        async with self.http.request(
            method,
            (base or self.service) + path,
            json=body,
            data=data,
            headers=sent | (headers or {}),
            allow_redirects=False,
        ) as response:
            raw = await response.read()
            text = raw.decode(errors="replace")
            is_json = response.content_type.endswith("json")
            return Answer(
                response.status, response.headers, text, await response.json(content_type=None) if is_json else None
            )

    async def control(self, method, path, body=None):
        async with self.http.request(method, f"{self.sandbox}/sandbox{path}", json=body) as response:
            assert response.ok, await response.text()
            return await response.json()

    async def person(self, *, follows=True) -> Person:
        made = await self.control("POST", "/users", {})
        person = Person(self, made["openid"])
        if follows:
            await person.follow()
        return person

    async def start(self, user="u-1", purpose="register", *, ip="192.0.2.1", key=KEY, headers=None, **more) -> Answer:
        body = {"purpose": purpose, "user": user, **({"client_ip": ip} if ip else {}), **more}
        return await self.call("POST", "/v1/verifications", body, key=key, headers=headers)

    async def get(self, started, *, key=KEY) -> Answer:
        return await self.call("GET", f"/v1/verifications/{started['id']}", key=key)

    async def scan_url(self, started) -> str:
        answer = await self.call("GET", f"/v1/verifications/{started['id']}/scan")
        assert answer.status == 200, answer.text
        return answer["url"]

    async def check(self, started, code, *, key=KEY, headers=None, **more) -> Answer:
        path = f"/v1/verifications/{started['id']}/check"
        return await self.call("POST", path, {"code": code, **more}, key=key, headers=headers)

    async def resend(self, started, *, key=KEY) -> Answer:
        return await self.call("POST", f"/v1/verifications/{started['id']}/resend", {}, key=key)

    async def page(self, method, started, path="", body=None, **more) -> Answer:
        """What a browser can do, with nothing but the page token."""
        return await self.call(method, f"/p/{started['page_token']}{path}", body, key=None, **more)

    async def cancel(self, started, *, key=KEY) -> Answer:
        return await self.call("POST", f"/v1/verifications/{started['id']}/cancel", {}, key=key)

    async def fault(self, kind, **details):
        """Let the sandbox's WeChat do wrong."""
        return await self.control("POST", "/faults", {"kind": kind, **details})

    async def approved(self, user="u-1", purpose="register", *, key=KEY) -> Answer:
        """A verification, started, scanned by somebody new and approved; the proof is in it."""
        person, started = await self.person(), await self.start(user, purpose, key=key)
        await person.say(started["scan"]["keyword"])
        answer = await self.check(started, await person.code_in_chat(), key=key)
        assert answer.status == 200, answer.text
        answer.json["openid"] = person.openid
        return answer

    async def bind(self, user, person, *, key=KEY, **more) -> Answer:
        return await self.call("PUT", f"/v1/bindings/{user}", {"openid": person.openid, **more}, key=key)

    async def bound(self, user) -> Person:
        """A follower, bound to this user."""
        person = await self.person()
        assert (await self.bind(user, person)).status == 201
        return person

    async def advance(self, seconds):
        answer = await self.call("POST", "/test/clock", {"advance": seconds})
        assert answer.status == 200, answer.text

    async def delivery(self, started, *statuses) -> dict:
        """Wait until the delivery reads as one of these; bounded by tries."""
        for _ in range(2000):
            found = (await self.get(started))["delivery"]
            if found["status"] in statuses:
                return found
            await asyncio.sleep(0.01)
        raise AssertionError(f"the delivery stays {found}")


def wrong(code: str) -> str:
    """Another code of the same length."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


_ESCAPE = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|.)")


def discloses(text: str, code: str) -> bool:
    """Whether a text, a JSON document or a `repr` holds a code as a value of its own.

    Six digits inside an id, a token, a time or a longer number are chance: a search for the bare digits fails by itself
    once in some hundred runs.
    """
    alone = rf"(?<![A-Za-z0-9_.-]){re.escape(code)}(?![A-Za-z0-9_]|[.-][A-Za-z0-9])"
    return re.search(alone, _ESCAPE.sub(" ", text)) is not None


OWN_SECRETS = {"token": "Zk3mQ9vX2sLw7RtB", "aes_key": "0G0r3nCB193y1Bevj9ei6F23hGITBv1vT8wdiiQRepM"}
"""Callback secrets of an account in live mode, which refuses the sandbox's."""


def document(service: str, sandbox: str, account=DEFAULT_ACCOUNT, **changes) -> dict[str, Any]:
    """A configuration as tables; `changes` are dotted paths written with `__`, such as sites__shop__limits={…}."""
    tables: dict[str, Any] = {
        "mode": "test",
        # The pushes of most tests need not wait for a newer start.
        "service": {"public_url": service, "push_delay": 0},
        "secrets": {"master_key": MASTER},
        "admin": {"keys": READERS},
        "accounts": {
            "main": {
                "appid": account.appid,
                "name": account.name,
                "original_id": account.original_id,
                "secret": account.secret,
                "token": account.token,
                "aes_key": account.aes_key,
                "callback": account.mode,
                "api_url": sandbox,
                "open_url": sandbox,
                # Each world fills its pool: with the default of 16 that was a tenth of what these tests cost.
                "qr_pool": 2,
                "messages": {"code": {"template_id": CATEGORY_TEMPLATE_ID}},
            },
        },
        "sites": {
            "shop": {
                "name": {"zh": "山月茶铺", "en": "Moonhill Tea"},
                "account": "main",
                "origins": ["https://shop.example"],
                "keys": [{"name": "server", "hash": hash_line(KEY), "scopes": SCOPES}],
            },
            "cafe": {
                "name": "Café",
                "account": "main",
                "keys": [{"name": "server", "hash": hash_line(OTHER_KEY), "scopes": ["verify", "bindings", "openids"]}],
            },
        },
    }
    tables = deepcopy(tables)
    for path, value in changes.items():
        *parents, last = path.split("__")
        table = tables
        for parent in parents:
            table = table.setdefault(parent, {})
        table[last] = value
    return tables


async def _listen(app: web.Application) -> tuple[web.AppRunner, str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    return runner, f"http://127.0.0.1:{port}"


@asynccontextmanager
async def running_world(
    store_url, directory, *, account=DEFAULT_ACCOUNT, service_port=None, platform=None, pace=None, **changes
):
    """Sandbox and service, wired to one another; `platform` and `service_port` go on with those of an earlier world."""
    # The port is held from here on, so that nobody else takes it while the service is being put together.
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", service_port or 0))
    service = f"http://127.0.0.1:{listener.getsockname()[1]}"
    account = replace(account, callback_url=f"{service}/wechat/main")
    platform = platform or Platform(account)
    async with AsyncExitStack() as stack:
        stack.callback(listener.close)
        sandbox_runner, sandbox = await _listen(create_sandbox(platform))
        stack.push_async_callback(shut_down, sandbox_runner)
        settings = parse(document(service, sandbox, account, **changes), env={}, directory=directory)
        # A job that cannot end, as where WeChat is away, would hold the end of each such test up for five seconds.
        pace = pace or Pace()
        app = create_app(settings, store_url, pace=replace(pace, hold_seconds=min(pace.hold_seconds, 0.5)))
        runner = service_runner(app, grace_seconds=1)
        stack.push_async_callback(shut_down, runner)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        if settings.admin.listener is not None:
            for each in stack.enter_context(operators_sockets(settings.admin.listener)):
                await web.SockSite(runner, each.dup()).start()
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield World(http, service, sandbox, platform, app)
