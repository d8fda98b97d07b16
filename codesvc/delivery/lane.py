"""So many at once and no more, first come, first served: the calls to WeChat of one account.

asyncio's semaphore costs a busy lane ten microseconds a job, as it wakes whoever is next, who then looks whether there
is room. Here whoever leaves hands his place to the next.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Lane:
    """Places for `most`; entered with `async with`."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def __aenter__(self) -> None:
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            # Given the place and ended in the same moment: it goes on to the next.
            if place.done() and not place.cancelled():
                self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    def _leave(self) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
