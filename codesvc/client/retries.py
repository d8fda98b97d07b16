"""When a call is repeated, and after which pause.

A call without an answer, or with the answer `unavailable` or `wechat-unavailable`, may have been executed. It is
repeated only if a repetition is harmless: reads, and calls with an `Idempotency-Key`. A call that a limit refused was
not executed. It is repeated, unless the wait is longer than `Retries.longest`.
"""

import random
from dataclasses import dataclass

from codesvc.client.errors import Limited, ServiceError, Unavailable, Unreachable, WechatUnavailable


@dataclass(frozen=True, slots=True)
class Retries:
    """The retry policy of a client.

    Attributes:
        attempts: the maximum number of attempts for one call, the first included.
        first: the pause before the second attempt, in seconds. It is doubled for every further attempt.
        longest: the longest pause, in seconds. If the service asks for a longer one, its error is raised.
        jitter: the source of random numbers. A pause of ours is shortened by up to a half, so that clients spread.
    """

    attempts: int = 4
    first: float = 0.2
    longest: float = 5.0
    jitter: random.Random = random.SystemRandom()  # noqa: RUF009  it has no state

    def pause(self, attempt: int, error: ServiceError, *, harmless: bool) -> float | None:
        """Seconds to wait after an attempt that ended with `error`; None to give up.

        Args:
            attempt: number of attempts so far, at least 1.
            error: the error of the last attempt.
            harmless: whether the call may be executed twice.
        """
        maybe_executed = isinstance(error, Unreachable | Unavailable | WechatUnavailable)
        if attempt >= self.attempts or not (isinstance(error, Limited) or (maybe_executed and harmless)):
            return None
        requested = getattr(error, "retry_after", None) or 0
        if requested > self.longest:
            return None
        backoff = min(self.longest, self.first * 2 ** (attempt - 1))
        return float(max(requested, backoff * (0.5 + self.jitter.random() / 2)))


NEVER = Retries(attempts=1)
"""A policy without a second attempt."""
