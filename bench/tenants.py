"""`python -m bench.tenants`: what 10,000 sites and 1,000 accounts set up at run time cost the calls of one site.

Two services that differ in nothing but what their registry holds, asked in turn; CPU, not time, is compared.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

from bench.calls import load
from bench.processes import cpu_seconds, resident_mb, scaled
from bench.service import bind_users, platform, service, start_body
from codesvc.config import load as load_settings
from codesvc.config.api_keys import hash_line, new_key
from codesvc.domain.clock import Offset
from codesvc.domain.keyring import Keyring
from codesvc.sites.directory import Directory
from codesvc.sites.registry.contents import Contents
from codesvc.sites.registry.reading import configured_directory
from codesvc.sites.registry.registry import Registry
from codesvc.sites.registry.sealing import Sealer
from codesvc.store.connection import connect
from codesvc.store.embedded import run_embedded
from codesvc.store.store import Store

SITES, ACCOUNTS, BATCH = 10_000, 1_000, 1_000
ROUNDS = 7


def key_of(number: int) -> str:
    return new_key(f"s{number}", number.to_bytes(32, "big"))


def tables() -> dict[str, dict]:
    found: dict[str, dict] = {}
    for number in range(ACCOUNTS):
        found[f"account/a{number}"] = {
            "appid": f"wx{number:016x}",
            "name": f"A{number}",
            "secret": "s" * 32,
            "token": "token",
            "aes_key": "k" * 43,
        }
    for number in range(SITES):
        found[f"site/s{number}"] = {
            "name": {"zh": f"站{number}", "en": f"S{number}"},
            "account": f"a{number % ACCOUNTS}",
            "origins": [f"https://s{number}.example"],
            "purposes": {"reset": {"code_length": 8}},
        }
        digest = hash_line(key_of(number)).removeprefix("sha256:")
        found[f"key/s{number}/server"] = {"hash": digest, "scopes": ["verify"]}
    return found


async def opened(stack: AsyncExitStack, url: str, config: Path) -> tuple[Registry, Directory]:
    settings = load_settings(config, {})
    servers = await connect(url, timeout=30)
    stack.push_async_callback(servers.aclose)
    sealer = Sealer(Keyring(settings.secrets.master_key.reveal().encode()))
    directory = Directory(settings, Contents(sealer))
    return Registry(Store(servers, offset=Offset(movable=False), prefix="cs"), directory, sealer), directory


async def fill(url: str, config: Path) -> None:
    """Through the registry itself, as the admin API does it."""
    async with AsyncExitStack() as stack:
        registry, _ = await opened(stack, url, config)
        entries = list(tables().items())
        for first in range(0, len(entries), BATCH):

            async def think(part=entries[first : first + BATCH]):
                return dict(part)

            await registry.change(think, by="")


def spent(act) -> float:
    before = time.process_time()
    act()
    return time.process_time() - before


async def inside(url: str, config: Path) -> None:
    """What a process pays once, and at the first call of each site."""
    async with AsyncExitStack() as stack:
        registry, directory = await opened(stack, url, config)
        before = time.process_time()
        await registry.refresh()
        print(f"reading {SITES} sites, {ACCOUNTS} accounts, {SITES} keys: {time.process_time() - before:.2f} s of CPU")
        keys = [key_of(number * 7 % SITES) for number in range(1000)]
        first = spent(lambda: [directory.caller(key) for key in keys])
        again = min(spent(lambda: [directory.caller(key) for key in keys]) for _ in range(5))
        print(f"a site's first call: {first * 1e3:.0f} µs of CPU; each later one: {again * 1e3:.2f} µs")
        small = configured_directory(load_settings(config, {}))
        own = "csk_bench_" + "b" * 40
        one = min(spent(lambda: [small.caller(own) for _ in range(20_000)]) for _ in range(5)) / 20_000
        many = min(spent(lambda: [directory.caller(own) for _ in range(20_000)]) for _ in range(5)) / 20_000
        print(f"an unknown key: {one * 1e6:.2f} µs without the registry, {many * 1e6:.2f} µs with it")


def calls(directory: Path, empty: str, full: str) -> None:
    with ExitStack() as stack:
        live = stack.enter_context(platform())
        here = {
            name: stack.enter_context(service(directory, url, live)) for name, url in (("empty", empty), ("full", full))
        }
        for name, one in here.items():
            print(f"{name}: {cpu_seconds(one.pid):.2f} s of CPU until ready, {resident_mb(one.pid):.0f} MB")
            bind_users(one)
        requests, found = scaled(2000), {name: [] for name in here}
        for number in range(ROUNDS):
            plan = [("/v1/verifications", start_body(number * requests + n)) for n in range(requests)]
            for name, one in here.items():
                result = load(one.port, plan, [one.pid])
                assert set(result["statuses"]) == {"201"}, result["statuses"]
                found[name].append(result["cpu_us"])
        ratios = [full / empty for full, empty in zip(found["full"], found["empty"], strict=True)]
        print(
            f"a start: {statistics.median(found['empty']):.0f} µs of CPU with an empty registry, "
            f"{statistics.median(found['full']):.0f} µs with a full one; ratio of each round: "
            f"median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}"
        )


async def main() -> None:
    with tempfile.TemporaryDirectory() as text:
        directory = Path(text)
        async with run_embedded(directory / "empty") as empty, run_embedded(directory / "full") as full:
            with platform() as live, service(directory, empty.url, live) as some:
                config = some.config
            await fill(full.url, config)
            await inside(full.url, config)
            await asyncio.to_thread(calls, directory, empty.url, full.url)


if __name__ == "__main__":
    asyncio.run(main())
