"""The real service for the benchmarks: its configuration, its process, its store of bound users."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import redis

from bench.bindings import APPID, imports, openid
from bench.processes import free_port, running, wait_for_port, wait_until_ready
from codesvc.config.api_keys import hash_line
from codesvc.store.script import load

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

KEY = "csk_shop_" + "b" * 43
TOKEN = "sometoken"
RELAY = """
[sites.shop.relay]
sms = "main"
purpose = "register"
[sites.shop.gateways.main.signed]
url = "https://sms.example/"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
"""
"""The tables of a site that takes messages of an identity system."""
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
USERS = 20_000
"""So many that nobody starts more than a few times: a tenth start in a minute is not what sites see all day."""
_CONFIG = """
mode = "test"
[service]
port = {port}
public_url = "http://127.0.0.1:{port}"
workers = {workers}
deliver = {deliver}
trusted_proxies = {proxies}
push_delay = 0
[store]
{store}
[secrets]
master_key = "a key for benchmarks only, 0123456789abcdef"
[accounts.main]
appid = "{appid}"
name = "Bench"
secret = "0123456789abcdef0123456789abcdef"
token = "{token}"
aes_key = "{aes_key}"
api_url = "{platform}"
qr_pool = 0
messages.code = {{ template_id = "kZ3tq0mV9bXcN7sYhR2dLw5gFjP8aUeT1iOoQxMvB4C" }}
[sites.shop]
name = "Shop"
account = "main"
origins = ["http://127.0.0.1"]
{of_site}keys = [{{ name = "bench", hash = "{hash}", scopes = ["verify", "bindings", "openids", "messages", "admin"] }}]
[sites.shop.limits]
site_starts = ["100000/second"]
address_starts = ["100000/hour"]
user_pushes = ["50000/hour", "100000/day"]
openid_pushes = ["100000/day"]
user_guesses = ["50000/hour", "100000/30d"]
address_guesses = ["100000/hour"]
site_guesses = ["100000/second"]
binding_writes = ["100000/second"]
"""


@dataclass(frozen=True)
class Running:
    """A service that listens."""

    process: subprocess.Popen
    port: int
    config: Path
    store: str

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid


@contextlib.contextmanager
def platform() -> Iterator[str]:
    """A live stub of WeChat's platform; its origin."""
    port = free_port()
    with running("bench.platform", str(port)) as process:
        wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def service(
    directory: Path,
    store: str,
    platform_url: str,
    *,
    deliver: bool = False,
    workers: int = 1,
    data_dir: str = "",
    proxies: tuple[str, ...] = (),
    more: str = "",
    of_site: str = "",
    module: tuple[str, ...] = ("codesvc.cli",),
) -> Iterator[Running]:
    """`codesvc serve` as anybody would run it; what it logs, as JSON, goes to a file."""
    port = free_port()
    config = directory / f"config-{port}.toml"
    config.write_text(
        _CONFIG.format(
            port=port,
            workers=workers,
            deliver=str(deliver).lower(),
            proxies=list(proxies),
            store=f'data_dir = "{data_dir}"' if data_dir else f'url = "{store}"',
            platform=platform_url,
            appid=APPID,
            token=TOKEN,
            aes_key=AES_KEY,
            hash=hash_line(KEY),
            of_site=of_site,
        )
        + more
    )
    config.chmod(0o600)
    log = directory / f"log-{port}"
    with running(*module, "serve", "--config", str(config), "--log", "json", log=log) as process:
        found = Running(process, port, config, store)
        wait_until_ready(found.base, process)
        yield found


def start_body(number: int) -> dict:
    """A start by one of the bound users, from an address of its own."""
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    return {"purpose": "register", "user": f"u-{number % USERS}", "client_ip": address}


async def _all(count: int, one, *, at_once: int = 32) -> list:
    results: list = [None] * count
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            results[number] = await one(number)

    await asyncio.gather(*(work() for _ in range(at_once)))
    return results


def with_client(base: str, count: int, ask) -> list:
    """`await ask(client, number)` for each number, some at once; the results in order."""

    async def asked() -> list:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with aiohttp.ClientSession(base, headers=headers) as http:
            return await _all(count, lambda number: ask(http, number))

    return asyncio.run(asked())


def bind_users(running_service: Running) -> None:
    """Bind all users that `start_body` names, past the service."""
    people = ((f"u-{number}", openid(number)) for number in range(USERS))
    with redis.Redis.from_url(running_service.store) as client:
        client.script_load(load("import_bindings").source)
        for words in imports(people):
            assert client.execute_command(*words)[0] == b"done"


def start_many(running_service: Running, numbers: Iterable[int], body: Callable[[int], dict] = start_body) -> list[str]:
    """Ids of so many started verifications."""
    wanted = list(numbers)

    async def ask(http: aiohttp.ClientSession, number: int) -> str:
        async with http.post("/v1/verifications", json=body(wanted[number])) as answer:
            assert answer.status == 201, await answer.text()
            return (await answer.json())["id"]

    return with_client(running_service.base, len(wanted), ask)
