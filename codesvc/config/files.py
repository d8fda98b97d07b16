"""Reading the configuration file and the files with secrets. Nothing else in this package reads files."""

from __future__ import annotations

import os
import stat
import tomllib
from typing import TYPE_CHECKING, Any

from codesvc.config.faults import ConfigError, Fault, UnfitError

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_SECRET = 65_536  # bytes


def read_secret(path: Path) -> tuple[str, bool]:
    """The text of a secret's file without blanks around it, and whether every user of the machine can read the file.

    A file that other users can write is refused, because they could choose the key. A file that they can read is only
    reported, because secrets mounted into containers often have that mode, and containers have no other users.

    Raises:
        UnfitError: it is not a readable file, is empty, too long or not UTF-8, or group or others can write it.
    """
    try:
        # O_NONBLOCK: opening a named pipe must not wait for a writer that never comes.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123  # needs the flags
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise UnfitError("names something that is not a regular file")
            if mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise UnfitError("can be written by group or others; chmod 600 it")
            octets = file.read(_LONGEST_SECRET + 1)
    except OSError as error:
        raise UnfitError(f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise error if isinstance(error, UnfitError) else UnfitError("is no possible file name") from None
    if len(octets) > _LONGEST_SECRET:
        raise UnfitError(f"is longer than {_LONGEST_SECRET} bytes")
    try:
        text = octets.decode().strip()
    except UnicodeDecodeError:
        raise UnfitError("is not UTF-8 text") from None
    if not text:
        raise UnfitError("is empty")
    return text, bool(mode & stat.S_IROTH)


def read_tables(path: Path) -> tuple[dict[str, Any], bool]:
    """The tables of a TOML file, and whether every user of the machine can read it.

    Raises:
        ConfigError: it cannot be read or is not TOML.
    """
    try:
        with path.open("rb") as file:
            exposed = bool(os.fstat(file.fileno()).st_mode & stat.S_IROTH)
            return tomllib.load(file), exposed
    except OSError as error:
        reason = f"cannot read {path}: {error.strerror}"
    except tomllib.TOMLDecodeError as error:
        reason = f"{path} is not TOML: {error}"
    except UnicodeDecodeError:
        reason = f"{path} is not UTF-8 text"
    except ValueError:
        reason = f"{path} holds a value that is out of range"
    except RecursionError:
        reason = f"{path} is nested too deeply"
    raise ConfigError([Fault((), reason)])
