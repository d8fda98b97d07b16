"""Guided fuzzing: `python -m tests.fuzz.guided` reads a line of JSON for each target, and ends when all have ended.

A line names a target, a file for its output, and the arguments of libFuzzer. Each target runs in a fork, as many at
once as there are cores: to import and instrument codesvc takes seconds, and is done once. A target's name and exit
status are printed as soon as it has ended.

atheris (libFuzzer for Python) sees which branches an input takes and goes on from the inputs that take new ones.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr

import atheris


def become(target, log, arguments):
    """Be the process that fuzzes a target; it ends here."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    atheris.Setup([sys.argv[0], *arguments], target.hold)
    atheris.Fuzz()


def ended(running):
    """Wait for one of these processes and print how it ended."""
    process, status = os.wait()
    sys.stdout.write(f"{running.pop(process)} {os.waitstatus_to_exitcode(status)}\n")
    sys.stdout.flush()


def main():
    parsers = ["csv", "json", "tomllib", "urllib", "cattrs"]
    # It writes a line for each module.
    with redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["codesvc", *parsers]):
        from tests.fuzz.targets import TARGETS
    running = {}
    for line in sys.stdin.read().splitlines():
        name, log, arguments = json.loads(line)
        if len(running) == len(os.sched_getaffinity(0)):
            ended(running)
        process = os.fork()
        if process == 0:
            become(TARGETS[name], log, arguments)
        running[process] = name
    while running:
        ended(running)


if __name__ == "__main__":
    main()
