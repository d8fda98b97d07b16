# Generated from codesvc/client/asynchronous by `make client`. Do not edit.
"""One call with its attempts, its pauses and the reading of its answer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self, TypeVar

from codesvc.client.call import LARGEST_ANSWER, RawAnswer, address, decode, headers, read, read_problem
from codesvc.client.errors import BadAnswer, ServiceError
from codesvc.client.retries import Retries
from codesvc.client.server_sent_events import EventLines
from codesvc.client.transport_urllib3 import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from codesvc.client.call import Call

T = TypeVar("T")
_OK = 200


class Sender:
    """Base of the method classes: sends a call and repeats it."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: float = 10.0,
        retries: Retries | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._base_url = address(base_url)
        self._api_key = api_key
        self._retries = retries or Retries()
        self._sleep = sleep
        self._transport = Transport(timeout)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._base_url!r})"

    def __enter__(self) -> Self:
        self._transport.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _send(self, call: Call[T]) -> T:
        attempt = 1
        while True:
            try:
                return read(call, self._attempt(call))
            except ServiceError as error:
                pause = self._retries.pause(attempt, error, harmless=call.harmless)
                if pause is None:
                    raise
            self._sleep(pause)
            attempt += 1

    def _attempt(self, call: Call[T]) -> RawAnswer:
        sent = headers(self._api_key, call)
        return self._transport.exchange(call.method, self._base_url + call.path, sent, call.body)

    def _watch(self, call: Call[T]) -> Iterator[T]:
        """Yield the current state, then every new state, until the stream ends.

        A service that is being replaced, or has no room for more streams, ends them and says after how many seconds to
        reconnect. A state that the new stream repeats is not yielded again.
        """
        sent, last = headers(self._api_key, call) | {"Accept": "text/event-stream"}, b""
        while True:
            lines, whole = EventLines(), b""
            with self._transport.stream(self._base_url + call.path, sent) as (status, retry_after, received):
                for piece in received:
                    if status != _OK:
                        whole += piece
                        if len(whole) > LARGEST_ANSWER:
                            raise BadAnswer(status)
                        continue
                    for data in lines.feed(piece):
                        if data == last:
                            continue
                        last = data
                        yield decode(data, call.shape, status)
                if status != _OK:
                    raise read_problem(status, whole, retry_after)
            if lines.retry is None:
                if not last:
                    # A stream of the service begins with a state.
                    raise BadAnswer(status)
                return
            self._sleep(lines.retry)
