"""A client that openapi-typescript makes of the document compiles, and does the main job against the service."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.node_tools import installed
from tests.world import KEY

HERE = Path(__file__).parent / "node"
COMPILED = ("--strict", "--noEmitOnError", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom")


@pytest.fixture(scope="module")
def node_project(request, tmp_path_factory):
    """The pinned tools."""
    return installed(request, tmp_path_factory, HERE / "package.json")


def run(home, tool, *arguments):
    done = subprocess.run(
        [shutil.which("node"), home / "node_modules" / tool, *arguments],
        cwd=home, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def work(node_project, tmp_path):
    """A directory with the generated types and the programs that use them."""
    (tmp_path / "node_modules").symlink_to(node_project / "node_modules")
    for path in (HERE / "package.json", *HERE.glob("*.ts")):
        shutil.copy(path, tmp_path)
    return tmp_path


async def test_the_widgets_types_say_what_may_be_done_with_it(world, work):
    served = await world.call("GET", "/widget.d.ts", key=None)
    (work / "widget.d.ts").write_text(served.text, encoding="utf-8")
    await asyncio.to_thread(run, work, "typescript/bin/tsc", *COMPILED, "--noEmit", "widget_use.ts")


async def test_a_generated_client_compiles_and_does_the_job(world, work):
    served = await world.call("GET", "/openapi.json", key=None)
    (work / "openapi.json").write_text(served.text, encoding="utf-8")
    generate = ("openapi-typescript/bin/cli.js", "openapi.json", "-o", "contract.d.ts", "--default-non-nullable=false")
    await asyncio.to_thread(run, work, *generate)
    await asyncio.to_thread(run, work, "typescript/bin/tsc", *COMPILED, "drive.ts", "wrong.ts")
    person = await world.person()
    node = await asyncio.create_subprocess_exec(
        "node", "drive.js", world.service, KEY,
        cwd=work, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    shown = json.loads(await asyncio.wait_for(node.stdout.readline(), 60))
    assert shown["step"] == "scan"
    await person.scan(shown["detail"])
    rest, complaints = await asyncio.wait_for(node.communicate((await person.code_in_chat()).encode() + b"\n"), 60)
    assert node.returncode == 0, rest + complaints
    wrong, bound = [json.loads(line)["detail"] for line in rest.splitlines()]
    assert wrong == {"status": 422, "left": 4}
    assert bound == {"user": "alice", "sub": "attempt-ts", "made_by": "proof"}
    assert (await world.call("GET", "/v1/bindings/alice"))["openid"] == person.openid
