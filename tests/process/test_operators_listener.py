"""`admin.listen` of a running service: every worker answers there, and an orphaned socket does not stop a start."""

import socket

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
