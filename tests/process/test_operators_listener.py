"""`admin.listen` of a running service: every worker answers there, and an orphaned socket does not stop a start."""

import asyncio
import os
import socket
import sys

import aiohttp
import pytest

from tests.process.processes import ready, serving


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
                near.get("http://codesvc/metrics") as answer,
            ):
                assert answer.status == 200
        assert door.stat().st_mode & 0o777 == 0o660
        process.terminate()
        assert await process.wait() == 0
    assert not door.exists()


ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


async def started_by_systemd(passed, config):
    """What `codesvc serve` says when systemd passes the socket, and its status."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ACTIVATE, str(passed.fileno()),
        "-m", "codesvc.cli", "serve", "--config", str(config),
        pass_fds=[passed.fileno()],
        env={**os.environ, "LISTEN_PID": ""},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    _, said = await process.communicate()
    return process.returncode, said.decode()


async def test_a_unix_socket_for_visitors_is_refused_since_they_would_have_no_address(config, tmp_path):
    path, _ = config
    with socket.socket(socket.AF_UNIX) as passed:
        passed.bind(str(tmp_path / "visitors.sock"))
        passed.listen()
        status, said = await asyncio.wait_for(started_by_systemd(passed, path), 60)
    assert status == 1
    assert "ListenStream=127.0.0.1:PORT" in said
    assert "Traceback" not in said
