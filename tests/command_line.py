"""A command of `codesvc`, as a terminal runs it: in a process of its own, with its own environment and directory.

Most of what a short command costs is the import of codesvc. So each test process has one process that has imported all
of it (`tests.command_host`), and forks a new one for each command. How a command starts from nothing, and what it
imports, is tried by tests/process and tests/commands, which run the interpreter.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


@functools.cache
def host():
    """The address of the process that forks; it ends with this one."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.command_host"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    address = process.stdout.readline().decode().strip()
    process.stdout.close()
    assert address, "the process that forks commands has ended at once"

    def end():
        process.stdin.close()
        process.wait()

    atexit.register(end)
    return address


class Command:
    """A command that has begun."""

    def __init__(self, words, typed="", cwd=None, environment=None):
        self.files = out, err = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115  `result` closes them
        asked = {"words": list(map(str, words)), "cwd": str(cwd or Path.cwd()), "environment": environment or {}}
        asked["environment"] = {**os.environ, **asked["environment"]}
        typing, typist = os.pipe()
        self.line = socket.socket(socket.AF_UNIX)
        self.line.connect(host())
        socket.send_fds(self.line, [json.dumps(asked).encode() + b"\n"], [typing, out.fileno(), err.fileno()])
        os.close(typing)
        os.write(typist, typed.encode())
        os.close(typist)

    def result(self, status):
        """Its exit status, its standard output and its standard error."""
        self.line.close()
        told = []
        for file in self.files:
            file.seek(0)
            told.append(file.read().decode())
            file.close()
        return int(status), *told


async def codesvc(*words, typed="", cwd=None, **environment):
    """Run a command: its exit status, its standard output and its standard error."""
    command = Command(words, typed, cwd, environment)
    command.line.settimeout(0)
    return command.result(await asyncio.get_running_loop().sock_recv(command.line, 16))


def codesvc_blocking(*words, typed="", cwd=None, **environment):
    """The same for a test without a loop."""
    command = Command(words, typed, cwd, environment)
    return command.result(command.line.recv(16))
