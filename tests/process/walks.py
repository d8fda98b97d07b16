"""Walk-throughs of docs/en/operating.md, step by step, as they stand there."""

import asyncio
import os
import re
import sys
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "en" / "operating.md"


def steps(heading):
    """The shell blocks under one heading, in order."""
    text = GUIDE.read_text(encoding="utf-8")
    section = re.search(rf"^### {re.escape(heading)}$(.*?)(?=^##)", text, re.MULTILINE | re.DOTALL)
    assert section, heading
    found = re.findall(r"^```sh\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)
    assert found, heading
    return found


async def walk(step, directory, **env):
    """Do what a block says, in a directory; what it printed. Fails if any line of it does."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", step),
        cwd=directory,
        env=os.environ | {"PATH": path} | {name: str(value) for name, value in env.items()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(shell.communicate(), 60)
    assert shell.returncode == 0, f"{step}\n{said.decode()}"
    return said.decode()
