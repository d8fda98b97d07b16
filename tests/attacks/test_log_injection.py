"""Nobody outside writes a log line: whatever is sent, each line is one event of the service's own."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from urllib.parse import quote

import aiohttp
import pytest

from codesvc.config.api_keys import hash_line
from tests.process.processes import CONFIG, KEY, ready
from tests.stores import free_port

FORGED = 'x\r\n2026-01-01T00:00:00Z [info] approved\r\n{"event":"approved","site":"shop"}\x1b[2J\x1b]0;t\x07\u2028\x85'
HUMAN = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z \[\w+ *\] \w+")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


async def pester(http, base):
    """Send the forged line through every door that takes text."""
    auth = {"Authorization": f"Bearer {KEY}"}
    start = {"purpose": "register", "user": "u-1", "client_ip": "192.0.2.1"}
    escaped = quote(FORGED)
    calls = [
        ("POST", "/v1/verifications", {"json": {**start, "user_agent": FORGED, "locale": FORGED}}),
        ("POST", "/v1/verifications", {"json": {**start, "metadata": {FORGED: FORGED}}}),
        ("POST", "/v1/verifications", {"json": {**start, "user": FORGED}}),
        ("POST", "/v1/verifications", {"json": {**start, "purpose": FORGED, FORGED: 1}}),
        ("POST", "/v1/verifications", {"json": {**start, "return_url": FORGED}}),
        ("POST", "/v1/logins", {"json": {"client_ip": FORGED, "user_agent": FORGED}}),
        ("PUT", f"/v1/bindings/{escaped}", {"json": {"openid": FORGED}}),
        ("GET", f"/p/{escaped}", {}),
        ("GET", f"/problems/{escaped}?{escaped}", {}),
        ("GET", f"/t/{escaped}", {}),
        ("POST", f"/wechat/{escaped}", {"data": FORGED.encode()}),
        ("POST", f"/wechat/main?signature={escaped}&timestamp={escaped}&nonce={escaped}", {"data": FORGED.encode()}),
        ("GET", f"/wechat/main?signature={escaped}&timestamp=1&nonce=1&echostr={escaped}", {}),
        ("GET", f"/wechat/main/oauth?code={escaped}&state={escaped}", {}),
        ("POST", "/v1/wechat/events", {"json": {"account": FORGED, "type": FORGED}}),
    ]
    for method, path, more in calls:
        async with http.request(method, base + path, headers=auth, **more) as answer:
            assert answer.status < 500
    header = FORGED.replace("\r", "").replace("\n", " ").encode("utf-8", "replace").decode("latin-1")
    for name in ("X-Request-Id", "User-Agent", "traceparent", "Referer", "Cookie", "Idempotency-Key"):
        printable = re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", "", header)
        async with http.post(base + "/v1/verifications", json=start, headers={**auth, name: printable}) as answer:
            assert answer.status < 500
    async with http.request("EVIL-METHOD", base + "/healthz") as answer:
        assert answer.status < 500
    return len(calls) + 7


@pytest.mark.parametrize("kind", ["json", "human"])
async def test_each_line_is_one_event(tmp_path, kind):
    port = free_port()
    config, log = tmp_path / "config.toml", tmp_path / "log"
    config.write_text(CONFIG.format(port=port, hash=hash_line(KEY)))
    config.chmod(0o600)
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "codesvc.cli", "serve", "--config", config, "--log", kind), stderr=stderr
        )
    try:
        async with aiohttp.ClientSession() as http:
            await ready(http, f"http://127.0.0.1:{port}", process)
            sent = await pester(http, f"http://127.0.0.1:{port}")
        process.terminate()
        async with asyncio.timeout(60):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = log.read_text(encoding="utf-8").splitlines()
    assert len(lines) > sent
    for line in lines:
        if kind == "json":
            assert json.loads(line)["event"] != "approved"
        else:
            assert HUMAN.match(COLOUR.sub("", line)), line
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", COLOUR.sub("", line))
