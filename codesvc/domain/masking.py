"""A user as the person's own chat may show it: enough to know one's own account, not enough to learn another's."""

from __future__ import annotations

from typing import Final

_SHORT: Final = 4
_LONG: Final = 8


def masked_user(user: str) -> str:
    """The first and last characters with `***` between; of an address with @, both halves so."""
    name, at, host = user.partition("@")
    if at:
        return f"{masked_user(name)}@{masked_user(host)}"
    if len(user) <= _SHORT:
        return f"{user[:1]}***"
    ends = 2 if len(user) >= _LONG else 1
    return f"{user[:ends]}***{user[-ends:]}"
