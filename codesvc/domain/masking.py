"""Masked user names for chat messages: recognisable for the account's owner, but not revealing it to other people."""

from __future__ import annotations

from typing import Final

_SHORT: Final = 4
_LONG: Final = 8


def masked_user(user: str) -> str:
    """The first and last characters with `***` between them. In an e-mail address both parts are masked like this."""
    name, at, host = user.partition("@")
    if at:
        return f"{masked_user(name)}@{masked_user(host)}"
    if len(user) <= _SHORT:
        return f"{user[:1]}***"
    ends = 2 if len(user) >= _LONG else 1
    return f"{user[:ends]}***{user[-ends:]}"
