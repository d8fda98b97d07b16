"""Opens files for personal data, such as users and openids, so that only their owner can read them.

This also holds for a file that exists already with a wider mode.
"""

import errno
import os
import secrets
import stat
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
        OSError: the file cannot be opened, is a symbolic link or no regular file, has a second name, or belongs to
            another user.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    flags |= os.O_APPEND if append else 0
    descriptor = os.open(path, flags, _OWNER_ONLY)
    try:
        found = _own(path, os.fstat(descriptor))
        if found.st_mode & 0o077:
            os.fchmod(descriptor, _OWNER_ONLY)
        if not append and not keep:
            os.ftruncate(descriptor, 0)
        return os.fdopen(descriptor, "a" if append else "w", encoding="utf-8", newline=newline)
    except BaseException:
        with suppress(OSError):
            os.close(descriptor)
        raise


def read_private(path: Path, *, most: int = -1) -> bytes:
    """Read a file that this user has written; of a longer one only the first `most` bytes.

    Raises:
        OSError: the file cannot be read, is a symbolic link or no regular file, has a second name, belongs to another
            user, or may be written by everybody.
    """
    # Without O_NONBLOCK opening a pipe waits for its writer.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        if _own(path, os.fstat(file.fileno())).st_mode & stat.S_IWOTH:
            raise PermissionError(errno.EPERM, "everybody may write it; remove it", str(path))
        return file.read(most)


def _own(path: Path, found: os.stat_result) -> os.stat_result:
    # As root we could open a file that another user placed here: they would own what we write, or by a hard link we
    # would overwrite another file.
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1:
        why = (
            "it is not a regular file, belongs to another user, or has a second name (a hard link); remove it, "
            "or work in a directory of your own"
        )
        raise PermissionError(errno.EPERM, why, str(path))
    return found


def replace_private(path: Path, text: str) -> None:
    """Put a text into a file at once: another process reads all of it or what was there before.

    Raises:
        OSError: the file cannot be written.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
