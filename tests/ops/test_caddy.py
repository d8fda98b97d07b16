"""The examples for Caddy, run: what they pass on, what they keep from the world, and what they do not write down.

Caddy is optional: without it these tests say that nothing was checked.
"""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from tests.ops.nginx import free_port
from tests.ops.test_nginx import ASKED, SECRETS, TOKEN, _babbles, _breaks, _stops
from tests.programs import program_path
from tests.raw_server import raw_server
from tests.world import KEY

EXAMPLES = Path(__file__).parents[2] / "ops" / "caddy"
PREFIXES = {"Caddyfile": "", "Caddyfile-path": "/auth"}


@asynccontextmanager
async def caddy(directory, name, port, upstream):
    """The example on loopback without TLS, in front of `upstream`; all that it writes goes into one file."""
    text = (EXAMPLES / name).read_text(encoding="utf-8").replace("127.0.0.1:288", f"127.0.0.1:{upstream}")
    text = re.sub(r"^(code|www)\.example\.com \{", f"http://127.0.0.1:{port} {{", text, flags=re.MULTILINE)
    # The first block is Caddy's global options.
    text = re.sub(r"^\{", "{\n\tadmin off\n\tauto_https off", text, count=1, flags=re.MULTILINE)
    (directory / "Caddyfile").write_text(text, encoding="utf-8")
    home = {"HOME": str(directory), "XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
    command = [program_path("caddy"), "run", "--adapter", "caddyfile", "--config", str(directory / "Caddyfile")]
    with (directory / "caddy.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, env=os.environ | home)
        try:
            for _ in range(1_000):
                with suppress(OSError):
                    (await asyncio.open_connection("127.0.0.1", port))[1].close()
                    break
                assert process.returncode is None, (directory / "caddy.log").read_text(encoding="utf-8")
                await asyncio.sleep(0.01)
            yield directory / "caddy.log"
        finally:
            process.terminate()
            await process.wait()


@pytest.mark.parametrize("name", PREFIXES)
@pytest.mark.parametrize("service", [None, _breaks, _babbles, _stops])
async def test_no_log_has_a_secret_when_the_service_does_not_answer(tmp_path, name, service):
    port, upstream = free_port(), free_port()
    async with AsyncExitStack() as stack:
        if service is not None:
            upstream = await stack.enter_async_context(raw_server(service))
        log = await stack.enter_async_context(caddy(tmp_path, name, port, upstream))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        sent = {"Authorization": f"Bearer {KEY}", "Referer": f"https://code.example.com/p/{TOKEN}", "Cookie": TOKEN}
        statuses = []
        for method, path in ASKED:
            address = URL(f"http://127.0.0.1:{port}{PREFIXES[name]}{path}", encoded=True)
            with suppress(aiohttp.ClientError):
                async with http.request(method, address, headers=sent, allow_redirects=False) as answer:
                    statuses.append(answer.status)
                    await answer.read()
        written = log.read_text(encoding="utf-8")
    assert {word for word, secret in SECRETS.items() if secret in written} == set()
    assert service is _stops or statuses.count(502) >= len(ASKED) - 1, statuses
    # And yet an operator sees that the service did not answer.
    assert service is _stops or written.count('"status":502') >= len(ASKED) - 1


@pytest.mark.parametrize("name", PREFIXES)
async def test_a_verification_behind_caddy(tmp_path, new_world, name):
    port, own, prefix = free_port(), free_port(), PREFIXES[name]
    public = f"http://127.0.0.1:{port}{prefix}"
    more = {"service__public_url": public, "service__trusted_proxies": ["127.0.0.1"]}
    async with new_world(service_port=own, **more) as world, caddy(tmp_path, name, port, own):
        world = replace(world, service=public)  # noqa: PLW2901  what visitors reach
        person, started = await world.person(), await world.start()
        assert started["page_url"].startswith(f"{public}/p/")
        page = f"/p/{started['page_token']}"
        async with world.http.get(f"{public}{page}/events") as events:
            # The first event arrives while the stream stays open.
            assert (await asyncio.wait_for(events.content.readuntil(b"\n\n"), 60)).startswith(b"event:")
        for hidden in ("/metrics", "/admin", "/admin/login", "/test/clock"):
            answer = await world.call("POST" if "clock" in hidden else "GET", hidden, key=None)
            assert (answer.status, answer.headers.get("Content-Type", "")[:9]) == (404, ""), hidden
        for hidden in ("/%6Detrics", "/metrics%2F", "//metrics", "/x/../metrics", "/METRICS", "/metrics/"):
            async with world.http.get(URL(public + hidden, encoded=True)) as answer:
                assert (answer.status, "process_" in await answer.text()) == (404, False), hidden
        shown = await world.call("GET", page, key=None, headers={"Accept": "text/html"})
        assert shown.status == 200
        assert shown.headers["Strict-Transport-Security"] == "max-age=31536000"
        await person.say(started["scan"]["keyword"])
        forged = {"X-Forwarded-For": "203.0.113.9, 198.51.100.1", "Forwarded": "for=203.0.113.9"}
        code = await person.code_in_chat()
        wrong = "000000" if code != "000000" else "111111"
        assert (await world.page("POST", started, "/check", {"code": wrong}, headers=forged)).status == 422
        assert (await world.page("POST", started, "/check", {"code": f"验证码：{code}"}, headers=forged)).status == 200
        ready = await world.call("GET", "/readyz", key=None)
        assert "forwarded" not in ready.text.lower(), ready.text
        if prefix:
            bare = await world.call("GET", prefix, key=None, base=f"http://127.0.0.1:{port}")
            assert (bare.status, bare.headers["Location"]) == (308, f"{prefix}/")
            assert (await world.call("GET", f"{prefix}x/healthz", key=None, base=f"http://127.0.0.1:{port}")).text == ""
