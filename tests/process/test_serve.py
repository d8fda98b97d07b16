"""`codesvc serve` as a process: starts, stops, and survives being killed with what it acknowledged."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.process.processes import KEY, alive, caller, children, ready, serving, worker_pids


async def test_a_killed_service_loses_no_binding_and_leaves_no_orphan(config):
    path, base = config
    async with caller(KEY) as http:
        async with serving(path) as process:
            await ready(http, base, process)
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
            await ready(http, base, process)
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


@pytest.fixture
def full_disk():
    with Path("/dev/full").open("wb") as full:
        yield full


async def test_a_service_whose_log_has_no_room_starts_and_says_so(config, full_disk):
    path, base = config
    path.chmod(0o644)  # a notice is printed about it
    async with serving(path, log=full_disk) as process, aiohttp.ClientSession() as http:
        await ready(http, base, process)

        async def state():
            # A thread of its own writes the log, so the first lines may still wait.
            async with http.get(f"{base}/readyz", headers={"Authorization": f"Bearer {KEY}"}) as answer:
                found = {each["component"]: each["state"] for each in (await answer.json())["components"]}
            return found["log"]

        for _ in range(1000):
            if await state() == "not written":
                break
            await asyncio.sleep(0.01)
        else:
            raise AssertionError("the log reads as written")


async def test_workers_share_a_port_and_a_crashed_one_is_replaced(config):
    path, base = config
    auth = {"Authorization": f"Bearer {KEY}"}
    async with serving(path, "--workers", "2") as process:
        async with aiohttp.ClientSession(headers=auth) as http:
            await ready(http, base, process)
            async with http.put(f"{base}/v1/bindings/alice", json={"openid": "o12345678"}) as answer:
                assert answer.status == 201
            # Numbers are handed on in batches: killed before, the worker would take them with it.
            for _ in range(1000):
                async with http.get(f"{base}/metrics") as answer:
                    if 'method="PUT",route="/v1/bindings/{user}",status="201"' in await answer.text():
                        break
                await asyncio.sleep(0.01)
        workers = await worker_pids(process.pid, 2)
        os.kill(workers[0], signal.SIGKILL)
        replaced = await worker_pids(process.pid, 2, without=workers[0])
        assert workers[1] in replaced
        for _ in range(20):
            async with aiohttp.ClientSession(headers=auth) as http:
                await ready(http, base, process)
                async with http.get(f"{base}/v1/bindings/alice") as answer:
                    assert answer.status == 200
                async with http.get(f"{base}/metrics") as answer:
                    assert "codesvc_http_request_seconds_count" in await answer.text()
        # Of all workers together, whichever answers; what the killed one had counted stays.
        series = 'codesvc_http_request_seconds_count{{method="{}",route="/v1/bindings/{{user}}",status="{}"}} {}.0'
        for _ in range(5):
            async with aiohttp.ClientSession(headers=auth) as http, http.get(f"{base}/metrics") as answer:
                numbers = await answer.text()
            assert series.format("GET", 200, 20) in numbers
            assert series.format("PUT", 201, 1) in numbers
            assert "codesvc_store_up 1.0" in numbers
        everybody = children(process.pid)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        assert not any(alive(pid) for pid in everybody)


async def test_a_taken_port_is_told(config):
    path, base = config
    async with serving(path, "--workers", "2") as process:
        async with aiohttp.ClientSession() as http:
            await ready(http, base, process)
        other = path.with_name("other.toml")
        other.write_text(path.read_text().replace('data_dir = "data"', 'data_dir = "other"'))
        second = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "codesvc.cli", "serve", "--config", other, "--workers", "2"),
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await second.communicate()
        assert second.returncode == 1
        assert b"cannot listen on 127.0.0.1, port" in said
        assert process.returncode is None


def test_a_worker_whose_parent_has_ended_does_not_begin():
    """Its parent was killed while it was starting, and had given it all that it needs."""
    command = [sys.executable, "-m", "codesvc.cli", "serve", "--config", "config.toml"]
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    environment = os.environ | {"CODESVC_WORKER": str(gone.pid)}
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode().strip()) == (1, "the service ended before its worker began")
