"""A configuration that was read once and can be handed on: to a worker, or to a comparison with the next one.

A worker that is replaced at night must not read half of a file that somebody is just writing. So the tables are read by
the parent, with every secret in its place, and travel to each worker as they were accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from codesvc.config.loading import load_with_tables, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.config.settings import Settings

FIXED: Final = (("mode",), ("service", "host"), ("service", "port"), ("service", "workers"), ("store",))
"""What a running process cannot change: its kind, its socket, its store."""


@dataclass(frozen=True, slots=True, repr=False)
class Document:
    """Tables with all secrets filled in; as secret as these.

    Attributes:
        tables: as `tomllib` makes them.
        directory: what file names in them are relative to.
    """

    tables: Mapping[str, Any]
    directory: Path
    settings: Settings = field(compare=False)

    @classmethod
    def read(cls, path: Path, env: Mapping[str, str]) -> Document:
        """The configuration file, checked.

        Raises:
            ConfigError: it cannot be used; every reason at once.
        """
        settings, tables = load_with_tables(path, env)
        return cls(tables, path.resolve().parent, settings)

    def packed(self) -> bytes:
        """As bytes for `unpack`. They hold every secret."""
        return msgspec.json.encode([str(self.directory), self.tables])

    @classmethod
    def unpack(cls, octets: bytes) -> Document:
        """What `packed` has packed."""
        directory, tables = msgspec.json.decode(octets, type=tuple[str, dict[str, Any]])
        return cls(tables, Path(directory), parse(tables, env={}, directory=Path(directory)))

    def kept_over(self, running: Document) -> tuple[Document, list[str]]:
        """This document with what is `FIXED` as in `running`; and which of these options it wanted to change.

        Raises:
            ConfigError: the two do not go together, a platform of mode "test" under a running mode "live", say.
        """
        tables: dict[str, Any] = dict(self.tables)
        wanted: list[str] = []
        for path in FIXED:
            if attrgetter(".".join(path))(self.settings) != attrgetter(".".join(path))(running.settings):
                old = _at(running.tables, path)
                wanted.extend(_differences(old, _at(tables, path), path))
                _put(tables, path, old)
        settings = parse(tables, env={}, directory=self.directory) if wanted else self.settings
        return Document(tables, self.directory, settings), wanted

    def changes_since(self, running: Document) -> list[str]:
        """Which options differ, as paths such as `accounts.main.token`; their values are nobody's business."""
        return list(_differences(running.tables, self.tables, ()))


def _at(tables: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = tables
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _put(tables: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *above, last = path
    for name in above:
        tables[name] = dict(tables.get(name, {}))
        tables = tables[name]
    if value is None:
        tables.pop(last, None)
    else:
        tables[last] = value


def _differences(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            yield from _differences(old.get(name), new.get(name), (*path, name))
    elif old != new:
        yield ".".join(path)
