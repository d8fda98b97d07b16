"""The header `Content-Type` in its shortest form (RFC 9110 section 8.3), for everything that reads it afterwards."""

from __future__ import annotations

import re
from typing import Final

UNKNOWN: Final = "application/octet-stream"

_PLAIN: Final = re.compile(r'[\w!#$&^.+-]{1,64}/[\w!#$&^.+-]{1,64}(?:; ?charset="?[\w.:-]{1,32}"?)?', re.ASCII)
_TYPE: Final = re.compile(r"[ \t]*([\w!#$&^.+-]{1,64}/[\w!#$&^.+-]{1,64})[ \t]*(?:;|$)", re.ASCII)
_CHARSET: Final = re.compile(r";[ \t]*charset[ \t]*=[ \t]*[\"']?([\w.:-]{1,32})", re.ASCII | re.IGNORECASE)


def is_plain(value: str) -> bool:
    """Whether a header is a type with a charset at most, as nearly every client sends it."""
    return _PLAIN.fullmatch(value) is not None


def plain(value: str) -> str:
    """The type and the charset of a header, without other parameters; `UNKNOWN` if it names no type.

    aiohttp reads the header as that of an e-mail, with comments, groups and continuations. For 8 kB of brackets or
    semicolons that takes 0.4 s, or ends in a RecursionError, and everybody may send them.
    """
    if (found := _TYPE.match(value)) is None:
        return UNKNOWN
    charset = _CHARSET.search(value)
    return f"{found[1]}; charset={charset[1]}" if charset else found[1]
