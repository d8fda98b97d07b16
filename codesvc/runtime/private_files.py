"""Files that hold users or openids: only their owner may read them, also where a file of that name was there before."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pathlib import Path

_OWNERS: int = 0o600


def open_private(path: Path, *, append: bool = False, keep: bool = False, newline: str | None = None) -> TextIO:
    """Open a text file for writing, in UTF-8.

    Args:
        path: a link is not followed: in a directory of several people it may lead to the file of another person.
        append: write behind what is there.
        keep: leave what is there, and begin at its start.
        newline: as of `open`.

    Raises:
        OSError: it cannot be written, or belongs to another person.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    flags |= os.O_APPEND if append else 0 if keep else os.O_TRUNC
    descriptor = os.open(path, flags, _OWNERS)
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, _OWNERS)
        return os.fdopen(descriptor, "a" if append else "w", encoding="utf-8", newline=newline)
    except BaseException:
        with suppress(OSError):
            os.close(descriptor)
        raise
