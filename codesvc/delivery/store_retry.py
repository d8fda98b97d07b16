"""Waits for the store rather than forget what became of a message.

What WeChat said to a send is known to this process alone. Somebody who takes the job over could only send it again:
under the same `client_msg_id` where the channel has one, and a second time where it has none.
"""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from codesvc.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_log = structlog.get_logger(__name__)
_Answer = TypeVar("_Answer")
_PAUSES: Final = (0.1, 0.25, 0.5, 1.0, 2.0)


class PatientStore:
    """Asks what may be asked again, until the store answers; whoever waits can be cancelled.

    Args:
        sleep: how to pause between tries, seconds.
    """

    def __init__(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep

    async def ask(self, name: str, asking: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """The answer to `asking`, and never StoreUnavailable; `name` is the script's, for the log.

        Raises:
            ScriptError: the script itself failed.
        """
        for number in count():
            try:
                return await asking()
            except StoreUnavailable as error:
                _log.warning("store_awaited", script=name, error=str(error))
                await self._sleep(_PAUSES[min(number, len(_PAUSES) - 1)])
        raise AssertionError("counting ends")
