"""When a call is repeated, and after which pause.

A call without an answer, or with the answer `unavailable`, may have been executed. It is repeated only if a repetition
is harmless: reads, and calls with an `Idempotency-Key`. A call that a limit refused was not executed, so it may always
be repeated, if the wait is short.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from codesvc.client.errors import Limited, ServiceError, Unavailable, Unreachable, WechatUnavailable


@dataclass(frozen=True, slots=True)
class Retries:
    """The retry policy of a client.

    Attributes:
        attempts: most attempts for one call.
        first: pause before the second attempt, seconds, without jitter; doubled for every further attempt.
        longest: longest pause, seconds. If the service asks for a longer one, its error is raised.
        jitter: source of random numbers.
    """

    attempts: int = 4
    first: float = 0.2
    longest: float = 5.0
    jitter: random.Random = random.SystemRandom()  # noqa: RUF009  it has no state

    def pause(self, attempt: int, error: ServiceError, *, harmless: bool) -> float | None:
        """Seconds to wait after an attempt that ended with `error`; None to give up.

        Args:
            attempt: number of attempts so far, at least 1.
            error: of the last attempt.
            harmless: whether the call may be executed twice.
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
