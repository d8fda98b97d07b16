"""One read of the store for all streams that are woken by the same change."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

_T = TypeVar("_T")


class SharedReads:
    """Reads that are shared by all who ask for the same key in the same turn of the event loop."""

    def __init__(self) -> None:
        self._reads: dict[Hashable, asyncio.Future[Any]] = {}

    async def read(self, key: Hashable, read: Callable[[], Awaitable[_T]]) -> _T:
        """What `read` returns, or a read that another caller has begun in this turn.

        A change wakes all streams of a verification in one turn, and the read is sent in the next one. So no stream
        gets a state from before the change that woke it.

        Raises:
            Exception: what `read` raises, to each caller.
        """
        reading: asyncio.Future[_T] | None = self._reads.get(key)
        if reading is None:
            reading = self._reads[key] = asyncio.ensure_future(read())
            asyncio.get_running_loop().call_soon(self._reads.pop, key)
        # One caller that is cancelled does not end the read of the others.
        return await asyncio.shield(reading)
