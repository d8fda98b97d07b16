"""Masked user names for chat messages: recognisable for the account's owner, but not revealing it to other people."""

from __future__ import annotations

import unicodedata
from typing import Final

_SHORT: Final = 4
_LONG: Final = 8
_LEFTWARD: Final = frozenset({"R", "AL", "AN"})
_ISOLATE: Final = "\u2068"
_END: Final = "\u2069"


def shown_user(user: str) -> str:
    """A masked user for a sentence."""
    return isolated(masked_user(user))


def isolated(user: str) -> str:
    """A user for a sentence. Letters that run from right to left do not reorder what stands beside them.

    For that they stand in a directional isolate (UAX 9 section 2.4.2); other users are returned as they are.
    """
    if any(unicodedata.bidirectional(character) in _LEFTWARD for character in user):
        return f"{_ISOLATE}{user}{_END}"
    return user


def masked_user(user: str) -> str:
    """The first and last characters with `***` between them. In an e-mail address both parts are masked like this."""
    name, at, host = user.partition("@")
    if at:
        return f"{masked_user(name)}@{masked_user(host)}"
    if len(user) <= _SHORT:
        return f"{user[:1]}***"
    ends = 2 if len(user) >= _LONG else 1
    return f"{user[:ends]}***{user[-ends:]}"
