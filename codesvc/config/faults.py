"""What is wrong with a configuration, and where: every fault at once, none of them a surprise."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
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
}

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_KEY = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong: the keys and indexes that lead to it, and a sentence that shows no value.

    Values are left out because the value in a wrong place may well be a secret.
    """

    path: tuple[str | int, ...]
    message: str

    @property
    def where(self) -> str:
        """The path as TOML spells it, e.g. `sites.shop.keys[0].hash`; empty for the whole file."""
        return "".join(_step(step) for step in self.path).removeprefix(".")

    def below(self, *path: str | int) -> Fault:
        """The same fault seen from further up."""
        return Fault((*path, *self.path), self.message)

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.path else self.message


class ConfigError(CodesvcError):
    """The configuration cannot be used; `faults` names every reason, its text lists them one per line."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Fault, ...]]]:
        return type(self), (self.faults,)


class UnfitError(ValueError):
    """A value breaks its rule. Raised by the rules, turned into a `Fault` by whoever knows the path."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean "…"?` for the nearest known word, empty if none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def kind_of(value: object) -> str:
    """What a value is, in words for people, without showing it."""
    return next((name for kind, name in _KINDS.items() if isinstance(value, kind)), "something else")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    short = step if len(step) <= _LONGEST_KEY else step[:_LONGEST_KEY] + "…"
    return "." + (short if _BARE_KEY.fullmatch(short) else json.dumps(short))
