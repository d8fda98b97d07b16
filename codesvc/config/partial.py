"""The valid part of a table that has faults, so that rules between options can still check it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from codesvc.config.faults import Fault


class UnsoundError(Exception):
    """A rule read an option whose fault is already known. It ends the rule and is not a fault of its own."""


class Draft:
    """The valid options of a table as attributes. Reading any other option raises `UnsoundError`."""

    def __init__(self, sound: Mapping[str, Any], faults: list[Fault]) -> None:
        self.__dict__.update(sound)
        self._sound = sound
        self._faults = faults

    def __getattr__(self, name: str) -> NoReturn:
        raise UnsoundError(name)

    def faults(self, *path: str | int) -> Iterator[Fault]:
        """The faults of this table, then those of the tables inside it. `path` leads to this table."""
        yield from (fault.below(*path) for fault in self._faults)
        yield from faults_in(self._sound, *path)


def faults_in(value: object, *path: str | int) -> Iterator[Fault]:
    """Every fault below a structured value, in the order of the settings. `path` leads to the value.

    A settings object has none: it is made only of a table without faults.
    """
    if isinstance(value, Draft):
        yield from value.faults(*path)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from faults_in(item, *path, key)
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from faults_in(item, *path, index)
