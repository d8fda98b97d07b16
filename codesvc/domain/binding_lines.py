"""The file format for importing and exporting bindings, one binding on each line.

The file's ending selects JSON Lines (one RFC 8259 object on each line) or CSV (RFC 4180) with a header:

    {"user": "alice", "openid": "o6_bmj…", "unionid": null, "bound_at": "2025-05-01T07:01:00Z", "display": null}

`user` and `openid` are required, the other members are optional. Names count in any case and with blanks; a CSV may be
separated by `,`, `;` or tabs, as spreadsheets do it. Lines are read and written one at a time, and none may be longer
than `LONGEST_LINE`, so that a file of any size needs little memory.
"""

import csv
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import IO, Final, TextIO

import msgspec

from codesvc.domain.binding_values import (
    BadValue,
    checked_id,
    checked_openid,
    checked_user,
    masked_ids,
    milliseconds,
    stripped,
)
from codesvc.domain.clock import rfc3339
from codesvc.domain.display_name import UnfitName, check_display
from codesvc.domain.errors import CodesvcError

COLUMNS: Final = ("user", "openid", "unionid", "bound_at", "display")
LONGEST_LINE: Final = 65_536
"""Characters of one binding, with columns that are not ours; in a CSV its lines together."""
_SEPARATORS: Final = (",", ";", "\t")
_BY_NAME: Final = {name.replace("_", ""): name for name in COLUMNS}
# Names of other systems for a column, without case, blanks, dashes and underscores; used if no column has our name.
_ALIASES: Final = {
    **dict.fromkeys(("userid", "uid", "用户", "用户id", "用户名", "用户编号"), "user"),
    **dict.fromkeys(("wechatopenid", "wxopenid", "微信openid"), "openid"),
    **dict.fromkeys(("wechatunionid", "wxunionid", "微信unionid"), "unionid"),
    **dict.fromkeys(("绑定时间", "boundtime", "bindtime"), "bound_at"),
    **dict.fromkeys(("displayname", "显示名", "显示名称"), "display"),
}
_WHOLE: Final = re.compile(r"(-?[0-9]+)(?:\.0+)?")
_SERIAL: Final = re.compile(r"[0-9]{5}\.[0-9]+")
_LONGEST_SHOWN: Final = 80
# What a spreadsheet may take for the beginning of a formula, also in its fullwidth, small and raised forms.
_SIGNS: Final = r"[=+\-@'\u207a-\u207c\u208a-\u208c\ufe62\ufe63\ufe66\ufe6b\uff07\uff0b\uff0d\uff1d\uff20]"
# A spreadsheet of another language separates a CSV by semicolons, so that a cell may begin after one. To its reader a
# quotation mark there opens the cell, and blanks may be left out.
_CELL: Final = r"(^|[;|\t])"
_BEGINS: Final = rf"""(?=["\s]*{_SIGNS})"""
_FORMULA: Final = re.compile(_CELL + _BEGINS)
_SHIELDED: Final = re.compile(f"{_CELL}'{_BEGINS}")
# How people keep a spreadsheet from reading an id as a number: ="00123" and '00123. No id begins with either.
_AS_TEXT: Final = re.compile(r"""=?"([^"]*)"|'([^'].*)""")
_CONTAINERS: Final = {"[": "a list", "{": "an object"}
_UNSURE: Final = (
    "has characters outside ASCII, and the file's encoding is only a guess; give it, such as --encoding gb18030"
)


class BadFile(CodesvcError):
    """The file's ending is not supported, a required column is missing, or its quotes do not close."""


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One binding read from a file.

    Attributes:
        number: line of the file on which it begins, from 1; line breaks within quotes count.
        problem: what is wrong with the line, "" if nothing.
        since: when it was bound, ms since 1970 as text, "" if the file does not say.
        display: the name under which the person recognises the account, "" if the file does not say.
    """

    number: int
    user: str = ""
    openid: str = ""
    unionid: str = ""
    since: str = ""
    display: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the values of a file are understood.

    Attributes:
        zone: what times mean that name no zone; None refuses them.
        ascii_only: whether the encoding is a guess, so that only ASCII can be trusted.
        latest: the present time, ms since 1970: nothing was bound later. None: any time is taken.
    """

    zone: tzinfo | None = None
    ascii_only: bool = False
    latest: int | None = None


def kind_of(path: Path) -> str:
    """The format of a file, `csv` or `jsonl`, by its ending.

    Raises:
        BadFile: the file has another ending.
    """
    kind = path.suffix.lower().lstrip(".")
    if kind not in {"csv", "jsonl"}:
        raise BadFile("the file must end in .jsonl or .csv")
    return kind


def lines_of(file: TextIO) -> Iterator[str]:
    """The lines of a file. Of a line that is too long, no more is read than shows it to `read_rows`."""
    return iter(partial(file.readline, LONGEST_LINE + 1), "")


def _refuse_long(length: int, number: int, reason: str = "") -> None:
    if length > LONGEST_LINE:
        raise BadFile(f"line {number}: {reason}it has more than {LONGEST_LINE:,} characters")


def read_rows(file: Iterable[str], kind: str, reading: Reading = Reading()) -> Iterator[Row]:
    """Read every line of a file. A faulty line has its `problem` set.

    Raises:
        BadFile: a CSV file without the columns user and openid, or with a quote that is not closed; a line that is
            longer than `LONGEST_LINE`.
    """
    for number, fields in _sheet(file) if kind == "csv" else _objects(file):
        if isinstance(fields, str):
            yield Row(number, problem=fields)
        else:
            yield _checked(number, fields, reading)


def _objects(file: Iterable[str]) -> Iterator[tuple[int, dict[str, str] | str]]:
    for number, line in enumerate(file, 1):
        _refuse_long(len(line), number)
        text = stripped(line)
        if text:
            yield number, _members(text)


def _members(text: str) -> dict[str, str] | str:
    """The known members of a JSON object as texts, or what is wrong with it."""
    fields: dict[str, str] = {}
    try:
        for key, raw in msgspec.json.decode(text, type=dict[str, msgspec.Raw]).items():
            name, value = _BY_NAME.get(_plain(key)), bytes(raw).decode()
            if name is None or value == "null":
                continue
            if name in fields:
                return f"has {name} twice"
            whole = _WHOLE.fullmatch(value)
            if whole or (name == "bound_at" and _SERIAL.fullmatch(value)):
                # The number is kept as it is written: read as a number, one of 20 digits would lose some.
                fields[name] = whole[1] if whole else value
            elif value.startswith('"'):
                fields[name] = stripped(msgspec.json.decode(value, type=str))
            else:
                # A list or an object may hold an openid, so only its kind is named.
                shown = _CONTAINERS.get(value[:1], value[:_LONGEST_SHOWN])
                return f"{name} is {shown}, but must be a string or an integer"
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return "is not a JSON object; each line must be a complete object, without a list around them"
    return fields


def _sheet(file: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    lines, first, heading = iter(file), 0, ""
    for line in lines:
        first, heading = first + 1, line.lstrip("\ufeff")
        _refuse_long(len(line), first)
        # "sep=;" is Excel's own way to name the separator.
        if stripped(heading) and not heading.lower().startswith("sep="):
            break
    separator, names = _header(heading)
    begin, length = first + 1, 0

    def of_one_row() -> Iterator[str]:
        nonlocal length
        for line in lines:
            length += len(line)
            _refuse_long(length, begin, "the quotes do not match, or ")
            yield line

    reader = csv.reader(of_one_row(), delimiter=separator, strict=True)
    try:
        for values in reader:
            cells = [stripped(value) for value in values]
            if any(cells):
                yield begin, {name: _bare(name, cell) for name, cell in zip(names, cells, strict=False) if name}
            begin, length = first + reader.line_num + 1, 0
    except csv.Error as error:
        raise BadFile(
            f"line {begin}: the quotes do not match ({error}); a quote inside a value must be doubled, "
            "and the value must be in quotes"
        ) from None


def _bare(name: str, cell: str) -> str:
    """The value of a cell, without what keeps a spreadsheet from reading it as a number or a formula."""
    if name == "display":
        return _SHIELDED.sub(r"\1", cell)
    found = _AS_TEXT.fullmatch(cell)
    return cell if found is None else stripped(found[1] if found[1] is not None else found[2])


def _header(heading: str) -> tuple[str, list[str]]:
    """The separator and the names of the columns, "" for those that are not ours."""
    for separator in _SEPARATORS:
        try:
            given = next(csv.reader([heading.rstrip("\r\n")], delimiter=separator, strict=True), [])
        except csv.Error:
            continue
        own = [_BY_NAME.get(_plain(name), "") for name in given]
        others = [alias if (alias := _ALIASES.get(_plain(name), "")) not in own else "" for name in given]
        names = [name or alias for name, alias in zip(own, others, strict=True)]
        if {"user", "openid"} <= set(names):
            twice = next((name for name in COLUMNS if names.count(name) > 1), "")
            if twice:
                raise BadFile(f"the first line of the CSV has the column {twice} twice; keep one")
            return separator, names
    # Without a heading, this line is a binding.
    shown = masked_ids(stripped(heading))[:_LONGEST_SHOWN]
    raise BadFile(
        f"the first line of the CSV must name the columns user and openid, separated by , or ; or tabs; it is {shown!r}"
    )


def _plain(name: str) -> str:
    """A name without case, blanks, dashes and underscores; full-width letters count as their narrow ones."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum())


def _checked(number: int, fields: dict[str, str], reading: Reading) -> Row:
    user, unionid = fields.get("user", ""), fields.get("unionid", "")
    if reading.ascii_only and not "".join(fields.values()).isascii():
        return Row(number, problem=_UNSURE)
    try:
        checked_user(user)
        openid = checked_openid(fields.get("openid", ""))
        if unionid:
            checked_id("unionid", unionid)
        since = milliseconds(fields.get("bound_at", ""), reading.zone, reading.latest)
        display = fields.get("display", "")
        if display:
            check_display(display)
    except BadValue as error:
        return Row(number, user[:_LONGEST_SHOWN], problem=str(error))
    except UnfitName as error:
        return Row(number, user[:_LONGEST_SHOWN], problem=f"display {error}")
    return Row(number, user, openid, unionid, since, display)


def writer(file: IO[str], kind: str) -> Callable[[str, str, str | None, int | None, str | None], None]:
    """A function that writes one binding: user, openid, unionid, ms since 1970 (None: not known), display name.

    In a CSV a name that a spreadsheet would take for a formula has an apostrophe before it; `read_rows` takes it away.
    """
    if kind == "csv":
        sheet = csv.writer(file)
        sheet.writerow(COLUMNS)
        return lambda user, openid, unionid, at, display: sheet.writerow(
            (user, openid, unionid or "", "" if at is None else rfc3339(at), _FORMULA.sub(r"\1'", display or ""))
        )

    def write(user: str, openid: str, unionid: str | None, at: int | None, display: str | None) -> None:
        values = (user, openid, unionid, None if at is None else rfc3339(at), display)
        file.write(msgspec.json.encode(dict(zip(COLUMNS, values, strict=True))).decode() + "\n")

    return write
