"""Crash points: tests kill this process with SIGKILL at a chosen step, as a power failure would.

`CODESVC_FAULT_POINT=delivery:7` kills the process when step 7 of the task `delivery` begins. A step is the code between
two awaits that really wait. So the numbers 1, 2, 3, … cover every await. Tasks are `delivery` (sending a job to
WeChat), `outbox` (reading jobs) and `request` (handling an HTTP request).

Without the variable nothing is wrapped or counted. A service in live mode refuses to start with it.
"""

import os
import re
import signal
from collections.abc import Coroutine, Generator, Iterator, Mapping
from typing import Any, Final, TypeVar

from codesvc.domain.errors import CodesvcError

VARIABLE: Final = "CODESVC_FAULT_POINT"
TASKS: Final = frozenset({"delivery", "outbox", "request"})
_FORM: Final = re.compile(r"([a-z]+):([1-9][0-9]{0,5})")
_T = TypeVar("_T")


class _Point:
    """The name of a task, and how many more steps of it may begin."""

    def __init__(self, task: str, step: int) -> None:
        self.task = task
        self._left = step

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


_armed: _Point | None = None


def arm(mode: str, environment: Mapping[str, str] = os.environ) -> None:
    """Read the variable. Called once at the start.

    Raises:
        CodesvcError: the service is in live mode, or the variable has no valid value.
    """
    global _armed  # noqa: PLW0603  one crash point for each process
    _armed = None
    wanted = environment.get(VARIABLE)
    if not wanted:
        return
    if mode != "test":
        raise CodesvcError(
            f"{VARIABLE} is set, which ends this process on purpose: unset it. It works in test mode only"
        )
    form = _FORM.fullmatch(wanted)
    if form is None or form[1] not in TASKS:
        raise CodesvcError(f"{VARIABLE} must be one of {', '.join(sorted(TASKS))}, a colon and the number of a step")
    _armed = _Point(form[1], int(form[2]))


def mortal(task: str, coroutine: Coroutine[Any, Any, _T]) -> Coroutine[Any, Any, _T]:
    """The coroutine itself, or a wrapper that counts its steps if the task's crash point is set."""
    if _armed is None or _armed.task != task:
        return coroutine
    return _CountedCoroutine(coroutine, _armed)


class _CountedCoroutine(Coroutine[Any, Any, _T]):
    """A wrapper that counts each step before it runs."""

    def __init__(self, coroutine: Coroutine[Any, Any, _T], point: _Point) -> None:
        self._coroutine = coroutine
        self._point = point

    def send(self, value: Any) -> Any:
        self._point.step()
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        self._point.step()
        return self._coroutine.throw(*error)

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, _T]:
        return self  # type: ignore[return-value]  # `await` needs the iterator methods below

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self.send(None)
