"""Log lines that strangers can cause as often as they like: one at once, the rest counted and written once a second.

`count` says for how many a line stands, so the sum over the lines is exact.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from codesvc.runtime.tasks import beside

_SPACING_SECONDS: Final = 1.0
_MOST_KINDS: Final = 10_000

_waiting: dict[tuple[Callable[..., object], str], tuple[int, dict[str, Any]]] = {}


def note(write: Callable[..., object], kind: str, /, **fields: Any) -> None:
    """Write a line; if there was one of this kind within the last second, count it for the next one.

    Args:
        write: writes the line, of `count` and the fields.
        kind: lines with the same `write` and `kind` are put together. Its values have to be few.
        fields: the fields of the line. A line that stands for several has the fields of the latest.
    """
    known = _waiting.get((write, kind))
    if known is None:
        write(count=1, **fields)
    if known is not None or len(_waiting) < _MOST_KINDS:
        _waiting[write, kind] = (known[0] + 1 if known else 0, fields)


def flush() -> None:
    """Write what was counted."""
    for at, (count, fields) in list(_waiting.items()):
        if count:
            at[0](count=count, **fields)
            _waiting[at] = (0, fields)
        else:
            del _waiting[at]


@asynccontextmanager
async def running() -> AsyncIterator[None]:
    """Write every second while the context is open, and once more at its end."""
    try:
        async with beside(_run, "repeated log lines"):
            yield
    finally:
        flush()
        _waiting.clear()


async def _run() -> None:
    while True:
        await asyncio.sleep(_SPACING_SECONDS)
        flush()
