"""What is read out of the requests of identity systems: a code in a ready text. Pure."""

from __future__ import annotations

import re
from typing import Final

USUAL_CODE: Final = r"(?<!\d)\d{4,8}(?!\d)"
"""The rule for a code in a text, if the operator configures none."""
_LONGEST_TEXT: Final = 2_000


def code_in(text: str, pattern: str = USUAL_CODE) -> str:
    """The code in a text: the only match of the rule, or its only group. "" if there is none, or more than one.

    Nothing is guessed: a text with two possible codes goes on unchanged, without a code.
    """
    found = [match[1] if match.re.groups else match[0] for match in re.finditer(pattern, text[:_LONGEST_TEXT])]
    return found[0] if len(found) == 1 and found[0] else ""
