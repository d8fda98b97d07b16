"""How long deliveries wait; tests shorten it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesvc.delivery.breaker import LONGEST_PAUSE, PAUSE
from codesvc.delivery.courier import PAUSES
from codesvc.delivery.worker import HOLD_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Pace:
    """The waiting times of an application's worker and courier.

    Attributes:
        hold_seconds: see `Worker`.
        pauses: see `Courier`.
        trials: see `Breaker`: seconds to the first trial, and the longest pause between two.
    """

    hold_seconds: float = HOLD_SECONDS
    pauses: Sequence[float] = PAUSES
    trials: tuple[float, float] = (PAUSE, LONGEST_PAUSE)
