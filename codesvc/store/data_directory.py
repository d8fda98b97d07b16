"""The data directory of the embedded store: only the service's user can open it."""

import os
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
        EmbeddedValkeyError: it is not a directory, or it belongs to another user.
        OSError: it cannot be made.
    """
    try:
        directory.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        if not directory.is_dir():
            raise EmbeddedValkeyError(f"{directory} is not a directory; name another one in store.data_dir") from None
    found = directory.stat()
    if found.st_uid != os.geteuid():
        # Root may open it, but its owner can lay links there to files of root's, and cannot read what root writes.
        raise EmbeddedValkeyError(
            f"{directory} belongs to another user ({found.st_uid}), and others may have put files into it; run this as "
            f"that user (`runuser -u USER -- codesvc …`), or give it to the service (`chown -R USER {directory}`)"
        )
    if not stat.S_IMODE(found.st_mode) & ~0o700:
        return
    directory.chmod(0o700)
    _log.warning("data_dir_shut", data_dir=str(directory))
