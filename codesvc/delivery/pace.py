"""How long deliveries wait, and how many are under way at once; tests change it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from codesvc.delivery.breaker import LONGEST_PAUSE, PAUSE
from codesvc.delivery.courier import MOST_PER_ACCOUNT, PAUSES
from codesvc.delivery.shares import WAIT_SECONDS
from codesvc.delivery.worker import HOLD_SECONDS, MOST_HELD


@dataclass(frozen=True, slots=True)
class Pace:
    """The waiting times and bounds of an application's worker and courier.

    Attributes:
        hold_seconds, most_held, wait_seconds: see `Worker`.
        pauses, most_per_account: see `Courier`.
        trials: see `Breaker`: seconds to the first trial, and the longest pause between two.
        sleep: how a courier pauses, seconds; tests decide when a held push leaves.
    """

    hold_seconds: float = HOLD_SECONDS
    most_held: int = MOST_HELD
    wait_seconds: float = WAIT_SECONDS
    pauses: Sequence[float] = PAUSES
    most_per_account: int = MOST_PER_ACCOUNT
    trials: tuple[float, float] = (PAUSE, LONGEST_PAUSE)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
