"""Faults of a configuration: what is wrong and where. All of them are reported at once."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING

from codesvc.domain.errors import CodesvcError

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    list: "a list",
    tuple: "a list",
    dict: "a table",
    NoneType: "null",
}

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_KEY = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the path of keys and indexes that leads to it, a sentence without the value, and a remedy if known.

    The value is left out, because a misplaced value may be a secret.
    """

    path: tuple[str | int, ...]
    message: str
    remedy: str = ""

    @property
    def where(self) -> str:
        """The path as TOML spells it, such as `sites.shop.keys[0].hash`; empty for the whole file."""
        return "".join(_step(step) for step in self.path).removeprefix(".")

    def below(self, *path: str | int) -> Fault:
        """The same fault with `path` in front of its path."""
        return Fault((*path, *self.path), self.message, self.remedy)

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.path else self.message


class ConfigError(CodesvcError):
    """The configuration cannot be used. `faults` holds every reason; the text lists them, one on each line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


class UnfitError(ValueError):
    """A value breaks its rule. Rules raise this; the code that knows the value's path converts it to a `Fault`."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean "…"?` for the most similar known word, empty if none is similar."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def kind_of(value: object) -> str:
    """The kind of a value in words, without the value."""
    return next((name for kind, name in _KINDS.items() if isinstance(value, kind)), "something else")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    short = step if len(step) <= _LONGEST_KEY else step[:_LONGEST_KEY] + "…"
    return "." + (short if _BARE_KEY.fullmatch(short) else json.dumps(short))
