"""`codesvc serve` as a process: its configuration, its start, its children."""

import asyncio
import contextlib
import sys
from pathlib import Path

import aiohttp

from codesvc.config.api_keys import hash_line
from tests.command_line import begin
from tests.stores import free_port, until

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
aes_key = "0G0r3nCB193y1Bevj9ei6F23hGITBv1vT8wdiiQRepM"
api_url = "http://127.0.0.1:9"
[sites.shop]
name = "Shop"
account = "main"
keys = [{{ name = "server", hash = "{hash}", scopes = ["verify", "bindings", "openids", "admin"] }}]
"""


def write_config(directory):
    """A configuration file on a free port; its path and the address."""
    port = free_port()
    path = directory / "config.toml"
    path.write_text(CONFIG.format(port=port, hash=hash_line(KEY)))
    path.chmod(0o600)
    return path, f"http://127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def serving(path, *more, log=None, env=None, forked=False):
    """A service process; killed at the end if it still runs.

    Its workers and its store notice that and end by themselves. They are waited for: until then they hold the port and
    answer on it, so that the next service on the same configuration could not start.

    With `forked` it is a fork of a process that has imported codesvc (`tests.command_line`). That costs a fifth, for
    tests that ask what a service does and not how it starts, reloads or is found by its command line.
    """
    words = ["serve", "--config", path, "--log", "json", *more]
    if forked:
        process = await begin(*words, log=log)
    else:
        command = [sys.executable, "-m", "codesvc.cli", *words]
        process = await asyncio.create_subprocess_exec(*command, stderr=log or asyncio.subprocess.DEVNULL, env=env)
    try:
        yield process
    finally:
        family = children(process.pid) if process.returncode is None else []
        if process.returncode is None:
            process.kill()
        await process.wait()
        await until(lambda: not any(alive(pid) for pid in family))


def caller(key=None):
    """A client that keeps no connection: for one that does, a service that stops or reloads waits two seconds."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(force_close=True))


async def ready(http, base, process):
    """Wait until the service is ready; at once an error if `process`, which is to serve, has ended."""
    for _ in range(3000):
        assert process.returncode is None, f"the service ended with {process.returncode}"
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
    except (FileNotFoundError, ProcessLookupError):
        return False


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
