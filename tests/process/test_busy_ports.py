"""Ports that are in use, and terminals that close: `codesvc demo` and `codesvc sandbox` as processes."""

import asyncio
import signal
import socket
import sys

import aiohttp
import pytest

from tests.process.processes import ready
from tests.stores import free_port


async def codesvc(*arguments):
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "codesvc.cli",
        *arguments,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.fixture
def taken():
    with socket.socket() as held:
        held.bind(("127.0.0.1", free_port()))
        held.listen()
        yield held.getsockname()[1]


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_the_demo_names_the_port_and_the_way_to_others(taken, place):
    demo = await codesvc("demo", "--check", "--port-base", str(taken - place))
    _, said = await demo.communicate()
    assert demo.returncode == 1
    assert f"port {taken}: Address already in use" in said.decode()
    assert "--port-base" in said.decode()
    assert "PORT_BASE=" in said.decode()
    assert "Errno" not in said.decode()


@pytest.mark.parametrize("option", ["--port", "--proxy-port"])
async def test_the_sandbox_names_the_port_and_the_option(taken, option, tmp_path):
    ports = {"--port": free_port(), "--tls-port": free_port(), "--proxy-port": free_port(), option: taken}
    more = [word for name, port in ports.items() for word in (name, str(port))]
    sandbox = await codesvc("sandbox", "--tls", "--tls-dir", str(tmp_path), *more)
    _, said = await sandbox.communicate()
    assert sandbox.returncode == 1
    assert f"port {taken} ({option}) on 127.0.0.1 is in use" in said.decode()


async def test_a_demo_whose_terminal_closes_ends():
    port = free_port()
    demo = await codesvc("demo", "--port-base", str(port))
    async with aiohttp.ClientSession() as http:
        await ready(http, f"http://127.0.0.1:{port}", demo)
    demo.send_signal(signal.SIGHUP)
    await asyncio.wait_for(demo.communicate(), 60)
    assert demo.returncode == 0
