"""Opens files for personal data, such as users and openids, so that only their owner can read them.

This also holds for a file that exists already with a wider mode.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import TextIO

_OWNER_ONLY: int = 0o600


def open_private(path: Path, *, append: bool = False, keep: bool = False, newline: str | None = None) -> TextIO:
    """Open a text file for writing, in UTF-8.

    Args:
        path: the file. A symbolic link is refused: in a shared directory it may lead to another person's file.
        append: write at the end of an existing file.
        keep: do not truncate an existing file; start at its beginning.
        newline: the argument `newline` of `open`.

    Raises:
        OSError: the file cannot be opened, is a symbolic link, or belongs to another user and others can read it.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    flags |= os.O_APPEND if append else 0 if keep else os.O_TRUNC
    descriptor = os.open(path, flags, _OWNER_ONLY)
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, _OWNER_ONLY)
        return os.fdopen(descriptor, "a" if append else "w", encoding="utf-8", newline=newline)
    except BaseException:
        with suppress(OSError):
            os.close(descriptor)
        raise
