"""Looks at all entries of the registry in the background, so that one that breaks a rule is named before it is used.

Ten thousand sites take a minute of CPU, so a start does not wait for it: entries are judged one after the other, with
pauses that leave nine tenths of the time to requests. An entry is judged again when it or its account has changed.
"""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from codesvc.sites.directory import Directory

_REST: Final = 9.0
"""The pause after an entry, as a multiple of the time that the entry took."""


class Inspection:
    """Inspects the registry's entries."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._changed = asyncio.Event()
        self._changed.set()
        self._seen: dict[str, tuple[str | None, str | None]] = {}

    def look(self) -> None:
        """Look at what has changed."""
        self._changed.set()

    async def run(self) -> None:
        """Inspect entries as they change; does not end by itself."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._inspect()

    async def _inspect(self) -> None:
        kept = self._directory.kept
        for name in list(kept.texts):
            kind, _, rest = name.partition("/")
            account = kept.texts.get(f"account/{kept.account_of(rest)}") if kind == "site" else None
            basis = (kept.texts.get(name), account)
            if self._seen.get(name) == basis:
                continue
            began = perf_counter()
            self._directory.judge(name)
            self._seen[name] = basis
            await asyncio.sleep(_REST * (perf_counter() - began))
        for name in self._seen.keys() - kept.texts.keys():
            del self._seen[name]
