"""Walk-throughs of the pages for operators, step by step, as they stand there."""

import asyncio
import os
import re
import sys
from pathlib import Path

from tests.command_line import directory_of_codesvc

PAGES = Path(__file__).parents[2] / "docs" / "en"
GUIDES = [
    PAGES / f"{name}.md"
    for name in (
        "operating",
        "deploying",
        "secrets",
        "backup",
        "personal-data",
        "monitoring",
        "admin-pages",
        "administration",
    )
]
"""The pages that an operator works through."""


def steps(heading):
    """The shell blocks under one heading, in order."""
    text = "\n## \n".join(path.read_text(encoding="utf-8") for path in GUIDES)
    section = re.search(rf"^## {re.escape(heading)}(?: \{{#[\w-]+\}})?$(.*?)(?=^##)", text, re.MULTILINE | re.DOTALL)
    assert section, heading
    found = re.findall(r"^```sh\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL)
    assert found, heading
    return found


async def walk(step, directory, **env):
    """Do what a block says, in a directory; what it printed. Fails if any line of it does."""
    path = f"{directory_of_codesvc()}:{Path(sys.executable).parent}:{os.environ['PATH']}"
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
