"""Secrets are changed under a running service, as docs/en/secrets.md says, and no request fails.

The master key, which workers learn one after the other, under a service with two of them. One service for all other
walks, as in a real life: it goes on with what the walk before has left.
"""

import asyncio
import contextlib
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace
from urllib.parse import urlencode

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from codesvc.domain import codes
from codesvc.domain.keyring import Keyring
from codesvc.sandbox.cipher import sign
from tests.http_servers import shut_down
from tests.process.processes import caller, ready, serving
from tests.process.test_reload import Log
from tests.process.walks import steps, walk
from tests.service.callbacks import push_of, sealed
from tests.stores import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")

APPID, ORIGINAL_ID = "wx3f1c5a9e7b2d4860", "gh_3f1c5a9e7b2d"
WEBHOOK = """
[sites.shop.webhook]
url = "{hook}"
secrets_file = "secrets/shop-webhook"
allow_private = true
[sites.shop.limits]
address_starts = "none"
binding_writes = "none"
site_starts = "none"
"""


def initialised(directory, port, hook, workers):
    """What `codesvc init` writes, on a port of its own, with a receiver of events; the walks begin from it."""
    init = [sys.executable, "-m", "codesvc.cli", "init", "--yes", "--sandbox", "--directory", directory]
    subprocess.run(init, check=True, capture_output=True)
    hooks = directory / "secrets" / "shop-webhook"
    hooks.touch(mode=0o600)
    hooks.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwq0uK4kBz3p4=\n")
    config = directory / "config.toml"
    text = config.read_text().replace(":8080", f":{port}").replace("port = 8080", f"port = {port}\nworkers = {workers}")
    text = text.replace('api_url = "http://127.0.0.1:8081"', 'api_url = "http://127.0.0.1:9"\nqr_pool = 0')
    text = re.sub("^messages.*\n", "", text, flags=re.MULTILINE)  # WeChat does not answer here
    text = text.replace('"bindings"]', '"bindings", "openids"]')
    config.write_text(text + WEBHOOK.format(hook=hook))
    return config


def secret(directory, name):
    return (directory / "secrets" / name).read_text().strip()


class Running:
    """A service, its files and a caller."""

    def __init__(self, directory, base, process, log, http):
        self.directory, self.base, self.process, self.log, self.http = directory, base, process, log, http
        self.key = secret(directory, "api-key-shop")
        self.reloads = self.people = 0

    async def step(self, text):
        await walk(text, self.directory, PID=self.process.pid)
        self.reloads += 1
        await self.log.wait("reload_done", self.reloads)

    async def call(self, method, path, body=None, key=""):
        """A call with a key, None for none; the site's first if it is not given."""
        key = self.key if key == "" else key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with self.http.request(method, self.base + path, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, await answer.json() if answer.content_type.endswith("json") else text

    async def start(self):
        number = self.people = self.people + 1
        await self.call("PUT", f"/v1/bindings/u{number}", {"openid": f"o{number:027}"})
        body = {"purpose": "register", "user": f"u{number}", "client_ip": "192.0.2.1"}
        status, started = await self.call("POST", "/v1/verifications", body)
        assert status == 201
        return started

    def code(self, started, master):
        identifier = codes.VerificationId.parse(started["id"])
        key = Keyring(master.encode()).find(identifier.key_id)
        return codes.derive(key.code_key, identifier) if key else None

    async def check(self, started, code):
        return await self.call("POST", f"/v1/verifications/{started['id']}/check", {"code": code})

    async def page(self, started):
        status, _ = await self.call("GET", f"/p/{started['page_token']}/state", key=None)
        return status


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hooks():
    """A receiver of webhooks: its address and the signatures that came."""
    came = []

    async def take(request):
        came.append(request.headers["webhook-signature"].split())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", came
    await shut_down(runner)


@contextlib.asynccontextmanager
async def running(directory, hook, workers):
    port = free_port()
    config = initialised(directory, port, hook, workers)
    base, log = f"http://127.0.0.1:{port}", Log(directory / "log")
    async with contextlib.AsyncExitStack() as stack:
        file = stack.enter_context(log.path.open("wb"))
        process = await stack.enter_async_context(serving(config, log=file))
        http = await stack.enter_async_context(caller())
        await ready(http, base, process)
        await log.wait("started", workers)
        running = Running(directory, base, process, log, http)
        await running.call("PUT", "/v1/bindings/alice", {"openid": "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"})
        yield running
        process.send_signal(signal.SIGTERM)
        await process.wait()


@pytest_asyncio.fixture(loop_scope="module")
async def service_of_two(tmp_path, hooks):
    async with running(tmp_path, hooks[0], workers=2) as service:
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(tmp_path_factory, hooks):
    async with running(tmp_path_factory.mktemp("service"), hooks[0], workers=1) as service:
        yield service


@contextlib.asynccontextmanager
async def visits(service, keys):
    """Two people who start and check all the time; every code of theirs is right."""
    over, checked = asyncio.Event(), []

    async def visit():
        while not over.is_set():
            started = await service.start()
            code = next(code for key in keys if (code := service.code(started, key)))
            # A connection of its own: whichever worker takes it.
            async with (
                aiohttp.ClientSession(headers={"Authorization": f"Bearer {service.key}"}) as http,
                http.post(f"{service.base}/v1/verifications/{started['id']}/check", json={"code": code}) as answer,
            ):
                checked.append(answer.status)
            # People pause. Without it, the visits alone would keep a core busy for as long as a reload takes.
            await asyncio.sleep(0.02)

    visiting = asyncio.gather(visit(), visit())
    try:
        yield
    finally:
        over.set()
        await visiting
    assert set(checked) == {200}


async def test_a_new_master_key_leaves_everything_under_way_good(service_of_two):
    """Nor does anybody meet a code that their worker does not know, while workers are replaced one by one: why it takes
    two reloads."""
    service = service_of_two
    learn, use, forget = steps("Change the master key")
    old = secret(service.directory, "master-key")
    waiting, approved, forgotten = [await service.start() for _ in range(3)]
    status, done = await service.check(approved, service.code(approved, old))
    assert status == 200
    await service.step(learn)
    assert service.code(await service.start(), old)
    async with visits(service, [old, secret(service.directory, "next")]):
        await service.step(use)
    new = secret(service.directory, "master-key")
    assert new != old
    fresh = await service.start()
    assert service.code(fresh, old) is None
    assert (await service.check(fresh, service.code(fresh, new)))[0] == 200
    assert await service.page(waiting) == 200
    assert (await service.check(waiting, service.code(waiting, old)))[0] == 200
    assert (await service.call("POST", "/v1/proofs/verify", {"proof": done["proof"]}))[0] == 200
    await service.step(forget)
    assert await service.page(forgotten) == 404
    assert (await service.check(forgotten, service.code(forgotten, old)))[0] == 422


async def test_a_new_callback_token_and_aes_key(service):
    add, remove = steps("Change callback token and EncodingAESKey")

    def console():
        return SimpleNamespace(
            appid=APPID,
            original_id=ORIGINAL_ID,
            token=secret(service.directory, "callback-token"),
            aes_key=secret(service.directory, "callback-aes-key"),
        )

    async def push(account):
        query, body = sealed(account, push_of(account, "o6_bmjrPTlm6_2sgVt7hMZOPfL2M", text="hello"))
        path = f"{service.base}/wechat/main?{urlencode(query)}"
        async with service.http.post(path, data=body.encode() if isinstance(body, str) else body) as answer:
            return answer.status

    async def saved(account):
        at = str(int(time.time()))
        query = {"signature": sign(account.token, at, "1"), "timestamp": at, "nonce": "1", "echostr": "hi"}
        async with service.http.get(f"{service.base}/wechat/main?{urlencode(query)}") as answer:
            return await answer.text()

    old = console()
    assert await push(old) == 200
    await service.step(add)
    new = console()
    assert new.token != old.token
    assert [await push(old), await push(new), await saved(new)] == [200, 200, "hi"]
    await service.step(remove)
    assert [await push(old), await push(new)] == [403, 200]


async def test_a_new_webhook_secret(service, hooks):
    _, came = hooks
    add, remove = steps("Change a webhook secret")

    async def signatures(user):
        count = len(came)
        await service.call("PUT", f"/v1/bindings/{user}", {"openid": f"o{user:A<27}"})
        for _ in range(3000):
            if len(came) > count:
                return len(came[-1])
            await asyncio.sleep(0.01)
        raise AssertionError("no webhook comes")

    assert await signatures("bob") == 1
    await service.step(add)
    assert await signatures("carol") == 2
    await service.step(remove)
    assert await signatures("dave") == 1
    assert len(secret(service.directory, "shop-webhook").splitlines()) == 1


async def test_a_new_api_key(service):
    """The last walk: the key of all others goes."""
    add, look, remove = steps("Change an API key")
    old = service.key
    await service.step(add)
    new = next(word for word in secret(service.directory, "new-key").split() if word.startswith("csk_"))
    for key in (old, new):
        assert (await service.call("GET", "/v1/bindings/alice", key=key))[0] == 200
    listed = await walk(look, service.directory)
    assert re.search(r"\bserver\b", listed)
    assert "server-2027" in listed
    await service.step(remove)
    assert (await service.call("GET", "/v1/bindings/alice", key=old))[0] == 401
    assert (await service.call("GET", "/v1/bindings/alice", key=new))[0] == 200
