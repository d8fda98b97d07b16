"""The form of user ids, and what is wrong with one in words."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from codesvc.domain.errors import Invalid

# `$` alone would also match before a trailing line break.
USER_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._@+:-]{0,127}(?!\n)$"
_LONGEST_USER: Final = 128


def check_user(text: str) -> None:
    """Check the form of a user, in a body or in a path.

    Raises:
        Invalid: it is none; the message says what is wrong and what is allowed.
    """
    if re.fullmatch(USER_PATTERN.strip("^$"), text):
        return
    if not text:
        wrong = "it is empty"
    elif len(text) > _LONGEST_USER:
        wrong = f"it has {len(text)} characters"
    elif (strange := re.search(r"[^A-Za-z0-9._@+:-]", text)) is not None:
        wrong = f"its character {strange.start() + 1} is {_named(strange[0])}"
    else:
        wrong = f"it begins with {text[0]}"
    raise Invalid(
        f"user is no id that can be used: {wrong}. An id has 1 to {_LONGEST_USER} of the characters A-Z, a-z, 0-9 and "
        "._@+:- and begins with a letter or digit. For other ids send a number or a hash of them instead",
        "/user",
    )


def _named(character: str) -> str:
    name = "a blank" if character == " " else unicodedata.name(character, "a control character")
    return f"{name} (U+{ord(character):04X})"
