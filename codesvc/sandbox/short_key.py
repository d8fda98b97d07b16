"""Short keys for long texts: `shorten/gen` and `shorten/fetch` (official pages)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ShortKey:
    """A text that is kept for some time; times in seconds since the epoch."""

    text: str
    created_at: float
    expires_at: float
