"""Work that is limited by name: so much of it is under way at once for one name, and no more."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from codesvc.runtime.tasks import end

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator


class WorkUnderWay:
    """Counts the work under way for each name, of which some is done in background tasks."""

    def __init__(self) -> None:
        self._count: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextmanager
    def counted(self, name: str, most: int) -> Iterator[bool]:
        """Whether fewer than `most` were under way. Then the work in this context is counted."""
        admitted = self._admit(name, most)
        try:
            yield admitted
        finally:
            if admitted:
                self._count[name] -= 1

    def start(self, name: str, most: int, work: Callable[[], Coroutine[Any, Any, None]], task_name: str) -> bool:
        """Do work in a background task, if fewer than `most` are under way; return whether it was started."""
        if not self._admit(name, most):
            return False
        task = asyncio.create_task(work(), name=task_name)
        self._tasks.add(task)
        task.add_done_callback(partial(self._end, name))
        return True

    def _admit(self, name: str, most: int) -> bool:
        if self._count[name] >= most:
            return False
        self._count[name] += 1
        return True

    def _end(self, name: str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._count[name] -= 1

    async def aclose(self) -> None:
        """Cancel the tasks that have not ended."""
        await end(self._tasks)
