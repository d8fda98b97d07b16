"""Random texts of one form, made many at a time: asking the kernel for each costs more than all else about it.

What is kept ready is secret to nobody but this process, whose memory holds the master key as well. A process that is
forked from this one begins with nothing, as two must never draw the same.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH: Final = 64


class Supply:
    """Texts that are drawn one by one.

    Args:
        make: makes about so many of them, at least one, from the kernel's random bytes.
    """

    def __init__(self, make: Callable[[int], list[str]]) -> None:
        self._make = make
        self._ready: list[str] = []
        _supplies.add(self)

    def draw(self) -> str:
        """One that nobody has drawn before, from whichever thread."""
        try:
            return self._ready.pop()
        except IndexError:
            fresh = self._make(BATCH)
            drawn = fresh.pop()
            self._ready += fresh
            return drawn

    def forget(self) -> None:
        """Throw away what is ready."""
        self._ready = []


def cut(text: str, length: int) -> list[str]:
    """A long text in pieces of one length; what is left over at its end is thrown away."""
    return [text[at : at + length] for at in range(0, len(text) - length + 1, length)]


def _forget_all() -> None:
    for each in _supplies:
        each.forget()


_supplies: Final[WeakSet[Supply]] = WeakSet()
os.register_at_fork(after_in_child=_forget_all)
