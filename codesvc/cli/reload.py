"""`codesvc reload`: checks the configuration and templates on the disk, then asks the service to reload."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from codesvc.cli.serve.revision import Revision, UnusableConfiguration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def run(path: Path, pid: int, env: Mapping[str, str]) -> int:
    """Send SIGHUP if configuration and templates are valid; returns 0, 2 if they are not, 1 if no service runs.

    The service logs the result as `reload_done` or `reload_refused`.
    """
    try:
        revision = Revision.read(path, env)
    except UnusableConfiguration as error:
        sys.stderr.write(f"{error}\ncodesvc reload: nothing was reloaded; the service runs as before\n")
        return 2
    for notice in revision.settings.notices:
        sys.stderr.write(f"note: {notice}\n")
    try:
        os.kill(pid, signal.SIGHUP)
    except (ProcessLookupError, PermissionError) as error:
        sys.stderr.write(f"codesvc reload: process {pid}: {error.strerror}\n")
        return 1
    return 0
