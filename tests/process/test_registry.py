"""Sites set up at run time, over real processes: two workers, commands beside them, and a restart."""

from __future__ import annotations

import asyncio
import json
import re
import signal

import aiohttp

from codesvc.config.api_keys import hash_line
from tests.command_line import codesvc
from tests.process.processes import ready, serving, worker_pids

ADMIN = "csa_" + "a" * 43


async def ask(base, method, path, body=None, *, key=ADMIN):
    """One call on a connection of its own: whichever worker takes it."""
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.request(method, base + path, json=body) as answer,
    ):
        return answer.status, await answer.json(content_type=None) if answer.status != 204 else None


async def settled(base, key, wanted):
    """Every worker answers so: 30 connections in a row; bounded by tries."""
    in_a_row = 0
    for _ in range(300):
        status, _ = await ask(base, "GET", "/v1/verifications/vf_none", key=key)
        in_a_row = in_a_row + 1 if status == wanted else 0
        if in_a_row == 30:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"not every worker answers {wanted}")


async def command(path, *words):
    status, out, complained = await codesvc(*words, "--config", path)
    assert status == 0, complained
    return out


async def test_every_worker_knows_and_a_restart_forgets_nothing(config, tmp_path):
    path, base = config
    with path.open("a") as file:
        file.write(f'\n[[admin.keys]]\nname = "office"\nhash = "{hash_line(ADMIN)}"\n')
        file.write('scopes = ["read", "sites", "accounts", "keys"]\n')
    async with serving(path, "--workers", "2") as process:
        async with aiohttp.ClientSession() as http:
            await ready(http, base, process)
        await worker_pids(process.pid, 2)
        status, accounts = await ask(base, "GET", "/admin/v1/accounts")
        site = {"name": "Tea", "account": accounts["names"][0]}
        assert (await ask(base, "PUT", "/admin/v1/sites/tea", site))[0] == 201
        status, made = await ask(
            base, "PUT", "/admin/v1/sites/tea/keys/old", {"scopes": ["verify", "bindings", "openids"]}
        )
        assert status == 201
        await settled(base, made["key"], 404)
        said = await command(path, "keys", "add", "tea", "new", "--scopes", "verify,bindings,openids")
        new = re.search(r"csk_tea_\S+", said)[0]
        await settled(base, new, 404)
        await command(path, "keys", "remove", "tea", "old")
        await settled(base, made["key"], 401)
        await settled(base, new, 404)
        assert (await ask(base, "PUT", "/v1/bindings/alice", {"openid": "o12345678"}, key=new))[0] == 201
        taken = tmp_path / "taken.jsonl"
        assert "1 bindings written" in await command(path, "bindings", "export", str(taken), "--site", "tea")
        assert json.loads(taken.read_text().splitlines()[0])["user"] == "alice"
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    async with serving(path, forked=True) as process:
        async with aiohttp.ClientSession() as http:
            await ready(http, base, process)
        assert (await ask(base, "GET", "/v1/bindings/alice", key=new))[0] == 200
        assert (await ask(base, "GET", "/v1/bindings/alice", key=made["key"]))[0] == 401
