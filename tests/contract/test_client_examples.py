"""The examples of docs/en/client.md: they type-check, and they do what the text says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from codesvc.client import Client, SyncClient
from tests.contract.background import world_in_background
from tests.world import KEY, wrong

ROOT = Path(__file__).parents[2]
SHOP = "https://shop.example"


@pytest.fixture(scope="module")
def source():
    page = (ROOT / "docs" / "en" / "client.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    return "\n\n".join(blocks)


@pytest.fixture(scope="module")
def shown(source):
    module = ModuleType("shown")
    exec(compile(source, "docs/en/client.md", "exec"), module.__dict__)  # noqa: S102  our own documentation
    return module


def test_they_are_typed(source, tmp_path):
    pytest.importorskip("mypy", reason="NOT TESTED: types of the documentation's examples need the lint group")
    path = tmp_path / "shown.py"
    path.write_text(source, encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", tmp_path / "cache", path],
        capture_output=True, text=True, check=False, cwd=ROOT, env={"MYPYPATH": str(ROOT)},
    )  # fmt: skip
    assert checked.stdout + checked.stderr == ""


async def scanned(world, codes, started):
    person = await world.person()
    await person.scan((await codes.scan(started.id)).url)
    return await person.code_in_chat()


async def test_a_sign_up_and_a_reset(world, shown):
    async with Client(world.service, KEY) as codes:
        started = await shown.begin_sign_up(codes, "attempt-1", "192.0.2.1", "")
        assert not await shown.finish_sign_up(codes, started.id, "alice")
        code = await scanned(world, codes, started)
        told = await shown.check_typed(codes, started.id, wrong(code), "192.0.2.1")
        assert told == "Wrong code. Attempts left: 4."
        assert await shown.check_typed(codes, started.id, code, "192.0.2.1") == "Welcome, attempt-1."
        assert await shown.look_at(codes, (await codes.get(started.id)).proof) == "open"
        assert await shown.finish_sign_up(codes, started.id, "alice")
        assert await shown.wait_for_end(codes, started.id) == "approved"
        assert await shown.check_typed(codes, started.id, code, "192.0.2.1") == "Over: approved."
        reset = await codes.start(purpose="register", user="bob", client_ip="192.0.2.1")
        approved = await codes.check(reset.id, await scanned(world, codes, reset))
        assert not await shown.may_reset(codes, approved.proof, "bob", reset.id)
        assert isinstance(shown.patient(world.service, KEY), Client)


def test_without_asyncio(store_url, tmp_path, shown):
    with world_in_background(store_url, tmp_path) as (world, _):
        assert shown.page_for(world.service, KEY, "attempt-1", "192.0.2.1").startswith(f"{world.service}/p/")
    assert shown.SyncClient is SyncClient
