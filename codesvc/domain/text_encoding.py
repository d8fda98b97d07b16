"""Which encoding a text file has: its byte order mark, strict decoding of the whole file, or the name that was given.

Spreadsheets write UTF-8 with a byte order mark, UTF-16, and in China GBK (CP936), which GB18030 contains. UTF-8 and
UTF-16 cannot be mistaken for one another. GB18030 can: other encodings of the same length may decode by it. It is
therefore marked as guessed, and a reader must then take nothing but ASCII from the file. ASCII cannot be wrong: no
ASCII byte below 0x30 is part of a longer GB18030 character, so separators, quotes and line breaks are real ones.
"""

import codecs
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Final

from codesvc.domain.errors import CodesvcError

# UTF-32 first: its little-endian mark begins with the mark of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SAMPLE: Final = 4
_NO_FILES: Final = frozenset({"idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})
"""Codecs that Python counts among the encodings of text, but which no file is written in."""
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def is_text(words: str) -> bool:
    """Whether an argument or a variable is text; the interpreter keeps octets that are none as lone surrogates."""
    try:
        words.encode()
    except UnicodeEncodeError:
        return False
    return True


class BadText(CodesvcError):
    """The file is not text, or not in the given encoding."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file is read.

    Attributes:
        name: the codec's name. It keeps a byte order mark, which is then the first character.
        guessed: whether another encoding might be meant; then only ASCII may be taken from the file.
    """

    name: str
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class _BadByte:
    line: int
    column: int
    byte: int | None

    def __str__(self) -> str:
        what = "an incomplete character" if self.byte is None else f"byte 0x{self.byte:02X}"
        return f"line {self.line}, column {self.column}: {what}"


def encoding_of(chunks: Callable[[], Iterable[bytes]], named: str = "") -> Encoding:
    """The encoding of a file, all of which is decoded strictly to be sure.

    Args:
        chunks: begins a reading of the file from its first byte.
        named: the encoding that the operator names, "" to detect it.

    Raises:
        BadText: it cannot be decoded; says at which line and column, and what to do.
    """
    head = next(iter(chunks()), b"")
    if head.startswith(_WORKBOOKS):
        raise BadText("is an Excel workbook, not a text file; save it as 'CSV UTF-8' in Excel and import that file")
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), "")
    if named:
        return _named(chunks, head, named, marked)
    certain = marked or _wide(head)
    if certain:
        bad = _first_bad(chunks(), certain)
        if bad:
            raise BadText(f"{bad} is not valid {certain.upper()}, although the file has its byte order mark; {_REMEDY}")
        return Encoding(certain)
    failed = {name: _first_bad(chunks(), name) for name in ("utf-8", "gb18030")}
    if failed["utf-8"] is None:
        return Encoding("utf-8")
    if failed["gb18030"] is None:
        return Encoding("gb18030", guessed=True)
    name, bad = max(failed.items(), key=lambda item: (item[1].line, item[1].column) if item[1] else (0, 0))
    other = "GB18030" if name == "utf-8" else "UTF-8"
    raise BadText(f"{bad} is not valid {name.upper()}, and the file is not {other} either; {_REMEDY}")


_REMEDY: Final = "save the file as UTF-8, or give its encoding, such as --encoding gb18030"


def _named(chunks: Callable[[], Iterable[bytes]], head: bytes, named: str, marked: str) -> Encoding:
    try:
        name = codecs.lookup(named).name
        "".encode(name)  # refuses codecs that are not encodings of text, such as rot13
    except (LookupError, ValueError):
        name = ""
    if not name or name.replace("_", "-") in _NO_FILES:
        raise BadText(f"--encoding {named!r} is not an encoding; try utf-8, gb18030, utf-16 or big5")
    name = {"utf-8-sig": "utf-8", "gbk": "gb18030", "gb2312": "gb18030"}.get(name, name)
    if marked and not marked.startswith(name):
        raise BadText(f"begins with the byte order mark of {marked.upper()}, not of {named}; omit --encoding")
    if name in {"utf-16", "utf-32"}:
        name = marked or _wide(head) or f"{name}-le"
    bad = _first_bad(chunks(), name)
    if bad:
        raise BadText(f"{bad} is not valid {named}; correct it, or give another encoding with --encoding")
    return Encoding(name)


def _wide(head: bytes) -> str:
    """UTF-16 or UTF-32 without a mark: the first character of a header or of JSON is ASCII (RFC 4627, section 3)."""
    zeros = [not octet for octet in head[:_SAMPLE]]
    if len(zeros) == _SAMPLE and sum(zeros) == _SAMPLE - 1:
        return "utf-32-be" if zeros[0] else "utf-32-le"
    if len(zeros) > 1 and zeros[0] != zeros[1]:
        return "utf-16-be" if zeros[0] else "utf-16-le"
    return ""


def _first_bad(chunks: Iterable[bytes], name: str) -> _BadByte | None:
    decoder = codecs.getincrementaldecoder(name)("strict")
    line, column = 1, 1

    def advance(text: str) -> None:
        nonlocal line, column
        breaks = text.count("\n")
        line += breaks
        column = len(text) - text.rindex("\n") if breaks else column + len(text)

    try:
        for chunk, final in chain(((each, False) for each in chunks), ((b"", True),)):
            text = decoder.decode(chunk, final)
            # UTF-7 can write half of a character, which nothing else can write again.
            if half := _SURROGATE.search(text):
                advance(text[: half.start()].removeprefix("\ufeff"))
                return _BadByte(line, column, None)
            advance(text.removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        advance(error.object[: error.start].decode(name, "replace").removeprefix("\ufeff"))
        return _BadByte(line, column, error.object[error.start])
    except UnicodeError:
        return _BadByte(line, column, 0)
    return None
