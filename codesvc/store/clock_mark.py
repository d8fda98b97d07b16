"""The latest time that the store's clock showed, and its latest step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_REPORTED_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class ClockMark:
    """The mark in the store; all times in ms by the store's own clock.

    Attributes:
        seen: the time of the latest look, 0 before the first.
        state: how the clock stepped last, as in `codesvc.domain.health`; "" for never.
        stepped: when that was seen.
    """

    seen: int = 0
    state: str = ""
    stepped: int = 0

    @classmethod
    def read(cls, fields: Mapping[Any, Any]) -> ClockMark:
        """The mark as HGETALL gives it."""
        return cls(int(fields.get(b"seen", 0)), fields.get(b"state", b"").decode(), int(fields.get(b"stepped", 0)))

    def state_at(self, now: int) -> str | None:
        """The step, which is reported for a day; None without one."""
        return self.state if self.state and now - self.stepped < _REPORTED_MS else None
