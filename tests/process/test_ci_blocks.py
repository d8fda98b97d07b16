"""What the documentation gives for a website's CI, run as it stands in a directory with a test of the website."""

from __future__ import annotations

import re
import shutil
import sysconfig
from pathlib import Path

import pytest
import yaml

from tests.process.test_first_steps import Shell, fresh_environment, own_network

__all__ = ["own_network"]
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ASKS_WECHAT = """
import requests

def test_the_sandbox_answers_under_wechats_name():
    answer = requests.get("https://api.weixin.qq.com/cgi-bin/token", timeout=10)
    assert (answer.status_code, answer.json()["errcode"]) == (200, 40002)
"""


def blocks(side, page, language):
    text = (DOCS / side / f"{page}.md").read_text(encoding="utf-8")
    return [code for kind, code in BLOCK.findall(text) if kind == language]


def without_remarks(lines):
    return [line for line in lines if not line.startswith("#")]


def test_both_languages_give_the_same_commands():
    for page, language, mark in (("testing", "", "init --sandbox"), ("sandbox", "yaml", "jobs:")):
        found = [
            [line.strip() for line in each.splitlines()]
            for side in ("zh", "en")
            for each in blocks(side, page, language)
            if mark in each
        ]
        assert len(found) == 2
        assert without_remarks(found[0]) == without_remarks(found[1])


def test_every_install_of_a_clone_says_where_the_clone_comes_from():
    """`pip install .` installs the website, and in a clone within its directory pytest finds codesvc's own tests."""
    for side in ("zh", "en"):
        for path in (DOCS / side / "testing.md", DOCS / side / "sandbox.md"):
            for _, code in BLOCK.findall(path.read_text(encoding="utf-8")):
                if "pip install" in code:
                    assert "git clone REPOSITORY ../codesvc" in code.partition("pip install")[0], path
                    assert re.search(r"pip install '?\.\./codesvc", code), path


async def typed(own_network, directory, lines):
    """Type the lines; what the last one printed. Until the install is done there is a network: it may need an index."""
    env = fresh_environment() | {"GITHUB_ENV": str(directory / "env")}
    installed = next(number for number, line in enumerate(lines) if "pip install" in line)
    shell = await Shell.open(directory=directory, env=env)
    for line in lines[: installed + 1]:
        await shell.run(line.replace("REPOSITORY", str(ROOT)))
        if "-m venv" in line:  # what codesvc depends on is there, and needs no index
            packages = sysconfig.get_paths()["purelib"]
            await shell.run(f'echo {packages} > "$(echo .venv/lib/python3*/site-packages)/tests.pth"')
            # pip makes no program of a package that is there.
            program = r"#!%s/.venv/bin/python\nimport sys, pytest\nsys.exit(pytest.console_main())\n"
            await shell.run(f"printf '{program}' \"$PWD\" > .venv/bin/pytest && chmod +x .venv/bin/pytest")
    await shell.close()
    shell = await Shell.open(*own_network, directory=directory, env=env)
    try:
        if any("activate" in line for line in lines):
            await shell.run(". .venv/bin/activate")
        for line in lines[installed + 1 :]:
            said = await shell.run(line)
            if (directory / "env").exists():  # as the runner does between two steps
                await shell.run(f"set -a; . {directory / 'env'}; set +a")
        return said
    finally:
        shell.type("kill $(jobs -p)")
        await shell.close()


@pytest.fixture
def empty(tmp_path):
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("NOT TESTED: the blocks for CI clone this checkout, and it has no history here")
    website = tmp_path / "website"
    website.mkdir()
    return website


async def test_the_block_of_test_identities(own_network, empty):
    [test] = [code for code in blocks("en", "testing", "python") if "def test_" in code]
    (empty / "test_codes.py").write_text(test, encoding="utf-8")
    [block] = [code for code in blocks("en", "testing", "") if "pip install" in code]
    said = await typed(own_network, empty, without_remarks(block.splitlines()))
    assert re.search(r"\b1 passed", said)


async def test_the_block_of_the_sandbox(own_network, empty):
    (empty / "test_wechat.py").write_text(ASKS_WECHAT, encoding="utf-8")
    [block] = [code for code in blocks("en", "sandbox", "yaml") if "jobs:" in code]
    steps = [step["run"] for step in yaml.safe_load(block)["jobs"]["test"]["steps"] if "run" in step]
    lines = without_remarks([*steps[0].splitlines(), steps[1]])
    said = await typed(own_network, empty, lines)
    assert re.search(r"\b1 passed", said)
