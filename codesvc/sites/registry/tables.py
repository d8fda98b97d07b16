"""Settings as tables that travel: JSON in, JSON out, changed piece by piece."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from codesvc.domain.errors import CodesvcError

if TYPE_CHECKING:
    from collections.abc import Mapping

Table = dict[str, Any]
Kept = Literal["file", "store"]


class Conflict(CodesvcError):
    """What is there already stands in the way; the text says what."""


class Missing(CodesvcError):
    """There is nothing of that name."""


@dataclass(frozen=True, slots=True)
class Described:
    """A site or an account.

    Attributes:
        name: its name.
        kept: where it is.
        table: its settings without secrets; None for one of the file, which is to be read there.
        secrets: the options that hold secrets and are set.
    """

    name: str
    kept: Kept
    table: Table | None
    secrets: tuple[str, ...] = ()


def merged(table: Table, patch: Mapping[str, Any]) -> Table:
    """A table changed by a JSON merge patch (RFC 7396): None takes an option away, tables are merged."""
    result = dict(table)
    for option, value in patch.items():
        if value is None:
            result.pop(option, None)
        elif isinstance(value, dict):
            inner = result.get(option)
            result[option] = merged(inner if isinstance(inner, dict) else {}, value)
        else:
            result[option] = value
    return result
