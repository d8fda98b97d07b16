"""The socket of the embedded server: where it is made, and which one belongs to a data directory.

`server.lock` in the data directory names the socket. The name counts only while the service's lock is held, and only if
the owner of the data directory made the socket. A copy of the directory has the name too, and once a server has gone,
anybody can take its name in a shared directory.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import socket
import stat
import tempfile
from pathlib import Path
from typing import Final

from codesvc.store.data_directory import EmbeddedValkeyError

_PREFIX: Final = "codesvc-"
_SOCKET: Final = "valkey.sock"
_DIRECTORY: Final = re.compile(_PREFIX + r"[a-z0-9_]{8}")
_LONGEST: Final = 103
"""Octets of a path: 107 on Linux, 103 on macOS and the BSDs."""


def running_socket(data_dir: Path) -> Path | None:
    """The socket of the server that runs on this very directory, None if none does or it is another user's."""
    try:
        # Where no service runs, the name is of one that has gone.
        if not _is_locked(data_dir / "service.lock"):
            return None
        note = data_dir / "server.lock"
        named, owner = Path(os.fsdecode(note.read_bytes())), note.stat().st_uid
    except OSError:
        return None
    return named if _is_private(named.parent, owner) else None


def _is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _is_private(directory: Path, owner: int) -> bool:
    """Whether only this user can put anything into the directory."""
    try:
        found = directory.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & 0o077


def is_left_over(former: Path) -> bool:
    """Whether this is a socket that `new_socket` made for this user, without a server that listens.

    The name may come from a copy of another service's data directory, whose socket is in use.
    """
    directory = former.parent
    expected = former.name == _SOCKET and _DIRECTORY.fullmatch(directory.name)
    if not expected or str(directory.parent) not in _socket_parents() or not _is_private(directory, os.geteuid()):
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(0)
        return probe.connect_ex(os.fsencode(former)) in {errno.ECONNREFUSED, errno.ENOENT}


def _socket_parents() -> list[str]:
    own = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return [parent for parent in (own, tempfile.gettempdir(), "/tmp") if parent]  # noqa: S108  # mkdtemp makes it safe


def new_socket() -> Path:
    """The place of a socket with a short name, in a new directory that only this user can enter.

    It is not below `data_dir`, whose path may be too long for a socket. It is not in XDG_RUNTIME_DIR, which is removed
    when the login ends that started the service. systemd's RUNTIME_DIRECTORY belongs to the service.
    """
    for parent in _socket_parents():
        if len(os.fsencode(Path(parent, _PREFIX + 8 * "x", _SOCKET))) <= _LONGEST:
            with contextlib.suppress(OSError):
                return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent), _SOCKET)
    raise EmbeddedValkeyError("no directory for a unix socket: TMPDIR and /tmp cannot be written, or are too deep")
