"""Limits and rates as values (DESIGN rule 3). The scripts count events exactly; this module defines names and forms.

A limit is a list of rates, and all of them apply. A rate allows N events in *every* window of length T, not only in
every calendar hour.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
"""Units of time in a rate, in seconds."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` events in every window of `seconds` seconds."""

    count: int
    seconds: int

    def __str__(self) -> str:
        for name, seconds in UNITS.items():
            if self.seconds == seconds:
                return f"{self.count}/{name}"
        letter, unit = next((name[0], size) for name, size in reversed(UNITS.items()) if self.seconds % size == 0)
        return f"{self.count}/{self.seconds // unit}{letter}"


@dataclass(frozen=True, slots=True)
class LimitReached:
    """A limit that was reached.

    Attributes:
        limit: the limit's name, as in the configuration.
        wait_ms: ms until one more event is allowed.
    """

    limit: str
    wait_ms: int
    rates: tuple[Rate, ...]

    @property
    def retry_after(self) -> int:
        """Whole seconds to wait, at least 1 (RFC 9110 section 10.2.3)."""
        return whole_seconds(self.wait_ms)


def whole_seconds(wait_ms: int) -> int:
    """A wait in whole seconds, as `Retry-After` has it: rounded up, at least 1 (RFC 9110 section 10.2.3)."""
    return max(1, -(-wait_ms // 1000))


def names(limit: str, rates: Iterable[Rate]) -> tuple[str, ...]:
    """A name for each rate of a limit: rate-limit headers treat each rate as a policy, and policies need names."""
    known = tuple(rates)
    return tuple(limit if len(known) == 1 else f"{limit}/{rate.seconds}" for rate in known)


def policies(limit: str, rates: Iterable[Rate]) -> str:
    """A limit's policies as a `RateLimit-Policy` header (draft-ietf-httpapi-ratelimit-headers), "" for none."""
    known = tuple(rates)
    pairs = zip(names(limit, known), known, strict=True)
    return ", ".join(f'"{name}";q={rate.count};w={rate.seconds}' for name, rate in pairs)


def encode(rates: Iterable[Rate]) -> str:
    """Encode rates for the scripts: `N/T N/T`, T in ms."""
    return " ".join(f"{rate.count}/{rate.seconds * 1000}" for rate in rates)


def widest(limits: Iterable[Iterable[Rate]]) -> str:
    """The most events and the longest time of any of these limits, encoded as one rate; "" where none has a rate."""
    rates = [rate for limit in limits for rate in limit]
    return encode([Rate(max(r.count for r in rates), max(r.seconds for r in rates))]) if rates else ""
