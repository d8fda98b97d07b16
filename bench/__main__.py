"""`make bench`: CPU per request of the service beside floors measured in the same run; ratios, not seconds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from codesvc.config.keys import hash_line
from codesvc.store.embedded import run_embedded

KEY = "csk_shop_" + "b" * 43
CONNECTIONS = 64
REQUESTS = int(os.environ.get("BENCH_REQUESTS", "6000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
USERS = 500
CONFIG = """
mode = "test"
[service]
port = {port}
public_url = "http://127.0.0.1:{port}"
[store]
url = "{url}"
[secrets]
master_key = "a key for benchmarks only, 0123456789abcdef"
[accounts.main]
appid = "wx3f1c5a9e7b2d4860"
name = "Bench"
secret = "0123456789abcdef0123456789abcdef"
token = "sometoken"
aes_key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
api_url = "{platform}"
qr_pool = 0
messages.code = {{ template_id = "kZ3tq0mV9bXcN7sYhR2dLw5gFjP8aUeT1iOoQxMvB4C" }}
[sites.shop]
name = "Shop"
account = "main"
keys = [{{ name = "bench", hash = "{hash}", scopes = ["verify", "bindings", "openids"] }}]
[sites.shop.limits]
site_starts = ["100000/minute"]
address_starts = ["100000/minute"]
user_pushes = ["100000/hour"]
openid_pushes = ["100000/day"]
user_guesses = ["100000/hour"]
address_guesses = ["100000/hour"]
site_guesses = ["100000/day"]
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def server(*command: str):
    process = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def wait_for(port: int) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise SystemExit(f"nothing listens on {port}")


def load(port: int, requests: list, pid: int) -> dict:
    """Run the load and say what it cost the server in CPU."""
    plan = json.dumps({"port": port, "requests": requests, "connections": CONNECTIONS, "key": KEY})
    before = cpu_seconds(pid)
    done = subprocess.run([sys.executable, "-m", "bench.load"], input=plan, text=True, capture_output=True, check=True)
    result = json.loads(done.stdout)
    result["cpu_us"] = (cpu_seconds(pid) - before) / result["count"] * 1e6
    return result


def start_bodies(round_number: int) -> list:
    return [
        (
            "/v1/verifications",
            {
                "purpose": "register",
                "user": f"u-{n % USERS}",
                "client_ip": f"10.{round_number}.{n >> 8 & 255}.{n & 255}",
            },
        )
        for n in range(REQUESTS)
    ]


def floor_bodies() -> list:
    return [("/", {"purpose": "register", "user": f"u-{n % USERS}", "client_ip": "10.0.0.1"}) for n in range(REQUESTS)]


async def prepare(base: str) -> list[str]:
    """Bind the users; start one verification for each, to be guessed at."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(base, headers=headers) as http:
        for n in range(USERS):
            async with http.put(f"/v1/bindings/u-{n}", json={"openid": f"o{n:027}"}) as answer:
                assert answer.status == 201, await answer.text()
        ids = []
        for n in range(REQUESTS // 4 + 1):
            body = {"purpose": "register", "user": f"u-{n % USERS}", "client_ip": f"10.99.{n >> 8}.{n & 255}"}
            async with http.post("/v1/verifications", json=body) as answer:
                ids.append((await answer.json())["id"])
    return ids


def measure(url: str, directory: Path) -> dict[str, list[dict]]:
    results: dict[str, list[dict]] = {}
    for name in ("bare", "multiplexed", "redis-py"):
        port = free_port()
        with server("bench.floors", name, str(port), url) as process:
            wait_for(port)
            load(port, floor_bodies()[:1000], process.pid)
            results[f"floor: {name}"] = [load(port, floor_bodies(), process.pid) for _ in range(ROUNDS)]
    platform_port, port = free_port(), free_port()
    config = directory / "config.toml"
    config.write_text(
        CONFIG.format(port=port, url=url, platform=f"http://127.0.0.1:{platform_port}", hash=hash_line(KEY))
    )
    config.chmod(0o600)
    with server("codesvc.cli", "serve", "--config", str(config), "--log", "json") as process:
        wait_for(port)
        guessed: list[str] = []
        base = f"http://127.0.0.1:{port}"
        for number in range(ROUNDS):
            guessed = guessed or asyncio.run(prepare(base))
            results.setdefault("POST /v1/verifications (bound)", []).append(
                load(port, start_bodies(number), process.pid)
            )
            guesses = [(f"/v1/verifications/{one}/check", {"code": "000000"}) for one in guessed]
            results.setdefault("check, wrong code", []).append(load(port, guesses, process.pid))
    return results


def table(results: dict[str, list[dict]]) -> str:
    floor = statistics.median(r["cpu_us"] for r in results["floor: multiplexed"])
    lines = [
        "| what | CPU µs/request | of the multiplexed floor | requests/s | p99 ms | answers |",
        "|---|---|---|---|---|---|",
    ]
    for name, rounds in results.items():
        cpu = statistics.median(r["cpu_us"] for r in rounds)
        rate = statistics.median(r["count"] / r["seconds"] for r in rounds)
        p99 = statistics.median(r["p99_ms"] for r in rounds)
        lines.append(f"| {name} | {cpu:.0f} | {cpu / floor:.2f} | {rate:,.0f} | {p99:.1f} | {rounds[-1]['statuses']} |")
    return "\n".join(lines)


async def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with run_embedded(Path(directory) / "data") as embedded:
            results = await asyncio.to_thread(measure, embedded.url, Path(directory))
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    print(f"{machine}, Python {platform.python_version()}, aiohttp {aiohttp.__version__}\n")
    print(table(results))


if __name__ == "__main__":
    asyncio.run(main())
