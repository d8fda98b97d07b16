"""Masked user names for chat messages: recognisable for the account's owner, but not revealing it to other people."""

import unicodedata
from typing import Final

_SHORT: Final = 4
_LONG: Final = 8
_LEFTWARD: Final = frozenset({"R", "AL", "AN"})
_ISOLATE: Final = "\u2068"
_END: Final = "\u2069"


HIDDEN: Final = "…"
"""Written in place of hidden characters. No setting in which it is used may contain it."""


def without_query(url: str) -> str:
    """An address without its query, in which the keys of receivers and gateways often stand."""
    base, mark, _ = url.partition("?")
    return f"{base}?{HIDDEN}" if mark else url


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
    """The first and last characters with `***` between them. In an e-mail address both parts are masked like this.

    The result has at most 15 characters, so that it fits into a field of a template message.
    """
    name, at, host = user.rpartition("@")
    return f"{_masked(name)}@{_masked(host)}" if at else _masked(user)


def _masked(user: str) -> str:
    if len(user) <= _SHORT:
        return f"{user[:1]}***"
    ends = 2 if len(user) >= _LONG else 1
    return f"{user[:ends]}***{user[-ends:]}"
