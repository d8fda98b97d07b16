"""Runs commands of `codesvc`, each in a fork of itself, for `tests.command_line`: python -m tests.command_host.

It has imported everything, opened nothing, and runs no thread and no loop. It prints the address of a socket that takes
a command in JSON with its three files, and answers a line with the number of the process, and one with its exit status.
It ends when its standard input does.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import select
import shutil
import signal
import socket
import sys
import tempfile

import codesvc.app
import codesvc.cli
from codesvc.messages.templates import Templates
from codesvc.store import script


def imported():
    """Import what commands import when they begin, and compile what services would compile one by one."""
    for module in pkgutil.walk_packages(codesvc.cli.__path__, "codesvc.cli."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    Templates().try_all()
    for name in script.names():
        script.load(name)


def become(asked, files):
    """Be the command, and end."""
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    for place, name in enumerate(("stdin", "stdout", "stderr")):
        # A stream learns when it is made whether its file can be wound back.
        ours = getattr(sys, name)
        stream = open(place, ours.mode, encoding=ours.encoding, errors=ours.errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["cwd"])
    sys.argv = [codesvc.cli.__file__, *asked["words"]]
    sys.exit(codesvc.cli.main())


def keep(line):
    """Fork the command, answer its number, wait for it, and answer its status."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    words, files, _, _ = socket.recv_fds(line, 1 << 16, 3)
    while not words.endswith(b"\n"):
        words += line.recv(1 << 16)
    command = os.fork()
    if command == 0:
        line.close()
        become(json.loads(words), files)
    for file in files:
        os.close(file)
    line.sendall(b"%d\n" % command)
    _, status = os.waitpid(command, 0)
    line.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def serve(asking):
    """Take commands until the standard input ends."""
    while True:
        ready, _, _ = select.select([asking, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        line, _ = asking.accept()
        if os.fork() == 0:
            asking.close()
            keep(line)
        line.close()


def main():
    imported()
    gc.freeze()
    # Keepers are waited for by nobody.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    directory, own = tempfile.mkdtemp(prefix="cs-"), os.getpid()
    try:
        with socket.socket(socket.AF_UNIX) as asking:
            asking.bind(f"{directory}/s")
            asking.listen()
            sys.stdout.write(f"{directory}/s\n")
            sys.stdout.flush()
            serve(asking)
    finally:
        if os.getpid() == own:  # and no command, which leaves by here, too
            shutil.rmtree(directory)


if __name__ == "__main__":
    main()
