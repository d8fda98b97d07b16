"""Settings as JSON tables, which can be changed in part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from codesvc.domain.errors import CodesvcError

Table = dict[str, Any]
Kept = Literal["file", "store"]
Entry = Literal["site", "account"]


class Conflict(CodesvcError):
    """The change conflicts with existing entries; the text gives the reason."""


class UnreadableEntry(Conflict):
    """An entry is there and cannot be opened: its master key is unknown here, or it is not genuine.

    That is not the same as no entry: another process may use it. So it is neither replaced nor counted as absent.

    Args:
        entry: its name.
    """

    def __init__(self, entry: str) -> None:
        super().__init__(
            f"the registry's entry {entry} is encrypted under a master key that this configuration lacks: put that key "
            "back (secrets.previous_master_keys), or remove the entry if the key is gone for good"
        )


class Missing(CodesvcError):
    """There is no entry of that name."""


@dataclass(frozen=True, slots=True)
class Described:
    """A site or an account.

    Attributes:
        kept: whether the configuration file or the store contains it.
        table: its settings without secrets; None for an entry of the file, where they can be read.
        secrets: the options that hold secrets and are set.
    """

    name: str
    kept: Kept
    table: Table | None
    secrets: tuple[str, ...] = ()


def merged(table: Table, patch: Mapping[str, Any]) -> Table:
    """Apply a JSON merge patch (RFC 7396) to a table: None removes an option, tables are merged."""
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
