"""Makes characters visible that a terminal or a page obeys instead of showing. Pure.

Whoever reads outside text must see what it is. Control characters move a terminal's cursor and clear lines. Marks of
direction (UAX 9) reorder the characters beside them. With them a person could hide the line of what they did.
"""

from __future__ import annotations

import re
from typing import Final

_OBEYED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
r"""Controls except tab and line feed, separators of lines, and marks of direction."""


def visible(text: str) -> str:
    r"""The text with such characters as escapes, `\u001b`. JSON keeps its meaning: they stand only in its strings."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
