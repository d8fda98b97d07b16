"""The example test of docs/en/testing.md: its configuration is one, and it passes as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.contract.background import world_in_background
from tests.world import KEY

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def section():
    return (ROOT / "docs" / "en" / "testing.md").read_text(encoding="utf-8")


def block(section, language):
    (found,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return found


def test_it_passes(section, store_url, tmp_path, monkeypatch):
    users = tomllib.loads(block(section, "toml"))["sites"]["shop"]["test_users"]
    program = {}
    exec(compile(block(section, "python"), "docs/en/testing.md", "exec"), program)  # noqa: S102  our own documentation
    with world_in_background(store_url, tmp_path, sites__shop__test_users=users) as (world, _):
        monkeypatch.setenv("CODESVC_URL", world.service)
        monkeypatch.setenv("CODESVC_API_KEY", KEY)
        program["test_somebody_signs_up_and_resets"]()


def test_it_is_typed(section, tmp_path):
    pytest.importorskip("mypy", reason="NOT TESTED: types of the documentation's examples need the lint group")
    path = tmp_path / "shown.py"
    path.write_text(block(section, "python"), encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", tmp_path / "cache", path],
        capture_output=True, text=True, check=False, cwd=ROOT, env={"MYPYPATH": str(ROOT)},
    )  # fmt: skip
    assert checked.stdout + checked.stderr == ""
