"""Waits for the store, so that the result of a send is not lost.

Only this process knows what WeChat answered to a send. A process that takes over the job could only send again: under
the same `client_msg_id` if the channel has one, otherwise as a second message.
"""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import chain, repeat
from typing import Final, TypeVar

import structlog

from codesvc.domain.errors import StoreUnavailable

_log = structlog.get_logger(__name__)
_Answer = TypeVar("_Answer")
_PAUSES: Final = (0.1, 0.25, 0.5, 1.0, 2.0)


class PatientStore:
    """Repeats calls that are safe to repeat until the store answers. A waiting caller can be cancelled.

    Args:
        sleep: how to pause between attempts, seconds.
    """

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep

    async def until_answered(self, name: str, asking: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """The answer to `asking`; never raises StoreUnavailable. `name` is the script's name for the log.

        Raises:
            ScriptError: the script itself failed.
        """
        pauses = chain(_PAUSES, repeat(_PAUSES[-1]))
        while True:
            try:
                return await asking()
            except StoreUnavailable as error:
                _log.warning("store_awaited", script=name, error=str(error))
                await self._sleep(next(pauses))
