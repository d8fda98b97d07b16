"""File descriptors: every caller, every call to WeChat and every store connection costs one.

Where they are used up the kernel completes connections that nobody can accept; callers see a line that goes dead. So
the limit is raised as far as the machine lets us, and what is left is told to operators before it is gone.
"""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path
from typing import Final

_LISTS: Final = (Path("/proc/self/fd"), Path("/dev/fd"))
_SCARCE: Final = 0.8


def raise_limit() -> None:
    """Take all that we may have: the soft limit is 1,024 in many places, for programs that use select(2)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # Some systems state a hard limit that they do not grant; then the soft one stays.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def standing() -> tuple[int, int]:
    """How many are open, and how many may be."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    for path in _LISTS:
        try:
            return sum(1 for _ in path.iterdir()) - 1, limit  # less the one that looking takes
        except FileNotFoundError:
            continue
        except OSError:
            return limit, limit  # none is left to look with
    return 0, limit


def state() -> str:
    """`ok`, `scarce` above four fifths, or `used up`."""
    used, limit = standing()
    if used >= limit:
        return "used up"
    return "scarce" if used > _SCARCE * limit else "ok"
