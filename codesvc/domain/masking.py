"""Masked user names for chat messages: recognisable for the account's owner, but not revealing it to other people."""

from __future__ import annotations

from typing import Final

_SHORT: Final = 4
_LONG: Final = 8


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
