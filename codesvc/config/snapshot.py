"""A configuration that was read once and can be passed on to workers, or compared with the next one.

A worker that is replaced must not read a file that is being edited at that moment. So the parent process reads the
tables and fills in every secret, and each worker receives the tables that the parent has accepted.
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

FIXED: Final = (
    ("mode",),
    ("service", "host"),
    ("service", "port"),
    ("service", "workers"),
    ("admin", "listen"),
    ("store",),
    ("oidc", "subject_key"),
)
"""Options that a running process cannot change: its mode, its sockets, its store, whom relying parties know."""


@dataclass(frozen=True, slots=True, repr=False)
class ConfigSnapshot:
    """A configuration with all secrets filled in. It must be protected like a secret.

    Attributes:
        tables: the tables, as `tomllib` returns them.
        directory: the directory that file names in them are relative to.
    """

    tables: Mapping[str, Any]
    directory: Path
    settings: Settings = field(compare=False)

    @classmethod
    def read(cls, path: Path, env: Mapping[str, str]) -> ConfigSnapshot:
        """Read and check the configuration file.

        Raises:
            ConfigError: it cannot be used; lists every reason.
        """
        settings, tables = load_with_tables(path, env)
        return cls(tables, path.resolve().parent, settings)

    def packed(self) -> bytes:
        """Encode for `unpack`. The result contains every secret."""
        return msgspec.json.encode([str(self.directory), self.tables])

    @classmethod
    def unpack(cls, octets: bytes) -> ConfigSnapshot:
        """Decode the result of `packed`."""
        directory, tables = msgspec.json.decode(octets, type=tuple[str, dict[str, Any]])
        return cls(tables, Path(directory), parse(tables, env={}, directory=Path(directory)))

    def with_fixed_of(self, running: ConfigSnapshot) -> tuple[ConfigSnapshot, list[str]]:
        """This document with the `FIXED` options of `running`, and the paths of those options that it would change.

        Raises:
            ConfigError: the two cannot be combined, for example a test platform address under a running mode "live".
        """
        tables: dict[str, Any] = dict(self.tables)
        needs_restart: list[str] = []
        for path in FIXED:
            if attrgetter(".".join(path))(self.settings) != attrgetter(".".join(path))(running.settings):
                old = _at(running.tables, path)
                needs_restart.extend(_differences(old, _at(tables, path), path))
                _put(tables, path, old)
        settings = parse(tables, env={}, directory=self.directory) if needs_restart else self.settings
        return ConfigSnapshot(tables, self.directory, settings), needs_restart

    def changes_since(self, running: ConfigSnapshot) -> list[str]:
        """The paths of options that differ, such as `accounts.main.token`, without their values."""
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
