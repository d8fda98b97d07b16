"""Whom the configuration file lets in: operators, admin keys and sites' keys. A change of them has an audit line.

The file may change while no service runs, and it takes effect by a start as well as by a reload. So each process notes
in the store whom its file lets in, when it begins to use it, and the first one that finds a difference writes the line.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from codesvc.domain.errors import ScriptError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codesvc.config import ApiKey, Settings
    from codesvc.config.settings import AdminKey
    from codesvc.store.store import Store


async def note_file_access(store: Store, settings: Settings) -> None:
    """Note it. Where the store does not answer, the next start or reload finds the difference."""
    with suppress(StoreUnavailable, ScriptError):
        await store.audit.note_access({name: sha256(what.encode()).hexdigest() for name, what in _entries(settings)})


def _entries(settings: Settings) -> Iterator[tuple[str, str]]:
    """Each entry's name and what it lets in by. Passwords and keys are hashes already."""
    for name, operator in settings.admin.operators.items():
        yield f"operator/{name}", operator.password
    for key in settings.admin.keys:
        yield f"admin-key/{key.name}", _key(key)
    for name, site in settings.sites.items():
        for each in site.keys:
            yield f"key/{name}/{each.name}", _key(each)


def _key(key: AdminKey | ApiKey) -> str:
    return " ".join([key.hash, *sorted(key.scopes)])
