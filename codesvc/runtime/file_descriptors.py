"""File descriptors of this process. Every client connection, call to WeChat and store connection uses one.

When all are used, the kernel still completes connections that the process cannot accept, and clients wait without an
answer. So the limit is raised as far as the system allows, and operators see how many are left.
"""

import contextlib
import resource
from pathlib import Path
from typing import Final

_LISTS: Final = (Path("/proc/self/fd"), Path("/dev/fd"))
_SCARCE: Final = 0.8


def raise_limit() -> None:
    """Raise the soft limit to the hard limit. The soft limit is often 1,024, for programs that use select(2)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        # Some systems report a hard limit that they do not grant; then the soft limit stays.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def limit() -> int:
    """The number of file descriptors that this process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def standing() -> tuple[int, int]:
    """The number of open file descriptors, and the limit."""
    most = limit()
    for path in _LISTS:
        try:
            return sum(1 for _ in path.iterdir()) - 1, most  # without the one used for listing
        except FileNotFoundError:
            continue
        except OSError:
            return most, most  # no descriptor is free for listing
    return 0, most


def state() -> str:
    """`ok`, `scarce` (more than four fifths are open) or `used up`."""
    used, most = standing()
    if used >= most:
        return "used up"
    return "scarce" if used > _SCARCE * most else "ok"
