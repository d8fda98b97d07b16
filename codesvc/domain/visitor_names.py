"""The usernames of people without a binding, as apps get them, and the user ids that may be taken for one.

Apps show these names, so everybody knows them, and some know people by them. So nobody else may be called or bound
so, however the name is written: apps and databases read other letters as the plain ones (RFC 8265, Unicode's
compatibility forms and collation), drop signs, and cut a name at one. Which letters are read as which differs, so a
letter outside ASCII may stand for any.
"""

import re
import unicodedata
from typing import Final

_PREFIX: Final = "wx_"
_SHORT: Final = 16
_IN_NAMES: Final = frozenset("abcdefghijklmnopqrstuvwxyz234567")
_MOST_LETTERS: Final = 2
"""How many plain letters one other letter may be read as, such as æ as `ae`."""
# Letters that Unicode does not take apart, such as ⱳ, and small ones above others. Their names have the plain letter.
_LATIN: Final = re.compile(r"(?:COMBINING )?LATIN .*\b([WX])\b.*")


def visitor_name(subject: str) -> str:
    """The username of a person without a binding: no blanks, `[a-z0-9_]`, unique among the site's."""
    return _PREFIX + subject[:_SHORT]


def resembles_visitor_name(user: str) -> bool:
    """Whether a user id is the name of a visitor, or may be read as one by some app or database.

    It is one that begins as `wx_` does, and then has sixteen letters before its end or a sign, where each character
    outside ASCII stands for none, one or two.
    """
    folded = _folded(user)
    return any(_resembles(text) for text in {folded, "".join(filter(_is_no_mark, folded))})


def _resembles(folded: str) -> bool:
    head, _, rest = folded.partition("_")
    if "".join(map(_letter, head)) != _PREFIX[:-1]:
        return False
    least = most = 0
    for character in f"{rest}@":
        if character in _IN_NAMES:
            least, most = least + 1, most + 1
        elif character == "_" or (character.isascii() and character.isalnum()):
            return False
        elif least <= _SHORT <= most:
            return True
        elif not character.isascii():
            most += _MOST_LETTERS
    return False


def _folded(text: str) -> str:
    """The text in small letters without accents, each compatible form as the plain one."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(character for character in folded if _is_no_mark(character) or _is_letter_above(character))


def _is_no_mark(character: str) -> bool:
    return unicodedata.category(character)[0] != "M"


def _is_letter_above(character: str) -> bool:
    return "LATIN" in unicodedata.name(character, "")


def _letter(character: str) -> str:
    """The plain letter or digit; "" for a sign, and for a letter that is neither w nor x."""
    if character.isascii():
        return character if character.isalnum() else ""
    found = _LATIN.fullmatch(unicodedata.name(character, ""))
    return found[1].lower() if found else ""
