"""Characters that a terminal or a page obeys instead of showing: escaping them, and finding them in names. Pure.

Whoever reads outside text must see what it is. Control characters move a terminal's cursor and clear lines. Marks of
direction (UAX 9) reorder the characters beside them. With them a person could hide the line of what they did.
"""

import re
import unicodedata
from typing import Final

_OBEYED: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
r"""Controls except tab and line feed, separators of lines, marks of direction, and what takes no room. U+200C and
U+200D stay: they join letters and pictures of one word.
"""
# Control, format (bidirectional and zero-width too), surrogate, private use, unassigned, separators of lines (UAX 44).
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MANY_MARKS: Final = re.compile("M{4}")  # on one letter; so many run over other lines


def escaped(text: str) -> str:
    r"""The text with such characters as escapes, `\u001b`. JSON keeps its meaning: they stand only in its strings."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    r"""The same on one line, for a cell of a table: a line feed in outside text would begin a row of its own."""
    return escaped(text).replace("\n", r"\n").replace("\t", r"\t")


def hidden_in(text: str) -> str | None:
    """The first character that is not seen: a control, a format, a separator of lines, or unassigned; None for none."""
    return next((character for character in text if unicodedata.category(character) in _HIDDEN), None)


def has_many_marks(text: str) -> bool:
    """Whether more marks stand on one letter than a line has room for."""
    marks = "".join("M" if unicodedata.category(character) in {"Mn", "Me"} else "-" for character in text)
    return _MANY_MARKS.search(marks) is not None
