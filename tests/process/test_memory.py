"""What a process holds in memory, the master key among it, is on no disk after a crash and for no neighbour to read."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.process.processes import ready, serving

BECOME = """
import os
import codesvc.runtime.memory_guard
os.setgroups([])
os.setgid(65_534)
os.setuid(65_534)
"""
GUARDED = """
import ctypes
from codesvc.runtime.memory_guard import guard_memory
guard_memory()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""
READ = "import sys; print(len(open(f'/proc/{sys.argv[1]}/environ', 'rb').read()))"


def core_limit(pid):
    [line] = [line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max core file")]
    return line.split()[4:6]


def descendants(pid):
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield int(child)
        yield from descendants(child)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_no_process_of_the_service_leaves_a_core(config, workers):
    path, base = config
    async with serving(path, "--workers", workers) as process:
        async with aiohttp.ClientSession() as http:
            await ready(http, base, process)
        everybody = [process.pid, *descendants(process.pid)]
        # The store among them, and each worker.
        assert len(everybody) >= 1 + 1 + (2 if workers == "2" else 0)
        limits = [core_limit(pid) for pid in everybody]
        process.terminate()
        assert await process.wait() == 0
    assert limits == [["0", "0"]] * len(limits)


def test_the_memory_of_a_guarded_process_cannot_be_dumped():
    done = subprocess.run([sys.executable, "-c", GUARDED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
async def test_a_process_of_the_same_user_does_not_read_it():
    waiting = BECOME + GUARDED + "import sys; sys.stdout.flush(); sys.stdin.read()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", waiting,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert await process.stdout.readline() == b"0\n"
    look = [sys.executable, "-c", BECOME + READ, str(process.pid)]
    done = await asyncio.to_thread(subprocess.run, look, capture_output=True, text=True, check=False)
    process.stdin.close()
    assert await process.wait() == 0
    assert "PermissionError" in done.stderr


async def test_workers_take_no_module_from_the_working_directory(config, tmp_path):
    """Whoever can write there, in /tmp for example, would run in the service."""
    path, base = config
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "hiredis.py").write_text("raise SystemExit('a module of the working directory')", encoding="utf-8")
    script = Path(sys.executable).with_name("codesvc")
    command = [str(script), "serve", "--config", str(path), "--workers", "2"]
    process = await asyncio.create_subprocess_exec(*command, cwd=shared, stderr=asyncio.subprocess.DEVNULL)
    async with aiohttp.ClientSession() as http:
        await ready(http, base, process)
    process.terminate()
    assert await process.wait() == 0


def test_a_command_leaves_no_core():
    """Most read the master key."""
    look = "import resource; from codesvc.cli import main; main(); print(resource.getrlimit(resource.RLIMIT_CORE))"
    command = [sys.executable, "-c", look, "webhooks", "secret"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "(0, 0)"
