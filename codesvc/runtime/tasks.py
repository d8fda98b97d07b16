"""Background tasks: they end when they are cancelled, and by nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import structlog

from codesvc.runtime import metrics

_log = structlog.get_logger(__name__)
_AGAIN_SECONDS: Final = 0.2
_RESTART_SECONDS: Final = 5.0

_T = TypeVar("_T")


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended.

    One cancellation may not be enough. If it arrives while redis-py opens or returns a connection, redis-py may lose it
    or turn it into another error. A loop that catches that error would then run forever.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_SECONDS)


async def kept_up(
    work: Callable[[], Coroutine[Any, Any, None]], name: str, *, pause_seconds: float = _RESTART_SECONDS
) -> None:
    """Do work, and begin it again after an error that it does not expect. `name` is the task's, for the log.

    Nobody waits for a background task: one that has ended by an error would be missed by nobody, and its error shown
    only when the process stops.
    """
    while True:
        try:
            return await work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the work has to go on
            metrics.TASK_FAILURES.labels(name).inc()
            _log.exception("task_failed", task=name, error=type(error).__name__)
        await asyncio.sleep(pause_seconds)


@asynccontextmanager
async def beside(work: Callable[[], Coroutine[Any, Any, None]], name: str) -> AsyncIterator[None]:
    """Do work in a task as long as this context is open, whatever error it raises (`kept_up`); `name` is the task's."""
    task = asyncio.create_task(kept_up(work, name), name=name)
    try:
        yield
    finally:
        await end([task])


async def every(seconds: float, work: Callable[[], Awaitable[object]], *, at_once: bool = False) -> None:
    """Do work after each pause of so many seconds, until the task is cancelled; `at_once`: also before the first."""
    if at_once:
        await work()
    while True:
        await asyncio.sleep(seconds)
        await work()


async def whole(call: Awaitable[_T]) -> _T:
    """Make a call that a cancellation does not interrupt: the cancellation is raised when the call has ended.

    For calls that are short anyway. A cancellation inside redis-py while it connects gets lost, and a second one comes
    while it cleans up and leaves a connection open.
    """
    task = asyncio.ensure_future(call)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
