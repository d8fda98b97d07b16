"""Rules of webhooks: the event types, when an attempt is repeated, what a receiver's answer means.

The schedule is the one that Standard Webhooks recommends, with jitter, so that the events of an outage are not all
repeated at the same moment. `codesvc.delivery.webhooks` sends events; `codesvc.store` keeps them.
"""

import secrets
from collections.abc import Callable
from enum import StrEnum
from hashlib import sha256
from typing import Final, Literal, get_args

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
    "message.delivered",
    "message.handed_over",
    "message.unknown",
    "message.failed",
]
"""Event types, as a site lists them in `events` and receives them in `type`."""
EVENTS: Final[tuple[str, ...]] = get_args(EventType)
TEST_EVENT: Final = "webhook.test"
"""Sent on request, regardless of the event types that the endpoint receives."""
TEST_MESSAGE: Final = "This is a test of your webhook."

PAUSES: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Pause after each failed attempt, in seconds. The first attempt is immediate, so there are ten within 75 h 35 min."""
JITTER: Final = 0.1
LONGEST_RETRY_AFTER_SECONDS: Final = 86_400
"""The longest delay that a receiver's Retry-After can ask for, in seconds."""

KEPT_MS: Final = 30 * 86_400_000
MOST_PENDING: Final = 20_000
MOST_DONE: Final = 5_000
"""How much is kept: events up to this age in ms, and for each site these numbers of pending and ended events."""
ATTEMPTS_SHOWN: Final = 20
"""How many attempts of an event are kept, the latest ones."""


class HookStatus(StrEnum):
    """State of an event."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Result(StrEnum):
    """Result of one attempt. The values appear in the list of deliveries and in the metrics."""

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
    """The result that an HTTP status means. A redirect is a failure: it would send signed data to another address."""
    if status in _SUCCESS:
        return Result.DELIVERED
    if status in _REDIRECTS:
        return Result.REDIRECTED
    return Result.GONE if status == _GONE else Result.REFUSED


def pause_ms(attempts: int, retry_after_seconds: int, spread: Callable[[float, float], float]) -> int | None:
    """The pause after a number of failed attempts, in ms; None if the event is given up.

    Args:
        attempts: how many attempts were made, this one included.
        retry_after_seconds: the receiver's Retry-After in seconds, 0 without one. It can only lengthen the pause.
        spread: draws a number between two numbers, like `random.uniform`.
    """
    if attempts > len(PAUSES):
        return None
    jittered = PAUSES[attempts - 1] * spread(1 - JITTER, 1 + JITTER)
    return round(max(jittered, min(retry_after_seconds, LONGEST_RETRY_AFTER_SECONDS)) * 1000)


def seed() -> str:
    """Random text from which a script makes the ids of its events."""
    return secrets.token_hex(16)


def derived_id(*parts: str) -> str:
    """The id of an event that must be sent only once, even if it is announced several times."""
    return "wh_" + sha256("/".join(parts).encode()).hexdigest()[:32]
