"""The data directory of the embedded store: only the service's user can open it."""

import stat
from pathlib import Path

import structlog

from codesvc.domain.errors import CodesvcError

_log = structlog.get_logger(__name__)


class EmbeddedValkeyError(CodesvcError):
    """The embedded server cannot be used. The text says why and ends with the server's output."""


def shut(directory: Path) -> None:
    """Make the data directory, or take an existing one away from other users: what is in it tells who is bound.

    Raises:
        EmbeddedValkeyError: it is not a directory, or it belongs to another user and others can open it.
        OSError: it cannot be made.
    """
    try:
        directory.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        if not directory.is_dir():
            raise EmbeddedValkeyError(f"{directory} is not a directory; name another one in store.data_dir") from None
    mode = stat.S_IMODE(directory.stat().st_mode)
    if not mode & ~0o700:
        return
    try:
        directory.chmod(0o700)
    except PermissionError:
        raise EmbeddedValkeyError(
            f"{directory} belongs to another user and has the mode {mode:04o}, so that others can read the bindings in "
            f"it; give it to the service (`chown USER {directory}`) and shut it (`chmod 700 {directory}`)"
        ) from None
    _log.warning("data_dir_shut", data_dir=str(directory))
