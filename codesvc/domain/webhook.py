"""Webhooks as rules: which events there are, when an attempt is repeated, what an answer of the receiver means.

The schedule is the one that Standard Webhooks suggests, with jitter, so that the events of an outage do not all come
back at once. Sending itself is `codesvc.delivery.webhooks`; keeping, `codesvc.store`.
"""

from __future__ import annotations

import secrets
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

EventType = Literal[
    "verification.approved",
    "verification.delivered",
    "verification.failed",
    "verification.fell_back",
    "verification.exhausted",
    "binding.created",
    "binding.removed",
    "binding.conflict",
    "binding.unreachable",
    "login.approved",
    "quota.low",
]
"""Types of events, as a site names them in `events` and reads them in `type`."""
EVENTS: Final[tuple[str, ...]] = get_args(EventType)
TEST_EVENT: Final = "webhook.test"
"""Sent when somebody asks for it, whatever the endpoint listens to."""
TEST_MESSAGE: Final = "This is a test of your webhook."

PAUSES: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds after each attempt that failed; the first is made at once, so there are ten over 75 h 35 min."""
JITTER: Final = 0.1
LONGEST_WISH: Final = 86_400
"""How far a receiver's Retry-After may put an attempt off, seconds."""

KEPT_MS: Final = 30 * 86_400_000
MOST_PENDING: Final = 20_000
MOST_DONE: Final = 5_000
"""An event is kept so long; of one site so many that are still to be sent, and so many that are done."""
ATTEMPTS_SHOWN: Final = 20
"""How many attempts of an event are remembered, the latest."""


class HookStatus(StrEnum):
    """What became of an event."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Result(StrEnum):
    """How one attempt ended. The words stand in the list of deliveries and in the metrics."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    GONE = "gone"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    BAD_CERTIFICATE = "bad-certificate"
    PRIVATE_ADDRESS = "private-address"
    UNREADABLE = "unreadable"


_SUCCESS, _REDIRECTS, _GONE = range(200, 300), range(300, 400), 410


def judge(status: int) -> Result:
    """What an HTTP status means. A redirect is none of a success: it would send signed data somewhere else."""
    if status in _SUCCESS:
        return Result.DELIVERED
    if status in _REDIRECTS:
        return Result.REDIRECTED
    return Result.GONE if status == _GONE else Result.REFUSED


def pause_ms(attempts: int, wish: int, spread: Callable[[float, float], float]) -> int | None:
    """How long to wait after so many failed attempts, in ms; None where it is given up.

    Args:
        attempts: how many were made, this one included.
        wish: the receiver's Retry-After in seconds, 0 without one. It only puts off.
        spread: draws between two numbers, as `random.uniform` does.
    """
    if attempts > len(PAUSES):
        return None
    jittered = PAUSES[attempts - 1] * spread(1 - JITTER, 1 + JITTER)
    return round(max(jittered, min(wish, LONGEST_WISH)) * 1000)


def seed() -> str:
    """What a script makes the ids of its events from."""
    return secrets.token_hex(16)


def derived_id(*parts: str) -> str:
    """The id of an event that must not come twice however often it is announced."""
    return "wh_" + sha256("/".join(parts).encode()).hexdigest()[:32]
