"""Handling of the signals of a service process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_STOP: Final = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """SIGINT and SIGTERM, which stop the process, and SIGHUP, which reloads it."""

    def __init__(self) -> None:
        self._received = asyncio.Event()
        self._stop = self._reload = False

    @contextlib.contextmanager
    def installed(self) -> Iterator[Signals]:
        """Handle the signals while the context is open."""
        loop = asyncio.get_running_loop()
        for number in (*_STOP, signal.SIGHUP):
            loop.add_signal_handler(number, self._handle, number)
        try:
            yield self
        finally:
            for number in (*_STOP, signal.SIGHUP):
                loop.remove_signal_handler(number)

    def _handle(self, number: signal.Signals) -> None:
        self._stop, self._reload = self._stop or number in _STOP, self._reload or number == signal.SIGHUP
        self._received.set()

    async def reload(self) -> bool:
        """Wait for the next signal. True if it asks for a reload, False if it asks to stop."""
        await self._received.wait()
        wanted, self._reload = self._reload and not self._stop, False
        if not self._stop:
            self._received.clear()
        return wanted


async def stopped() -> None:
    """Wait for SIGINT, SIGTERM, or the end of the terminal (SIGHUP, unless `nohup` ignores it)."""
    received = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = [number for number in (*_STOP, signal.SIGHUP) if signal.getsignal(number) is not signal.SIG_IGN]
    for number in numbers:
        loop.add_signal_handler(number, received.set)
    try:
        await received.wait()
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
