"""How long deliveries wait; tests shorten it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from codesvc.delivery.breaker import LONGEST_PAUSE, PAUSE
from codesvc.delivery.courier import PAUSES
from codesvc.delivery.worker import HOLD_SECONDS


@dataclass(frozen=True, slots=True)
class Pace:
    """The waiting times of an application's worker and courier.

    Attributes:
        hold_seconds: see `Worker`.
        pauses: see `Courier`.
        trials: see `Breaker`: seconds to the first trial, and the longest pause between two.
        sleep: how a courier pauses, seconds; tests decide when a held push leaves.
    """

    hold_seconds: float = HOLD_SECONDS
    pauses: Sequence[float] = PAUSES
    trials: tuple[float, float] = (PAUSE, LONGEST_PAUSE)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
