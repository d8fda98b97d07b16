"""Loading of settings from a file, or from tables made in code."""

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from codesvc.config.brand_settings import colour_notices
from codesvc.config.cross_checks import inconsistencies
from codesvc.config.faults import ConfigError, Fault
from codesvc.config.files import read_tables
from codesvc.config.partial import faults_in
from codesvc.config.settings import DATA_DIR, Settings
from codesvc.config.sources import Sources
from codesvc.config.structure import structured


def load(path: Path, env: Mapping[str, str] = os.environ) -> Settings:
    """Read a configuration file. File names in it are relative to its directory.

    Raises:
        ConfigError: it cannot be read or used; lists every reason.
    """
    return load_with_tables(path, env)[0]


def load_with_tables(path: Path, env: Mapping[str, str]) -> tuple[Settings, dict[str, Any]]:
    """As `load`, and also returns the tables as they were read, with every secret filled in.

    Raises:
        ConfigError: it cannot be read or used; lists every reason.
    """
    tables, exposed = read_tables(path)
    sources = _sources(tables, env, path.resolve().parent)
    sources.read_beside(path)
    filled = sources.filled(tables)
    settings = _settings(filled, sources, *_misplaced(sources, tables))
    inline = ", ".join(".".join(found) for found in sources.inline)
    if exposed and inline:
        said = f"every user of the machine can read this file, which contains {inline}"
        notice = Fault((), said, f"chmod 600 {shlex.quote(str(path))}")
        settings = replace(settings, notices=(*settings.notices, notice))
    return settings, filled


def parse(data: Mapping[str, Any], *, env: Mapping[str, str], directory: Path) -> Settings:
    """Make settings from tables such as `tomllib` returns. File names in them are relative to `directory`.

    Secrets may also be `Secret`, texts `LocalText`, and paths `Path`.

    Raises:
        ConfigError: they cannot be used; lists every reason.
    """
    sources = _sources(data, env, directory)
    return _settings(sources.filled(data), sources)


def _settings(filled: Mapping[str, Any], sources: Sources, *known: Fault) -> Settings:
    settings = structured(filled)
    faults = [*known, *faults_in(settings), *inconsistencies(settings)]
    if faults:
        raise ConfigError(faults)
    store = replace(settings.store, data_dir=sources.data_dir)
    service = settings.service
    if service.templates_dir is not None:
        service = replace(service, templates_dir=sources.directory / service.templates_dir)
    admin = settings.admin
    if admin.audit_file is not None:
        admin = replace(admin, audit_file=sources.directory / admin.audit_file)
    notices = (*sources.notices, *colour_notices({name: site.brand for name, site in settings.sites.items()}))
    return replace(settings, store=store, service=service, admin=admin, notices=notices)


def _sources(data: Mapping[str, Any], env: Mapping[str, str], directory: Path) -> Sources:
    """The sources of secrets. A fault of `data_dir` itself is reported by `structured`."""
    store = data.get("store")
    raw = store.get("data_dir", DATA_DIR) if isinstance(store, Mapping) else DATA_DIR
    sound = isinstance(raw, str | Path) and "\0" not in str(raw)
    here = directory.absolute()
    return Sources(env, here, here / (raw if sound else DATA_DIR))


def _misplaced(sources: Sources, tables: Mapping[str, Any]) -> Iterator[Fault]:
    """DESIGN rule 1: a configuration file that contains a master key must not be inside `data_dir`."""
    secrets = tables.get("secrets")
    inline = isinstance(secrets, Mapping) and {"master_key", "previous_master_keys"} & secrets.keys()
    if inline and sources.directory.is_relative_to(sources.data_dir.resolve()):
        yield Fault(("secrets",), "are inside store.data_dir; keep them apart from the data they protect")
