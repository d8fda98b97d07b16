"""Where tests let this process die: at a chosen step of a chosen story, by SIGKILL, as a power cut would have it.

`CODESVC_FAULT_POINT=delivery:7` ends the process when the seventh step of the story `delivery` begins. A step is what
runs between two awaits that really wait, so counting 1, 2, 3 … dies at every await there is. Stories: `delivery`,
a job on its way to WeChat; `outbox`, the reading of jobs; `request`, whatever is asked over HTTP.

Nothing is wrapped and nothing counted unless the variable is set, and a live service refuses to start with it.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

from codesvc.domain.errors import CodesvcError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

VARIABLE: Final = "CODESVC_FAULT_POINT"
STORIES: Final = frozenset({"delivery", "outbox", "request"})
_FORM: Final = re.compile(r"([a-z]+):([1-9][0-9]{0,5})")
_T = TypeVar("_T")


class _Point:
    """A story's name, and how many more steps of it may begin."""

    def __init__(self, story: str, step: int) -> None:
        self.story = story
        self._left = step

    def step(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


_armed: _Point | None = None


def arm(mode: str, environment: Mapping[str, str] = os.environ) -> None:
    """Read the variable, once at the start.

    Raises:
        CodesvcError: the service is live, or the variable makes no sense.
    """
    global _armed  # noqa: PLW0603  one process, one way to die
    _armed = None
    wanted = environment.get(VARIABLE)
    if not wanted:
        return
    if mode != "test":
        raise CodesvcError(
            f"{VARIABLE} is set, which ends this process on purpose: unset it. It works in test mode only"
        )
    form = _FORM.fullmatch(wanted)
    if form is None or form[1] not in STORIES:
        raise CodesvcError(f"{VARIABLE} must be one of {', '.join(sorted(STORIES))}, a colon and the number of a step")
    _armed = _Point(form[1], int(form[2]))


def mortal(story: str, told: Coroutine[Any, Any, _T]) -> Coroutine[Any, Any, _T]:
    """The coroutine itself; where its story's fault point is armed, one that may not live to its end."""
    if _armed is None or _armed.story != story:
        return told
    return _Mortal(told, _armed)


class _Mortal(Coroutine[Any, Any, _T]):
    """Passes every step on, after counting it."""

    def __init__(self, told: Coroutine[Any, Any, _T], point: _Point) -> None:
        self._told = told
        self._point = point

    def send(self, value: Any) -> Any:
        self._point.step()
        return self._told.send(value)

    def throw(self, *error: Any) -> Any:
        self._point.step()
        return self._told.throw(*error)

    def close(self) -> None:
        self._told.close()

    def __await__(self) -> Generator[Any, Any, _T]:
        return self  # type: ignore[return-value]  # what `await` needs of an iterator is below

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self.send(None)
