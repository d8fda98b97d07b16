"""Makes typed and pasted texts comparable: width, digits of other scripts, and invisible characters."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

GAP: Final = "[ \\-\u2010-\u2015]"
"""Regular expression: a blank or a dash between two halves, in a text that `visible` returned."""
# Blanks and dashes that Unicode counts among letters, symbols and mathematical signs.
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0\u2212")
_LONGEST: Final = 2100
"""So many characters are read: more than a chat message has (WECHAT.md 9.4). NFKC makes several of some."""
_PHRASES: Final = re.compile("[\ufdfa\ufdfb\u3300-\u3357]")
"""Phrases and words in one character, Arabic and Japanese, without a digit: NFKC makes 4 to 18 of each."""
MOST_MARKS: Final = 30
"""So many marks in a row are put in order; their order takes a square of their number (UAX 15, "Stream-Safe")."""
RUN_OF_MARKS: Final = re.compile(rf"(?:[^\w\s]|[\uff9e\uff9f]){{{MOST_MARKS}}}")
"""Or of punctuation, which is as harmless to divide; a class of all marks alone would take long to build."""
_DIVIDER: Final = "\u034f"
"""An invisible character for this purpose, the combining grapheme joiner."""


def compatible(text: str) -> str:
    """The beginning of a text in normal form KC, at a cost that grows with its length alone."""
    divided = RUN_OF_MARKS.sub(lambda found: found[0] + _DIVIDER, text[:_LONGEST])
    return unicodedata.normalize("NFKC", divided)[:_LONGEST].replace(_DIVIDER, "")


def visible(text: str) -> str:
    """A text in one width, digits of other scripts as 0 to 9, without control and format characters and marks.

    Blanks and line breaks become single blanks each. Punctuation and case stay.
    """
    plain = compatible(_PHRASES.sub(" ", text[:_LONGEST]))
    return plain.translate({ord(character): _visible(character) for character in set(plain)})


@lru_cache(maxsize=4096)
def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] == "Z" or character.isspace():
        return " "
    if category == "Nd":
        return str(unicodedata.decimal(character))
    return "" if category[0] in "CM" else character


def normalise(typed: str) -> str:
    """Normalise typed text: width, case, digits of other scripts, and what people paste around a code do not matter.

    Dropped are blanks, dashes and punctuation, control and format characters (U+200B, U+FEFF, U+202A), and marks.
    """
    if typed.isascii() and typed.isalnum():
        return typed.upper()
    return compact(visible(typed))


def compact(shown: str) -> str:
    """A text that `visible` returned, without blanks and punctuation, in capitals."""
    return shown.translate({ord(character): _typed(character) for character in set(shown)}).upper()


@lru_cache(maxsize=4096)
def _typed(character: str) -> str:
    return "" if unicodedata.category(character)[0] in "ZP" or character in _BLANK else character
