"""When a call is tried again, and after how long.

A call that nobody answered, or that was answered by `unavailable`, may have happened. It is repeated only where that
does no harm: reads, and calls that carry an Idempotency-Key. A call that was limited has not happened, so any may be
repeated, if the wait is short.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from codesvc.client.errors import Limited, ServiceError, Unavailable, Unreachable, WechatUnavailable


@dataclass(frozen=True, slots=True)
class Retries:
    """How patient a client is.

    Attributes:
        attempts: how often a call is made at most.
        first: seconds before the second attempt, before jitter; doubled for every further one.
        longest: seconds between two attempts at most; where the service asks for more, its error is raised.
        jitter: draws from 0 to 1.
    """

    attempts: int = 4
    first: float = 0.2
    longest: float = 5.0
    jitter: random.Random = random.SystemRandom()  # noqa: RUF009  it has no state

    def pause(self, attempt: int, error: ServiceError, *, harmless: bool) -> float | None:
        """Seconds to wait after the `attempt`-th attempt (from 1) ended with `error`; None to give up.

        Args:
            attempt: how many have been made.
            error: how the last one ended.
            harmless: whether the call may happen twice.
        """
        unsure = isinstance(error, Unreachable | Unavailable | WechatUnavailable)
        if attempt >= self.attempts or not (isinstance(error, Limited) or (unsure and harmless)):
            return None
        asked = getattr(error, "retry_after", None) or 0
        if asked > self.longest:
            return None
        backoff = min(self.longest, self.first * 2 ** (attempt - 1))
        return float(max(asked, backoff * (0.5 + self.jitter.random() / 2)))


NEVER = Retries(attempts=1)
"""No second attempt."""
