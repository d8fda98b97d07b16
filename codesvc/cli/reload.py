"""`codesvc reload`: look at what has changed on the disk as the service itself would, and only then disturb it."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from codesvc.cli.serve.revision import Generation, Unfit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def run(path: Path, pid: int, env: Mapping[str, str]) -> int:
    """Send SIGHUP if configuration and templates can be used; exit status 0, 2 if they cannot, 1 if nobody is there.

    What the service makes of it stands in its log, as `reload_done` or `reload_refused`.
    """
    try:
        generation = Generation.read(path, env)
    except Unfit as error:
        sys.stderr.write(f"{error}\ncodesvc reload: nothing was reloaded; the service runs as before\n")
        return 2
    for notice in generation.settings.notices:
        sys.stderr.write(f"note: {notice}\n")
    try:
        os.kill(pid, signal.SIGHUP)
    except (ProcessLookupError, PermissionError) as error:
        sys.stderr.write(f"codesvc reload: process {pid}: {error.strerror}\n")
        return 1
    return 0
