"""Reads the packed strings of the scripts, for tools that show what is stored.

The layouts are those of `fragments/windows.lua` and `fragments/recent_activity.lua`. Only these write them.
"""

from __future__ import annotations

from typing import Final

_TIME: Final = 6
_ELSEWHERE: Final = b"L"
_ELSEWHERE_COUNT: Final = 255
_HEAD: Final = 2
_GROUP_AND_END: Final = 6


def opened(kind: str, value: bytes) -> dict[str, list[int] | list[str]] | None:
    """Times (ms) of events and ids of verifications, oldest first; None if this kind is not packed.

    Times that are in a list of their own are left out.
    """
    if kind == "window":
        return {"times": [] if value == _ELSEWHERE else _times(value)}
    if kind not in {"user", "recent"}:
        return None
    count = 0 if value[0] == _ELSEWHERE_COUNT else value[0]
    place = _HEAD + _TIME * count
    verifications = []
    while place < len(value):
        length = value[place]
        entry = value[place + 1 : place + 1 + length]
        verifications.append("vf_" + entry[_GROUP_AND_END if kind == "user" else 0 :].decode())
        place += 1 + length
    return {"times": _times(value[_HEAD : _HEAD + _TIME * count]), "verifications": verifications}


def _times(packed: bytes) -> list[int]:
    return [int.from_bytes(packed[at : at + _TIME], "big") for at in range(0, len(packed), _TIME)]
