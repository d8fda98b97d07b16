"""A command of `codesvc`, as a terminal runs it: in a process of its own, with its own environment and directory.

Most of what a short command costs is the import of codesvc. So each test process has one process that has imported all
of it (`tests.command_host`), and forks a new one for each command, and for services where many of them start. How a
command or a service starts from nothing, what it imports, and how it reloads is tried by tests/process and
tests/commands, which run the interpreter.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).parents[1]


BEGINNING = threading.Lock()


def host():
    """The address of the process that forks; it ends with this one."""
    with BEGINNING:
        return _begun_host()


@functools.cache
def _begun_host():
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


def _asked(words, files, cwd, environment):
    """The line to the process that forks it, which answers its number, then its exit status."""
    asked = {"words": list(map(str, words)), "cwd": str(cwd or Path.cwd()), "environment": environment}
    line = socket.socket(socket.AF_UNIX)
    line.connect(host())
    socket.send_fds(line, [json.dumps(asked).encode() + b"\n"], files)
    return line


TYPED = """\
#!{python} -SE
import json, os, signal, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    asked = {{"words": sys.argv[1:], "cwd": os.getcwd(), "environment": dict(os.environ)}}
    socket.send_fds(line, [json.dumps(asked).encode() + b"\\n"], [0, 1, 2])
    with line.makefile("rb") as answer:
        command = int(answer.readline())
        signal.signal(signal.SIGTERM, lambda *_: os.kill(command, signal.SIGTERM))
        status = int(answer.readline())
sys.exit(status if status >= 0 else 128 - status)
"""


@functools.cache
def directory_of_codesvc():
    """A directory with a command `codesvc` for a shell's PATH: such a fork, with the terminal's files and status."""
    return program_of(host(), Path(host()).parent)


def program_of(address, directory):
    """Put that command into a directory; it is forked by the process at this address."""
    program = directory / "codesvc"
    program.write_text(TYPED.format(python=sys.executable, address=address))
    program.chmod(0o755)
    return directory


class Command:
    """A command that has begun."""

    def __init__(self, words, typed="", cwd=None, environment=None):
        self.files = out, err = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115  `result` closes them
        typing, typist = os.pipe()
        self.line = _asked(words, [typing, out.fileno(), err.fileno()], cwd, {**os.environ, **(environment or {})})
        os.close(typing)
        os.write(typist, typed.encode())
        os.close(typist)

    def result(self, answer):
        """Its exit status, its standard output and its standard error."""
        told = []
        for file in self.files:
            file.seek(0)
            told.append(file.read().decode())
            file.close()
        return int(answer.split()[1]), *told


async def codesvc(*words, typed="", cwd=None, **environment):
    """Run a command: its exit status, its standard output and its standard error."""
    # The import of codesvc takes seconds on a busy machine, in which the test's own service would stand still.
    await asyncio.to_thread(host)
    command = Command(words, typed, cwd, environment)
    reader, writer = await asyncio.open_unix_connection(sock=command.line)
    answer = await reader.read()
    writer.close()
    return command.result(answer)


def codesvc_blocking(*words, typed="", cwd=None, **environment):
    """The same for a test without a loop."""
    command = Command(words, typed, cwd, environment)
    with command.line, command.line.makefile("rb") as reader:
        return command.result(reader.read())


class Service:
    """A command that runs on; with what tests use of `asyncio.subprocess.Process`.

    Attributes:
        pid: the number of its process.
        returncode: its exit status, the negative of the signal that killed it, or None while it runs.
    """

    def __init__(self, pid, reader, writer):
        self.pid = pid
        self.returncode = None
        self._ending = asyncio.create_task(self._end(reader, writer), name="the end of a service")

    async def _end(self, reader, writer):
        self.returncode = int(await reader.readline())
        writer.close()

    async def wait(self):
        """Wait for its end: its exit status."""
        await asyncio.shield(self._ending)
        return self.returncode

    def send_signal(self, number):
        # It may have ended although its exit status has not been read yet.
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


async def begin(*words, log=None, environment=None):
    """Begin a command that runs on. Its standard error goes into the file `log`.

    Use it where many services start and what matters is what a service does, not how its process begins.
    """
    await asyncio.to_thread(host)
    nothing = os.open(os.devnull, os.O_RDWR)
    files = [nothing, nothing, log.fileno() if log else nothing]
    line = _asked(words, files, None, {**os.environ, **(environment or {})})
    os.close(nothing)
    reader, writer = await asyncio.open_unix_connection(sock=line)
    return Service(int(await reader.readline()), reader, writer)
