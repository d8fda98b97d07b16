"""A command of `codesvc`, as a terminal runs it."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE


async def codesvc(*words, typed="", cwd=None, **environment):
    """Run a command in a process of its own: its exit status, its standard output and its standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "codesvc.cli", *map(str, words)),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd=cwd,
        env=os.environ | environment,
    )
    out, err = await process.communicate(typed.encode())
    return process.returncode, out.decode(), err.decode()
