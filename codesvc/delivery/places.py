"""How many calls to WeChat one account has under way, and who is next where more wait.

While all are sent soon, jobs go in their order. Where more come than WeChat takes, every job would then wait as long as
the oldest, and every code would come too late. So once the oldest has waited for `CALM_SECONDS`, the newest goes first:
most codes arrive at once, and the others not at all. A job that has waited for `LIFE_SECONDS` goes before all others:
most codes have ended by then, and such a job needs the store, but no call. A code with a longer life is sent earlier.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final

CALM_SECONDS: Final = 10.0
LIFE_SECONDS: Final = 300.0
"""The default of `code_life`."""


class Places:
    """A limited number of places; used as `async with places:`.

    Args:
        count: how many.
        now: seconds of a clock that never goes back.
    """

    def __init__(self, count: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._free = count
        self._now = now
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()

    async def __aenter__(self) -> None:
        """Wait for a place."""
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._now(), place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._give()  # it was given the place in the moment in which it was cancelled
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the place to the next one."""
        self._give()

    def _give(self) -> None:
        while self._waiting:
            place = self._next()
            if not place.done():  # else it was cancelled
                place.set_result(None)
                return
        self._free += 1

    def _next(self) -> asyncio.Future[None]:
        waited = self._now() - self._waiting[0][0]
        oldest_first = waited < CALM_SECONDS or waited >= LIFE_SECONDS
        _, place = self._waiting.popleft() if oldest_first else self._waiting.pop()
        return place
