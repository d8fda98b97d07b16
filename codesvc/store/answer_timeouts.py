"""redis-py's connections with a timeout for answers that counts only the time in which the event loop runs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from redis.exceptions import TimeoutError as TooLate

from codesvc.runtime.loop_timeouts import loop_timeout

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection


@cache
def answered_within(connection_class: type[AbstractConnection], seconds: float) -> type[AbstractConnection]:
    """A class of connections that wait `seconds` for an answer. redis-py itself gets no `socket_timeout` for them."""

    class Connection(connection_class):  # type: ignore[misc,valid-type]  # a class that the address decides
        async def read_response(self, **options: Any) -> Any:
            if options.get("timeout") is not None:
                return await super().read_response(**options)
            try:
                async with loop_timeout(seconds):
                    return await super().read_response(**options)
            except TimeoutError:
                # redis-py has closed the connection, as after every answer that was given up.
                raise TooLate("no answer in time") from None

    return Connection
