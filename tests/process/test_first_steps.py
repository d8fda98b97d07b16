"""The README's "Run it", line by line as it stands, from an empty directory to a code in the sandbox's chat."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OWN_NETWORK = ("unshare", "--map-root-user", "--net", "bash", "-c", 'ip link set lo up && exec "$@"', "-")
MARK = "line-ended"
KEYWORD_LINE = re.compile(r"^ {4}(\w{8})$")
"""Of what `codesvc send` prints."""
PERSON = """
import json, re, sys, urllib.request
def call(path, body):
    call = urllib.request.Request("http://127.0.0.1:8081/sandbox/users" + path, json.dumps(body).encode())
    return json.load(urllib.request.urlopen(call))
me = call("", {"person": "ann"})["openid"]
call(f"/{me}/follow", {})
print(call(f"/{me}/send", {"text": sys.argv[1]})["messages"][-1]["content"])
"""


def lines_of_run_it():
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Run it\n")[2].partition("\n## ")[0]
    return re.search(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[1].splitlines()


@pytest.fixture
def own_network():
    """A command that runs others where nobody else listens: the README names ports."""
    if not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("NOT TESTED: the README's ports need a network of their own (Debian: util-linux, iproute2)")
    if subprocess.run((*OWN_NETWORK, "true"), check=False, capture_output=True).returncode:
        pytest.skip("NOT TESTED: this system gives no process a network of its own (unshare --net)")
    return OWN_NETWORK


class Shell:
    """A shell in which lines are typed one after the other."""

    def __init__(self, process):
        self._process = process

    @classmethod
    async def open(cls, *before, directory, env):
        pipe = asyncio.subprocess.PIPE
        command = (*before, "bash", "--noprofile", "--norc")
        return cls(
            await asyncio.create_subprocess_exec(
                *command, cwd=directory, env=env, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT
            )
        )

    def type(self, line):
        self._process.stdin.write(f"{line}\necho {MARK} $?\n".encode())

    async def ends(self, until=re.compile(rf"^{MARK} (\d+)$")):
        """What is printed until the line has ended, or until a pattern comes; and the match."""
        seen = ""
        async with asyncio.timeout(120):
            while line := (await self._process.stdout.readline()).decode():
                seen += line
                if found := until.search(line):
                    return seen, found
        raise AssertionError(seen)

    async def run(self, line):
        self.type(line)
        seen, found = await self.ends()
        assert found[1] == "0", f"{line}\n{seen}"
        return seen

    def beside(self, *command):
        """What another process in the same network prints."""
        inside = ("nsenter", f"--target={self._process.pid}", "--net", "--user", "--preserve-credentials")
        return subprocess.run((*inside, *command), check=True, capture_output=True, text=True).stdout

    async def close(self):
        self._process.stdin.close()
        await self._process.wait()


def fresh_environment():
    """As of a new user. pip takes what the tests have installed; the build backend too, where `make` put it there."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    kept["PATH"] = f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}{kept['PATH']}"
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"} if find_spec("hatch_vcs") else {}
    return kept | offline | {"LANG": "C.UTF-8"}


async def test_every_line_of_run_it_works_in_the_order_of_the_lines(own_network):
    lines, env = lines_of_run_it(), fresh_environment()
    assert [line.split()[1] for line in lines[-3:]] == ["serve", "check", "send"]
    # The install may need an index; what follows needs ports of its own: a second shell goes on where the first ends.
    installed = next(number for number, line in enumerate(lines) if line.startswith("pip install"))
    shell = await Shell.open(directory=ROOT, env=env)
    for line in lines[: installed + 1]:
        await shell.run(line)
        if "venv" in line:  # what codesvc depends on is there, and needs no index
            packages = sysconfig.get_paths()["purelib"]
            await shell.run(f'echo {packages} > "$(echo .venv/lib/python3*/site-packages)/tests.pth"')
    here = (await shell.run("pwd")).split()[0]
    await shell.close()
    shell = await Shell.open(*own_network, directory=here, env=env)
    try:
        await shell.run(". .venv/bin/activate")
        for line in lines[installed + 1 : -2]:
            await shell.run(line)
            if "&" in line:  # a person types the next line a moment later
                port = 8081 if "sandbox" in line else 8080
                await shell.run(f"until (echo > /dev/tcp/127.0.0.1/{port}) 2> /dev/null; do sleep 0.1; done")
        checked = await shell.run(lines[-2])
        assert " 0 fail" in checked
        assert "configuration: valid" in checked
        where = (await shell.run("pwd; command -v codesvc")).split()
        assert where[1] == f"{where[0]}/.venv/bin/codesvc"
        shell.type(lines[-1])
        _, found = await shell.ends(KEYWORD_LINE)
        seen_in_chat = await asyncio.to_thread(shell.beside, sys.executable, "-c", PERSON, found[1])
        assert re.search(r"\b\d{6}\b", seen_in_chat)
        seen, found = await shell.ends()
        assert found[1] == "0", seen
        assert "sent by reply" in seen
    finally:
        shell.type("kill $(jobs -p)")
        await shell.close()
