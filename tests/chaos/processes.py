"""Real processes around a sandbox that the test holds in its hands: the service, killed and started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import pytest
import redis
import redis.asyncio

from codesvc.config import Limits
from codesvc.config.api_keys import hash_line
from codesvc.sandbox import Platform
from codesvc.sandbox import create_app as create_sandbox
from codesvc.sandbox.account import CATEGORY_TEMPLATE_ID, DEFAULT_ACCOUNT
from codesvc.store.keys import Keys
from codesvc.store.outbox import GROUP
from tests.command_line import begin
from tests.stores import free_port
from tests.world import _listen

LONG = os.environ.get("CHAOS") == "long"
bounded = pytest.mark.timeout(7200 if LONG else 600)
"""`make chaos` runs the long forms, every run of all tests the short ones."""

KEY = "csk_shop_" + "q" * 43
AUTH = {"Authorization": f"Bearer {KEY}"}
OUTBOX = Keys("cs", DEFAULT_ACCOUNT.appid).outbox
RECORDS = OUTBOX.removesuffix("outbox") + "vf:*"
CONFIG = """
mode = "test"
[service]
push_delay = 0
port = {port}
public_url = "http://127.0.0.1:{port}"
[store]
{store}
[secrets]
master_key = "only for these tests: 7d3f6a0c95e14b28"
[accounts.main]
appid = "{account.appid}"
name = "Test"
original_id = "{account.original_id}"
secret = "{account.secret}"
token = "{account.token}"
aes_key = "{account.aes_key}"
api_url = "{api_url}"
open_url = "{sandbox}"
messages.code = {{ template_id = "{template}" }}
[sites.shop]
name = "Shop"
account = "main"
limits = {{ {limits} }}
keys = [{{ name = "server", hash = "{hash}", scopes = ["verify", "bindings", "openids", "admin"] }}]
"""

ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass
class Town:
    """A sandbox, a place for the service, and a caller who repeats what was not answered."""

    directory: Path
    platform: Platform
    sandbox: str
    http: aiohttp.ClientSession
    port: int
    people: list[str] = field(default_factory=list)

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def config(self):
        return self.directory / "config.toml"

    def configure(self, store, *, api_url=None, **more):
        """Write the configuration; `store` are lines of its table."""
        text = CONFIG.format(
            port=self.port,
            store=store,
            account=DEFAULT_ACCOUNT,
            api_url=api_url or self.sandbox,
            sandbox=self.sandbox,
            template=CATEGORY_TEMPLATE_ID,
            hash=hash_line(KEY),
            limits=", ".join(f'{name} = "none"' for name in Limits.__slots__),
        )
        for line, addition in more.items():
            text = text.replace(f"[{line}]", f"[{line}]\n{addition}")
        self.config.write_text(text)
        self.config.chmod(0o600)

    @asynccontextmanager
    async def serving(self, *, wait=True, listener=None, before=(), **environment):
        """One service process; killed at the end if it still lives.

        `listener` is a socket that it accepts from, as systemd hands it over; `before` stands before its command.
        Without both it is a fork, which costs a fifth of a start: the loops that kill it start it a hundred times. It
        is none with `PYTHONPATH` or `SSL_CERT_FILE` either, which are read when modules are loaded.
        """
        words = ["serve", "--config", str(self.config), "--log", "json"]
        command = [*before, sys.executable, "-m", "codesvc.cli", *words]
        handed = [] if listener is None else [listener.fileno()]
        if handed:
            command = [sys.executable, "-c", ACTIVATE, str(handed[0]), *command]
        with (self.directory / "service.log").open("ab") as log:
            if handed or before or environment.keys() & {"PYTHONPATH", "SSL_CERT_FILE"}:
                process = await asyncio.create_subprocess_exec(
                    *command, env=os.environ | environment, stderr=log, pass_fds=handed
                )
            else:
                process = await begin(*words, log=log, environment=environment)
        try:
            if wait:
                await self.ready(process)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def ready(self, process=None):
        """Wait until it can serve, or until it was killed; whoever ends otherwise does not start at all."""
        for _ in range(20_000):
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self.http.get(self.base + "/readyz") as answer:
                    if answer.status == 200:
                        return
            if process is not None and process.returncode is not None:
                assert process.returncode == -signal.SIGKILL, f"it does not start: {self.last_words()}"
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"never ready: {self.last_words()}")

    def last_words(self):
        return (self.directory / "service.log").read_text()[-2000:]

    async def call(self, method, path, body=None, *, key=None, tries=20_000):
        """Ask until somebody answers; a 503 and a broken connection are no answers.

        A call goes on while one process after another dies and the next one starts, which takes seconds where the
        machine is busy.
        """
        headers = AUTH | ({"Idempotency-Key": key} if key else {})
        for _ in range(tries):
            with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                async with self.http.request(method, self.base + path, json=body, headers=headers) as answer:
                    if answer.status != 503:
                        return answer.status, await answer.json()
            await asyncio.sleep(0.02)
        raise AssertionError(f"{path} is never answered: {self.last_words()}")

    async def people_and_users(self, count):
        """So many followers, bound to the users u-0, u-1, …"""
        for number in range(count):
            async with self.http.post(f"{self.sandbox}/sandbox/users", json={}) as made:
                openid = (await made.json())["openid"]
            async with self.http.post(f"{self.sandbox}/sandbox/users/{openid}/follow"):
                self.people.append(openid)
            status, _ = await self.call("PUT", f"/v1/bindings/u-{number}", {"openid": openid})
            assert status in {200, 201}

    def start(self, number):
        """Start verification `number`, however often it takes; every one from another address."""
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        body = {"purpose": "register", "user": f"u-{number % len(self.people)}", "client_ip": address}
        return self.call("POST", "/v1/verifications", body, key=f"start-number-{number}")

    def shown(self):
        """How often each verification's code has arrived in a chat."""
        found = {}
        for openid in self.people:
            for message in self.platform.contact(openid).messages:
                if message["type"] == "template":
                    name = message["client_msg_id"].partition("-push-")[0]
                    found[name] = found.get(name, 0) + 1
        return found

    async def all_arrived(self, names, *, seconds=300):
        """Wait until every verification's code has arrived; what is missing at the end, and what came twice."""
        for _ in range(seconds * 10):
            shown = self.shown()
            if shown.keys() >= set(names):
                break
            await asyncio.sleep(0.1)
        return [name for name in names if name not in shown], [name for name, times in shown.items() if times > 1]

    def embedded(self):
        """A client of the service's own store."""
        socket_path = (self.directory / "data" / "server.lock").read_text()
        return redis.Redis(unix_socket_path=socket_path)


@asynccontextmanager
async def a_town(directory):
    # Bound to a socket that never listens, the port is the service's also while no process of it lives.
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    port = free_port()
    held.bind(("127.0.0.1", port))
    platform = Platform(replace(DEFAULT_ACCOUNT, callback_url=f"http://127.0.0.1:{port}/wechat/main"))
    runner, sandbox = await _listen(create_sandbox(platform))
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
            yield Town(directory, platform, sandbox, http, port)
    finally:
        held.close()
        await runner.cleanup()


def age_jobs(client):
    """Let a minute pass for the jobs that a dead process holds, so that the next one sees it dead."""
    try:
        held = client.xpending_range(OUTBOX, GROUP, "-", "+", 10_000)
    except redis.ResponseError:
        return 0
    for job in held:
        client.xclaim(OUTBOX, GROUP, job["consumer"], 0, [job["message_id"]], idle=60_000, justid=True)
    return len(held)


def child_named(pid, word):
    """The process that `pid` started and whose command holds a word."""
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        with contextlib.suppress(OSError):
            if word in Path(f"/proc/{child}/cmdline").read_text():
                return child
    return None


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
