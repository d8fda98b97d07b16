"""Watches the store's clock for steps. After a step it is reported for a day, and no data is deleted for good.

The difference to this machine's own clock is reported too.

The latest time is kept in the store, so that a step during a restart is noticed too. While a process runs, its own
monotonic clock says how far the store's clock should have advanced.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.domain.clock import TOLERANCE_MS, unix_ms
from codesvc.domain.errors import ScriptError, StoreUnavailable
from codesvc.domain.health import CLOCK_JUMPED, CLOCK_SET_BACK
from codesvc.runtime import metrics
from codesvc.runtime.tasks import beside, every
from codesvc.store.availability import OrUnavailable
from codesvc.store.clock_mark import ClockMark
from codesvc.store.partitions import DEPLOYMENT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
_EVERY_SECONDS: Final = 20.0
_JUMP_MS: Final = 3_600_000
_HELD_MS: Final = 86_400_000


class StoreClock:
    """The store's clock as this process has watched it.

    Attributes:
        state: the step of the last day as `/readyz` says it, whichever process saw it; None without one.
        after_set_back: called after the clock was set back.
        ahead_ms: how far this machine's clock was ahead of the store's at the latest look; None before the first.

    Args:
        steady: seconds of this process's monotonic clock.
        wall: ms of this machine's clock.
    """

    def __init__(self, store: Store, *, steady: Callable[[], float], wall: Callable[[], int] = unix_ms) -> None:
        self.state: str | None = None
        self.ahead_ms: int | None = None
        self._wall = wall
        self.after_set_back: list[Callable[[], Awaitable[None]]] = []
        self._store = store
        self._steady = steady
        self._last: tuple[int, float] | None = None
        self._held_until = 0.0

    @property
    def may_delete(self) -> bool:
        """Whether data may be deleted for good: not before the clock was read, and not for a day after a jump."""
        return self._last is not None and self.state != CLOCK_JUMPED and self._steady() >= self._held_until

    async def now(self) -> int:
        """The time of the store's own clock, ms, without the offset of test mode."""
        seconds, micros = await self._store.at(DEPLOYMENT).time()
        return int(seconds) * 1000 + int(micros) // 1000

    async def look(self) -> None:
        """Read the clock once, and note and log a step.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        key, redis = self._store.keys.store_clock, self._store.at(DEPLOYMENT)
        with OrUnavailable("the store's clock cannot be read"):
            now = await self.now()
            self.ahead_ms = self._wall() - now
            metrics.CLOCK_APART.set(abs(self.ahead_ms) / 1000)
            kept = ClockMark.read(await redis.hgetall(key))
            steady, before = self._steady(), self._last
            expected = kept.seen if before is None else before[0] + round((steady - before[1]) * 1000)
            back, ahead = max(kept.seen, expected) - now, now - expected if expected else 0
            found = CLOCK_SET_BACK if back > TOLERANCE_MS else CLOCK_JUMPED if ahead > _JUMP_MS else None
            if found == CLOCK_JUMPED and before is None:
                # The service may have been stopped for as long. That is not a fault, but nothing is deleted yet.
                self._held_until, found = steady + _HELD_MS / 1000, None
            if found is not None:
                _log.error("store_clock_stepped", state=found, seconds=round(max(back, ahead) / 1000))
                kept = ClockMark(now, found, now)
            await redis.hset(key, mapping={"seen": now, "state": kept.state, "stepped": kept.stepped})
        self._last, self.state = (now, steady), kept.state_at(now)
        if found == CLOCK_SET_BACK:
            for react in self.after_set_back:
                await react()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look now and every 20 seconds, as long as this context is open."""
        async with beside(partial(every, _EVERY_SECONDS, self._try, at_once=True), "store clock"):
            yield

    async def _try(self) -> None:
        try:
            await self.look()
        except (StoreUnavailable, ScriptError) as error:
            _log.warning("store_clock_unknown", error=str(error))
