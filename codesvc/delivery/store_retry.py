"""Waits for the store rather than forget what became of a message.

What WeChat said to a send is known to this process alone. Somebody who takes the job over could only send it again:
under the same `client_msg_id` where the channel has one, and a second time where it has none.
"""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog

from codesvc.domain.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from codesvc.store.script import type_of_argument
    from codesvc.store.store import Store

_log = structlog.get_logger(__name__)
_Answer = TypeVar("_Answer")
_PAUSES: Final = (0.1, 0.25, 0.5, 1.0, 2.0)


class PatientStore:
    """Runs scripts that may be repeated, until the store answers; whoever waits can be cancelled.

    Args:
        store: runs them once.
        sleep: how to pause between tries, seconds.
    """

    def __init__(self, store: Store, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._store = store
        self._sleep = sleep

    async def call(
        self, name: str, partition: int, keys: Mapping[str, str], args: Mapping[str, type_of_argument]
    ) -> list[Any]:
        """As `Store.call`, and never StoreUnavailable.

        Raises:
            ScriptError: the script itself failed.
        """
        return await self.ask(name, lambda: self._store.call(name, partition, keys, args))

    async def ask(self, name: str, asking: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """As `call`, however the script named so is asked."""
        for number in count():
            try:
                return await asking()
            except StoreUnavailable as error:
                _log.warning("store_awaited", script=name, error=str(error))
                await self._sleep(_PAUSES[min(number, len(_PAUSES) - 1)])
        raise AssertionError("counting ends")
