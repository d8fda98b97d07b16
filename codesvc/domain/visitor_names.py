"""The usernames of people without a binding, as apps get them, and the user ids that may be taken for one.

Apps show these names, so everybody knows them, and some know people by them. So nobody else may be called or bound
so, however the name is written: apps and databases read other letters as the plain ones (RFC 8265, Unicode's
compatibility forms, collations without accents), drop signs, and cut a name at `@`.
"""

import re
import unicodedata
from typing import Final

_PREFIX: Final = "wx_"
_SHORT: Final = 16
_NAME: Final = rf"{_PREFIX}[a-z2-7]{{{_SHORT}}}"
_WHOLE: Final = re.compile(_NAME)
_BEFORE_A_SIGN: Final = re.compile(rf"{_NAME}(?![a-z0-9_])")
_DROPPED: Final = re.compile(r"[^a-z0-9_]")
# Letters that Unicode does not take apart, such as ø, ł, ı and æ. Their names begin with the plain letters.
_LATIN: Final = re.compile(r"LATIN SMALL LETTER (?:DOTLESS )?([A-Z]{1,2})(?: WITH .+)?")


def visitor_name(subject: str) -> str:
    """The username of a person without a binding: no blanks, `[a-z0-9_]`, unique among the site's."""
    return _PREFIX + subject[:_SHORT]


def resembles_visitor_name(user: str) -> bool:
    """Whether a user id is the name of a visitor, or is read as one by some app or database."""
    plain = _plain(user)
    if _BEFORE_A_SIGN.match(plain):
        return True
    return any(_WHOLE.fullmatch(_DROPPED.sub("", text)) for text in (plain, plain.partition("@")[0]))


def _plain(text: str) -> str:
    """The text in small letters without accents, each compatible form as the plain one."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(map(_base, folded))


def _base(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.category(character)[0] == "M":
        return ""
    found = _LATIN.fullmatch(unicodedata.name(character, ""))
    return found[1].lower() if found else character
