"""Whether the process can do its work now, asked of the store at most once a second however often anybody asks us."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from codesvc.store.store import Store

_FRESH_SECONDS: Final = 1.0


class Readiness:
    """The store's state as far as this process needs it.

    Args:
        store: the store.
        partitions: where the data of the configured accounts lie.
    """

    def __init__(self, store: Store, partitions: AbstractSet[int]) -> None:
        self._store = store
        self._partitions = partitions
        self._asking = asyncio.Lock()
        self._state = ""
        self._until = 0.0

    async def state(self) -> str:
        """`ok`, or what the store lacks."""
        async with self._asking:
            now = asyncio.get_running_loop().time
            if now() >= self._until:
                self._state = await self._store.state(self._partitions)
                self._until = now() + _FRESH_SECONDS
            return self._state
