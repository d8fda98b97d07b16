"""The samples of the reference at /docs, run in their languages against a service that writes down what it is asked."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import web

from codesvc.web.contract import describe
from codesvc.web.contract.samples import LANGUAGES, call_of, samples
from codesvc.web.pages.contract_page import _samples
from tests.http_servers import shut_down
from tests.programs import program_path
from tests.stores import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def contract():
    return describe("https://code.example.com")


def every_call(contract):
    for path, item in contract["paths"].items():
        for method, operation in item.items():
            if _samples(path, method, operation):
                yield operation, call_of(path, method, operation)


class Recorder:
    """Answers each call as the contract's example does, and keeps what came."""

    def __init__(self, contract):
        self.heard = []
        self.calls = [(call, operation) for operation, call in every_call(contract)]
        self.document = contract
        self.path_of = {each["operationId"]: path for path, item in contract["paths"].items() for each in item.values()}

    async def answer(self, request):
        self.heard.append((request.method, request.path_qs, request.headers.get("Authorization"), await request.read()))
        call, operation = next(
            (call, operation)
            for call, operation in self.calls
            if call.method == request.method and urlsplit(call.path).path == request.rel_url.raw_path
        )
        status, answer = next((int(status), each) for status, each in operation["responses"].items() if status < "4")
        content = next(iter(answer.get("content", {}).values()), {})
        if call.streams:
            state = self.document["paths"][self.path_of[call.id].removesuffix("/events")]["get"]["responses"]["200"]
            ended = state["content"]["application/json"]["example"] | {"status": "canceled"}
            text = f"event: change\ndata: {json.dumps(ended)}\n\n"
            return web.Response(text=text, content_type="text/event-stream")
        if "example" not in content:
            return web.Response(status=status)
        return web.json_response(content["example"], status=status)


@pytest.fixture
async def recorder(contract):
    recorder = Recorder(contract)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", recorder.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    recorder.url = f"http://127.0.0.1:{port}"
    yield recorder
    await shut_down(runner)


KEYS = {f"CODESVC_{name}_KEY": f"a-key-for-{name}" for name in ("API", "ADMIN", "EVENT")}


def program(language, texts, directory):
    """All samples as one program of that language: the command that runs it."""
    if language == "curl":
        (directory / "all.sh").write_text("set -e\n" + "\necho\n".join(texts) + "\n")
        return ["bash", "all.sh"], "curl"
    if language == "python":
        (directory / "all.py").write_text("\n".join(texts))
        return [sys.executable, "all.py"], sys.executable
    if language == "php":
        (directory / "all.php").write_text("<?php\n" + "\n".join(text.removeprefix("<?php\n") for text in texts))
        return ["php", "all.php"], "php"
    if language == "node":
        (directory / "all.mjs").write_text("\n".join("{\n" + text + "}" for text in texts))
        return ["node", "all.mjs"], "node"
    methods = "\n".join(f"static void call{n}() throws Exception {{\n{text}}}" for n, text in enumerate(texts))
    calls = "\n".join(f"call{n}();" for n in range(len(texts)))
    (directory / "All.java").write_text(
        "import java.net.URI;\nimport java.net.http.*;\npublic class All {\n"
        f"{methods}\npublic static void main(String[] a) throws Exception {{\n{calls}\n}}\n}}\n"
    )
    return ["java", "All.java"], "java"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_sample_sends_what_the_example_says(recorder, language, tmp_path, contract):
    wanted = [call for _, call in every_call(contract)]
    command, needed = program(language, [samples(call)[language] for call in wanted], tmp_path)
    program_path(needed)
    ran = await asyncio.to_thread(
        subprocess.run, command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, **KEYS, "CODESVC_URL": recorder.url, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert len(recorder.heard) == len(wanted)
    for call, (method, address, key, body) in zip(wanted, recorder.heard, strict=True):
        assert (method, urlsplit(address).path) == (call.method, urlsplit(call.path).path), call.id
        assert dict(parse_qsl(urlsplit(address).query)) == dict(parse_qsl(urlsplit(call.path).query)), call.id
        if call.key:
            assert key == f"Bearer {KEYS[call.key]}", call.id
        if call.body:
            assert json.loads(body) == call.body, call.id
