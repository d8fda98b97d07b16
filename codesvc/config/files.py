"""Reading the configuration file, and the files with secrets and logos. Nothing else in this package reads files.

Editors and shells put things into files that nobody typed: a byte order mark is dropped, another encoding than UTF-8
and typographic quotes are named with the remedy.
"""

import codecs
import os
import re
import shlex
import stat
import tomllib
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any, Final

from codesvc.config.faults import ConfigError, Fault, UnfitError

_LONGEST_SECRET = 65_536  # bytes
_WIDE_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_QUOTES: Final = ('""', "''", "``", "“”", "””", "‘’", "’’", "「」", "„“", "«»", "＂＂", "＇＇")
# Characters that word processors and input methods write in place of the ASCII characters that TOML needs.
_TYPOGRAPHIC: Final = re.compile(r"[“”„‟‘’«»「」＂＇＝［］｛｝，\u00a0\u200b\u3000\ufeff]")
_PLACE: Final = re.compile(r"at line (\d+), column (\d+)")


def read_secret(path: Path) -> tuple[str, bool]:
    """The text of a secret's file without blanks around it, and whether every user of the machine can read the file.

    A file that other users can write is refused, because they could choose the key. A file that they can read is only
    reported, because secrets mounted into containers often have that mode, and containers have no other users.

    Raises:
        UnfitError: it is not a readable file, is empty, too long or not UTF-8, or group or others can write it.
    """
    mode, octets = _beginning(path, _LONGEST_SECRET + 1)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnfitError(f"can be written by group or others; to fix it: chmod 600 {shlex.quote(str(path))}")
    if len(octets) > _LONGEST_SECRET:
        raise UnfitError(f"is longer than {_LONGEST_SECRET} bytes")
    text = without_marks(decoded(octets))
    if not text:
        raise UnfitError("is empty")
    return text, bool(mode & stat.S_IROTH)


def replaceable(path: Path, owners: Container[int]) -> Iterator[tuple[Path, str, bool]]:
    """The file and its directory where others than `owners` could change them: how, and whether as their owner.

    It is only reported: containers mount files of users that they do not know, and directories that everybody may
    write. What is mounted to be read alone counts as safe.
    """
    real = path.resolve()
    for place in dict.fromkeys((real, real.parent, path.absolute().parent)):
        found = place.stat()
        if os.statvfs(place).f_flag & os.ST_RDONLY:
            continue
        if found.st_uid not in owners:
            yield place, f"belongs to another user ({found.st_uid}), who can change it", True
        elif stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
            yield place, "can be written by every user of the machine, who could replace the files in it", False


def read_picture(path: Path, most: int) -> bytes:
    """The bytes of a picture's file, at most one more than such a picture (`most`) may have.

    Raises:
        UnfitError: it is not a readable file.
    """
    return _beginning(path, most + 1)[1]


def _beginning(path: Path, most: int) -> tuple[int, bytes]:
    """The mode of a file, and its first bytes.

    Raises:
        UnfitError: it is not a readable file.
    """
    try:
        # O_NONBLOCK: opening a named pipe must not wait for a writer that never comes.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123  # needs the flags
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise UnfitError("is not a regular file")
            return mode, file.read(most)
    except OSError as error:
        raise UnfitError(f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise error if isinstance(error, UnfitError) else UnfitError("is not a valid file name") from None


def read_tables(path: Path) -> tuple[dict[str, Any], bool]:
    """The tables of a TOML file, and whether every user of the machine can read it.

    Raises:
        ConfigError: it cannot be read, is not TOML, or every user of the machine can write it.
    """
    text = ""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            _refuse_open(path, mode)
            text = decoded(file.read())
            return tomllib.loads(text.removeprefix("\ufeff")), bool(mode & stat.S_IROTH)
    except OSError as error:
        reason = f"cannot read {path}: {error.strerror}"
        if isinstance(error, FileNotFoundError):
            reason += f" ({path.absolute()}). Give your file with --config, or create one with codesvc init"
    except tomllib.TOMLDecodeError as error:
        reason = f"{path} is not TOML: {error}{_remedy(str(error), text.removeprefix(chr(0xFEFF)))}"
    except UnfitError as error:
        reason = f"{path} {error}"
    except ValueError:
        reason = f"{path} has a value that is out of range"
    except RecursionError:
        reason = f"{path} is nested too deeply"
    raise ConfigError([Fault((), reason)])


def without_marks(text: str) -> str:
    """A secret without blanks and byte order marks around it.

    Raises:
        UnfitError: it stands in quotes. They would be part of the secret; whether they are meant, nobody can tell.
    """
    bare = text.strip().strip("\ufeff\u200b").strip()
    if len(bare) > 1 and bare[0] + bare[-1] in _QUOTES:
        raise UnfitError("is in quotes, which would be part of the value; remove the first and the last character")
    return bare


def one_secret(text: str) -> str:
    """A secret as it was pasted or stored, without blanks and byte order marks around it.

    Raises:
        UnfitError: it stands in quotes, has several lines, or has an invisible character.
    """
    bare = without_marks(text)
    if "\n" in bare or "\r" in bare:
        raise UnfitError("has several lines; it must contain only the secret, without a name or a comment")
    for place, character in enumerate(bare, 1):
        if character != " " and not character.isprintable():
            raise UnfitError(
                f"has an invisible character, U+{ord(character):04X}, at position {place}; enter the secret again"
            )
    return bare


def _refuse_open(path: Path, mode: int) -> None:
    if stat.S_ISREG(mode) and mode & stat.S_IWOTH:
        raise UnfitError(
            "can be written by every user of the machine, which would give them access; "
            f"to fix it: chmod o-w {shlex.quote(str(path))}"
        )


def decoded(octets: bytes) -> str:
    """The text of a file in UTF-8. Raises `UnfitError`, with the remedy for other encodings."""
    if octets.startswith(_WIDE_MARKS):
        raise UnfitError("is UTF-16 text, as saved by some editors and PowerShell; save it as UTF-8")
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        before = octets[: error.start].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise UnfitError(f"is not UTF-8 text (line {line}, column {column}); save it as UTF-8") from None


def _remedy(said: str, text: str) -> str:
    """What to do about a character that only looks as TOML needs it, on the line that the parser names."""
    place = _PLACE.search(said)
    number = int(place[1]) if place else text.count("\n") + 1
    line = "".join(text.split("\n")[number - 1 : number])
    found = _TYPOGRAPHIC.search(line)
    if found is None:
        return ""
    return (
        f"; line {number} has {found[0]!r} (U+{ord(found[0]):04X}) at column {found.start() + 1}: "
        "TOML needs the ASCII characters \" ' = [ ] { } , and ordinary spaces"
    )
