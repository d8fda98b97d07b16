"""The signals that a process of the service listens to."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_STOP: Final = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """SIGINT and SIGTERM, which end, and SIGHUP, which reloads."""

    def __init__(self) -> None:
        self._came = asyncio.Event()
        self._stop = self._reload = False

    @contextlib.contextmanager
    def heard(self) -> Iterator[Signals]:
        """Listen to them for as long as the context is open."""
        loop = asyncio.get_running_loop()
        for number in (*_STOP, signal.SIGHUP):
            loop.add_signal_handler(number, self._hear, number)
        try:
            yield self
        finally:
            for number in (*_STOP, signal.SIGHUP):
                loop.remove_signal_handler(number)

    def _hear(self, number: signal.Signals) -> None:
        self._stop, self._reload = self._stop or number in _STOP, self._reload or number == signal.SIGHUP
        self._came.set()

    async def reload(self) -> bool:
        """Wait for the next signal; whether it asks for a reload, else the end has come."""
        await self._came.wait()
        wanted, self._reload = self._reload and not self._stop, False
        if not self._stop:
            self._came.clear()
        return wanted


async def stopped() -> None:
    """Wait for SIGINT or SIGTERM; a SIGHUP changes nothing."""
    with Signals().heard() as signals:
        while await signals.reload():
            pass
