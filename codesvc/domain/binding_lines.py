"""The file format for importing and exporting bindings, one binding on each line.

The file's ending selects JSON Lines (one RFC 8259 object on each line) or CSV (RFC 4180) with a header:

    {"user": "alice", "openid": "o6_bmj…", "unionid": null, "bound_at": "2025-05-01T07:01:00Z"}

`user` and `openid` are required, the other members are optional. Lines are read and written one at a time, so that a
file of any size needs little memory.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Final

import msgspec

from codesvc.domain.clock import rfc3339
from codesvc.domain.errors import CodesvcError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COLUMNS: Final = ("user", "openid", "unionid", "bound_at")
_USER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+:-]{0,127}")
_OPENID: Final = re.compile(r"[A-Za-z0-9_-]{6,64}")


class BadFile(CodesvcError):
    """The file's ending is not supported, or a required column is missing."""


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One binding read from a file.

    Attributes:
        number: line number, from 1; the header of a CSV file is line 1.
        problem: what is wrong with the line, "" if nothing.
        since: when it was bound, ms since 1970 as text, "" if the file does not say.
    """

    number: int
    user: str = ""
    openid: str = ""
    unionid: str = ""
    since: str = ""
    problem: str = ""


def kind_of(path: Path) -> str:
    """The format of a file, `csv` or `jsonl`, by its ending.

    Raises:
        BadFile: the file has another ending.
    """
    kind = path.suffix.lower().lstrip(".")
    if kind not in {"csv", "jsonl"}:
        raise BadFile("the file must end in .jsonl or .csv")
    return kind


def read_rows(file: IO[str], kind: str) -> Iterator[Row]:
    """Read every line of a file. A faulty line has its `problem` set.

    Raises:
        BadFile: a CSV file without the columns user and openid.
    """
    if kind == "jsonl":
        for number, line in enumerate(file, 1):
            if line.strip():
                yield _row(number, line)
        return
    reader = csv.DictReader(file)
    if not {"user", "openid"} <= set(reader.fieldnames or ()):
        raise BadFile("the first line of the CSV must name the columns user and openid")
    for number, fields in enumerate(reader, 2):
        yield _checked(number, {name: value for name, value in fields.items() if isinstance(value, str)})


def _row(number: int, line: str) -> Row:
    try:
        fields = msgspec.json.decode(line, type=dict[str, str | None])
    except (msgspec.DecodeError, UnicodeError):
        return Row(number, problem="not a JSON object of texts")
    return _checked(number, {name: value for name, value in fields.items() if value is not None})


def _checked(number: int, fields: dict[str, str]) -> Row:
    user, openid, unionid = fields.get("user", ""), fields.get("openid", ""), fields.get("unionid", "")
    if not _USER.fullmatch(user):
        return Row(number, problem="no user")
    if not _OPENID.fullmatch(openid):
        return Row(number, user, problem="no openid")
    if unionid and not _OPENID.fullmatch(unionid):
        return Row(number, user, problem="no unionid")
    try:
        since = _milliseconds(fields.get("bound_at", ""))
    except ValueError:
        return Row(number, user, problem="bound_at is no RFC 3339 time")
    return Row(number, user, openid, unionid, since)


def _milliseconds(text: str) -> str:
    if not text:
        return ""
    moment = datetime.fromisoformat(text)
    return str(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))


def writer(file: IO[str], kind: str) -> Callable[[str, str, str | None, int], None]:
    """A function that writes one binding: user, openid, unionid, ms since 1970."""
    if kind == "csv":
        sheet = csv.writer(file)
        sheet.writerow(COLUMNS)
        return lambda user, openid, unionid, at: sheet.writerow((user, openid, unionid or "", rfc3339(at)))

    def write(user: str, openid: str, unionid: str | None, at: int) -> None:
        values = (user, openid, unionid, rfc3339(at))
        file.write(msgspec.json.encode(dict(zip(COLUMNS, values, strict=True))).decode() + "\n")

    return write
