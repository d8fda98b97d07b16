"""`admin.listen` of a running service: every worker answers there, and an orphaned socket does not stop a start."""

import asyncio
import os
import socket
import sys

import aiohttp
import pytest

from tests.command_line import codesvc
from tests.other_user import listening_at_the_other
from tests.process.processes import ready, serving
from tests.stores import free_port


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_operators_are_answered_by_every_worker(config, tmp_path, workers):
    path, base = config
    door = tmp_path / "admin.sock"
    path.write_text(path.read_text() + f'[admin]\nlisten = "unix:{door}"\n')
    with socket.socket(socket.AF_UNIX) as orphan:
        orphan.bind(str(door))
    async with serving(path, "--workers", workers) as process:
        async with aiohttp.ClientSession() as http:
            await ready(http, base, process)
            async with http.get(f"{base}/metrics") as answer:
                assert answer.status == 401
        for _ in range(6):
            async with (
                aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(door))) as near,
                near.get("http://localhost/metrics") as answer,
            ):
                assert answer.status == 200
        assert door.stat().st_mode & 0o777 == 0o660
        process.terminate()
        assert await process.wait() == 0
    assert not door.exists()


async def test_the_listener_is_not_opened_beside_another_users(config):
    """A browser that is led to a name below `localhost` would bring the session to [::1] first."""
    path, _ = config
    port = free_port()
    path.write_text(path.read_text() + f'[admin]\nlisten = "127.0.0.1:{port}"\n')
    with listening_at_the_other(port):
        status, _, said = await codesvc("serve", "--config", path)
    assert status == 1
    assert f"cannot listen on ::1, port {port}" in said
    assert "names below localhost" in said


ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


async def activated(passed, config):
    """`codesvc serve`, to which systemd passes the socket."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", ACTIVATE, str(passed.fileno()),
        "-m", "codesvc.cli", "serve", "--config", str(config),
        pass_fds=[passed.fileno()],
        env={**os.environ, "LISTEN_PID": ""},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def test_a_unix_socket_for_visitors_is_refused_since_they_would_have_no_address(config, tmp_path):
    path, _ = config
    with socket.socket(socket.AF_UNIX) as passed:
        passed.bind(str(tmp_path / "visitors.sock"))
        passed.listen()
        process = await activated(passed, path)
        _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert b"ListenStream=127.0.0.1:PORT" in said
    assert b"Traceback" not in said


async def test_what_systemd_passes_of_the_listener_is_opened_to_the_full(config):
    path, base = config
    with socket.create_server(("127.0.0.1", 0)) as passed:
        port = passed.getsockname()[1]
        path.write_text(path.read_text() + f'[admin]\nlisten = "127.0.0.1:{port}"\n')
        process = await activated(passed, path)
        try:
            async with aiohttp.ClientSession() as http:
                await ready(http, base, process)
                for host in ("127.0.0.1", "[::1]"):
                    async with http.get(f"http://{host}:{port}/metrics") as answer:
                        assert answer.status == 200
        finally:
            process.terminate()
            await process.communicate()
