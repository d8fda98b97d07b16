"""`codesvc serve` as a process: starts, stops, and survives being killed with what it acknowledged."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from codesvc.config.keys import hash_line

KEY = "csk_shop_" + "p" * 43
CONFIG = """
mode = "test"
[service]
port = {port}
public_url = "http://127.0.0.1:{port}"
[store]
data_dir = "data"
fsync = "always"
[secrets]
master_key = "only for this test: 5f0c9f0e3bcb4a67a3b2"
[accounts.main]
appid = "wx3f1c5a9e7b2d4860"
name = "Test"
secret = "0123456789abcdef0123456789abcdef"
token = "sometoken"
aes_key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
api_url = "http://127.0.0.1:9"
[sites.shop]
name = "Shop"
account = "main"
keys = [{{ name = "server", hash = "{hash}", scopes = ["verify", "bindings", "openids"] }}]
"""


@pytest.fixture
def config(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = tmp_path / "config.toml"
    path.write_text(CONFIG.format(port=port, hash=hash_line(KEY)))
    path.chmod(0o600)
    return path, f"http://127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def serving(path, *more):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "codesvc.cli",
        "serve",
        "--config",
        path,
        "--log",
        "json",
        *more,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def ready(http, base):
    for _ in range(3000):
        with contextlib.suppress(aiohttp.ClientError):
            async with http.get(base + "/readyz") as answer:
                if answer.status == 200:
                    return
        await asyncio.sleep(0.01)
    raise AssertionError("never ready")


def children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_killed_service_loses_no_binding_and_leaves_no_orphan(config):
    path, base = config
    auth = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(headers=auth) as http:
        async with serving(path) as process:
            await ready(http, base)
            for number in range(50):
                body = {"openid": f"o{number:027}"}
                async with http.put(f"{base}/v1/bindings/user-{number}", json=body) as answer:
                    assert answer.status == 201
            [valkey] = children(process.pid)
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        for _ in range(3000):
            if not alive(valkey):
                break
            await asyncio.sleep(0.01)
        assert not alive(valkey)
        async with serving(path) as process:
            await ready(http, base)
            for number in range(50):
                async with http.get(f"{base}/v1/bindings/user-{number}") as answer:
                    assert (await answer.json())["openid"] == f"o{number:027}"
            [valkey] = children(process.pid)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
            assert not alive(valkey)


async def test_a_broken_configuration_is_told_and_ends_with_2(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("mod = 'live'\n[service]\nprot = 1\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "codesvc.cli", "serve", "--config", path, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 2
    assert 'did you mean "mode"' in said.decode()
    assert 'did you mean "port"' in said.decode()
    assert "Traceback" not in said.decode()


async def test_workers_share_a_port_and_a_crashed_one_is_replaced(config):
    path, base = config
    auth = {"Authorization": f"Bearer {KEY}"}
    async with serving(path, "--workers", "2") as process:
        async with aiohttp.ClientSession(headers=auth) as http:
            await ready(http, base)
            async with http.put(f"{base}/v1/bindings/alice", json={"openid": "o12345678"}) as answer:
                assert answer.status == 201
        workers = await worker_pids(process.pid, 2)
        os.kill(workers[0], signal.SIGKILL)
        replaced = await worker_pids(process.pid, 2, without=workers[0])
        assert workers[1] in replaced
        for _ in range(20):
            async with aiohttp.ClientSession(headers=auth) as http:
                await ready(http, base)
                async with http.get(f"{base}/v1/bindings/alice") as answer:
                    assert answer.status == 200
                async with http.get(f"{base}/metrics") as answer:
                    assert "codesvc_http_request_seconds_count" in await answer.text()
        everybody = children(process.pid)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        assert not any(alive(pid) for pid in everybody)


async def worker_pids(parent, count, without=None):
    for _ in range(3000):
        found = [pid for pid in children(parent) if pid != without and "codesvc.cli" in command_line(pid)]
        if len(found) == count:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("the workers do not come")


def command_line(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""
