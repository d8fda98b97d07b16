"""The form of the ids that others choose: a site's user ids, and WeChat's openids and unionids (WECHAT.md 1).

A user id may be of any script (decision 25). It is letters, marks and numbers of Unicode and six ASCII characters, in
Unicode's normal form C (UAX 15). So it has no blanks, no control characters, nothing that directs text, and nothing
with a meaning in addresses, HTML, patterns or spreadsheets.
"""

import re
import unicodedata
from typing import Final

LONGEST_USER: Final = 128
"""Code points, not octets."""
SHORTEST_OPENID, LONGEST_OPENID = 6, 64
OPENID_LENGTH: Final = 28
"""WeChat's openids begin with `o` and have 28 characters (WECHAT.md 1). The API publishes wider limits, because in test
mode other openids may stand for people.
"""
_USER_PUNCTUATION: Final = "._@+:-"
_OPENID_CHARACTERS: Final = "A-Za-z0-9_-"
# `$` alone would also match before a trailing line break.
USER_PATTERN: Final = rf"^[\p{{L}}\p{{N}}][\p{{L}}\p{{M}}\p{{N}}{_USER_PUNCTUATION}]{{0,{LONGEST_USER - 1}}}(?!\n)$"
"""For schemas (ECMA-262 with the flag `u`). It says neither the normal form nor the invisible characters."""
OPENID_PATTERN: Final = rf"^[{_OPENID_CHARACTERS}]{{{SHORTEST_OPENID},{LONGEST_OPENID}}}(?!\n)$"
NO_OPENID_CHARACTER: Final = re.compile(rf"[^{_OPENID_CHARACTERS}]")
_ASCII_USER: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9{_USER_PUNCTUATION}]{{0,{LONGEST_USER - 1}}}")
_OPENID: Final = re.compile(OPENID_PATTERN)
# Letters and marks that nobody sees (Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt).
_INVISIBLE: Final = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)


_WECHAT_OPENID: Final = re.compile(rf"o[{_OPENID_CHARACTERS}]{{{OPENID_LENGTH - 1}}}")


def is_user(text: str) -> bool:
    """Whether a text has the form of a user id."""
    if _ASCII_USER.fullmatch(text):
        return True
    if text.isascii() or len(text) > LONGEST_USER or unicodedata.category(text[0])[0] not in "LN":
        return False
    return stranger_in(text) is None and unlike_normal(text) is None


def stranger_in(text: str) -> int | None:
    """The place of the first character that a user id may not have, counted from 0; None if there is none."""
    for place, character in enumerate(text):
        known = character in _USER_PUNCTUATION or unicodedata.category(character)[0] in "LMN"
        if not known or is_invisible(character):
            return place
    return None


def is_invisible(character: str) -> bool:
    """Whether a character is an invisible letter or mark."""
    return character in _INVISIBLE


def unlike_normal(text: str) -> int | None:
    """The place of the first character that differs in the normal form C, counted from 0; None if the text is in it."""
    normal = unicodedata.normalize("NFC", text)
    if normal == text:
        return None
    return next((place for place, (a, b) in enumerate(zip(text, normal, strict=False)) if a != b), len(normal))


def is_openid(text: str) -> bool:
    """Whether a text has the form of an openid or unionid."""
    return _OPENID.match(text) is not None


def is_wechat_openid(text: str) -> bool:
    """Whether a text has the form of the openids that WeChat gives."""
    return _WECHAT_OPENID.fullmatch(text) is not None
