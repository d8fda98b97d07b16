"""The circuit breaker of each account and platform, and the jobs that wait while it is open or a call cannot be made.

When the platform answers again, all jobs of the account that wait go on at once.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from codesvc.delivery.breaker import Breaker
from codesvc.domain.channels import WECHAT
from codesvc.runtime import metrics
from codesvc.sites.lazy import PerEntry

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from codesvc.delivery.channels.protocol import Attempt
    from codesvc.sites.directory import AccountEntry, Directory

_log = structlog.get_logger(__name__)


class Circuit:
    """The circuit of one account's calls to one platform.

    Args:
        account: the account's name; if the platform is not WeChat, with the platform's name. For logs and metrics.
        trials: seconds to the first trial, and the longest pause between two trials.
        clock: seconds of a monotonic clock.
        sleep: how to pause, seconds.
    """

    def __init__(
        self,
        account: str,
        *,
        trials: tuple[float, float],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._account = account
        self._breaker = Breaker(*trials)
        self._clock, self._sleep = clock, sleep
        self._recovered = asyncio.Event()

    @property
    def is_sound(self) -> bool:
        """Whether the latest call was answered, so that nothing is known to stand in the way of the next."""
        return self._breaker.is_sound

    def allows(self) -> bool:
        """Whether a call may be made now. A call that is allowed has to end with `ended`."""
        return self._breaker.allows(self._clock())

    def ended(self, attempt: Attempt | None) -> None:
        """Record the result of an allowed call; None if no call was made."""
        breaker, was_open = self._breaker, self._breaker.is_open
        if attempt is None:
            breaker.passed()
        elif attempt.blocked:
            breaker.failed(self._clock())
        elif breaker.succeeded():
            self._recovered.set()
            self._recovered = asyncio.Event()
        if breaker.is_open != was_open:
            metrics.CIRCUIT.labels(self._account).set(breaker.is_open)
            _log.warning("circuit", account=self._account, state="open" if breaker.is_open else "closed")

    def wait(self) -> float:
        """Seconds until the next trial may begin, if the circuit is open."""
        return self._breaker.wait(self._clock())

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until the platform answers again."""
        waits = [
            asyncio.ensure_future(self._sleep(seconds)),
            asyncio.ensure_future(self._recovered.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def circuits_of(
    directory: Directory,
    platform: str,
    *,
    trials: tuple[float, float],
    sleep: Callable[[float], Awaitable[None]],
) -> PerEntry[AccountEntry, Circuit]:
    """A circuit of a platform for each account; `trials` and `sleep` as in `Circuit`."""
    suffix = "" if platform == WECHAT else f"/{platform}"
    return PerEntry(
        directory.accounts,
        lambda entry: Circuit(entry.name + suffix, trials=trials, clock=time.monotonic, sleep=sleep),
        lambda entry: entry.config,
    )
