"""A timeout that a process which stood still does not mistake for silence of the other side.

A busy machine, a stopped process or a long step of its own keeps the event loop from running. Then all timers are due
at once, and those of `asyncio.timeout` end what waits before it can read the answer that lies in the socket. This
timeout passes in parts, each with a timer of its own. However long the loop stands still, one part passes.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PARTS: Final = 4


@asynccontextmanager
async def loop_timeout(seconds: float) -> AsyncIterator[None]:
    """As `asyncio.timeout`, for seconds in which the loop runs.

    Raises:
        TimeoutError: they have passed.
    """
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle
    left = PARTS
    async with asyncio.timeout(None) as limit:

        def pass_part() -> None:
            nonlocal left, timer
            left -= 1
            if left:
                timer = loop.call_later(seconds / PARTS, pass_part)
            else:
                limit.reschedule(loop.time())

        timer = loop.call_later(seconds / PARTS, pass_part)
        try:
            yield
        finally:
            timer.cancel()
