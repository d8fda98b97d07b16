"""Runs single acts in batches: all acts that are requested in one turn of the event loop leave in one call.

Nobody waits for a batch to fill: alone, an act leaves at once. A script that runs several (fragment `batch`) answers
for each; what fails inside a batch is asked again alone, so that no act suffers from its neighbour's error.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, Final, Generic, TypeVar

import msgspec

from codesvc.domain.errors import CodesvcError

MOST_TOGETHER: Final = 16
"""The most acts in one call. Other callers wait for the store while a call runs."""
_AGAIN: Final = b"again"
_Asked = TypeVar("_Asked")
_Reply = TypeVar("_Reply")


class Batcher(Generic[_Asked, _Reply]):
    """Runs one kind of act in batches.

    Args:
        run: calls the script with a MessagePack list of the acts' arguments. The third part of its answer holds the
            acts' answers, in order.
        read: makes the typed reply to one act out of its answer.
        wrapped: wraps a batch's coroutine before it runs as a task.
    """

    def __init__(
        self,
        run: Callable[[bytes], Awaitable[Sequence[Any]]],
        *,
        read: Callable[[Any], _Reply],
        wrapped: Callable[[Coroutine[Any, Any, None]], Coroutine[Any, Any, None]] = lambda call: call,
    ) -> None:
        self._run = run
        self._read = read
        self._wrapped = wrapped
        self._asked: list[tuple[_Asked, asyncio.Future[Any]]] = []
        self._calls: set[asyncio.Task[None]] = set()

    async def ask(self, act: _Asked) -> _Reply:
        """Run one act and wait for its answer.

        Raises:
            StoreUnavailable: no answer; the act may have happened.
            ScriptError: the act itself failed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._asked.append((act, future))
        if len(self._asked) == 1:
            loop.call_soon(self._leave)
        elif len(self._asked) == MOST_TOGETHER:
            self._leave()
        answer = await future
        if answer == _AGAIN:
            (answer,) = (await self._run(msgspec.msgpack.encode([act])))[2]
        return self._read(answer)

    def _leave(self) -> None:
        if self._asked:
            asked, self._asked = self._asked, []
            call = asyncio.create_task(self._wrapped(self._call(asked)))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    async def _call(self, asked: list[tuple[_Asked, asyncio.Future[Any]]]) -> None:
        try:
            answers = (await self._run(msgspec.msgpack.encode([act for act, _ in asked])))[2]
            for (_, future), answer in zip(asked, answers, strict=True):
                # The caller may have been cancelled.
                if not future.done():
                    future.set_result(answer)
        except CodesvcError as error:
            _tell(asked, error)
        except BaseException as error:
            # Any other error also reaches all waiting callers.
            _tell(asked, error)
            raise


def _tell(asked: Iterable[tuple[object, asyncio.Future[Any]]], error: BaseException) -> None:
    for _, future in asked:
        if future.done():
            continue
        if isinstance(error, Exception):
            future.set_exception(error)
        else:
            future.cancel()
