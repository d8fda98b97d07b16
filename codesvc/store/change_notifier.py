"""Live updates. A published message only wakes; readers read the state again on each wake-up and (re)connection."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

import structlog
from redis.exceptions import RedisError

from codesvc.domain.errors import StoreUnavailable
from codesvc.runtime.tasks import beside
from codesvc.store.chunked_subscription import subscribed
from codesvc.store.deployment_keys import topic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from codesvc.store.servers import Servers

EVERYBODY: Final = "*"
"""Published for a change that concerns all waiting readers, such as a moved clock."""

_log = structlog.get_logger(__name__)
_RECONNECT_SECONDS: Final = 0.5


class ChangeNotifier:
    """One subscription per process, shared by all waiting readers.

    Args:
        servers: the store. In a cluster, a message published at one node reaches the subscribers of all nodes.
    """

    def __init__(self, servers: Servers, prefix: str) -> None:
        self._servers = servers
        self._topic = topic(prefix)
        self._waiting: dict[str, tuple[Callable[[], None], ...]] = {}

    @contextmanager
    def watch(self, identifier: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever `identifier` may have changed; the waiter clears it."""
        event = asyncio.Event()
        self.listen(identifier, event.set)
        try:
            yield event
        finally:
            self.unlisten(identifier, event.set)

    def listen(self, identifier: str, listener: Callable[[], None]) -> None:
        """Call `listener`, which returns at once and raises nothing, whenever `identifier` may have changed."""
        self._waiting[identifier] = (*self._waiting.get(identifier, ()), listener)

    def unlisten(self, identifier: str, listener: Callable[[], None]) -> None:
        """Stop calling `listener`."""
        left = tuple(each for each in self._waiting.get(identifier, ()) if each != listener)
        if left:
            self._waiting[identifier] = left
        else:
            self._waiting.pop(identifier, None)

    def listeners(self, identifier: str) -> int:
        """How many readers wait for `identifier` in this process."""
        return len(self._waiting.get(identifier, ()))

    async def publish(self, identifier: str) -> None:
        """Wake the readers that wait for `identifier` in every process."""
        await self._servers.anyone().redis.publish(self._topic, identifier)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen for as long as this context is open."""
        async with beside(self._listen, "wakeups"):
            yield

    def wake(self, identifier: str) -> None:
        """Wake the readers that wait for `identifier` in this process."""
        everybody = identifier == EVERYBODY
        for listeners in tuple(self._waiting.values()) if everybody else (self._waiting.get(identifier, ()),):
            for listener in listeners:
                listener()

    async def _listen(self) -> None:
        while True:
            try:
                async with subscribed(self._servers.anyone().reader, self._topic) as messages:
                    # Messages published during a disconnection are lost, so all readers read again.
                    self.wake(EVERYBODY)
                    while True:
                        for identifier in await messages.some():
                            self.wake(identifier)
            except (RedisError, OSError, StoreUnavailable) as error:
                _log.warning("wakeups_lost", error=type(error).__name__)
                await asyncio.sleep(_RECONNECT_SECONDS)
