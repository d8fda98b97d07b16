"""Keeps what the process has in memory, the master key among it, off the disk and away from other processes."""

import contextlib
import ctypes
import resource
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def guard_memory() -> None:
    """Leave no core dump after a crash, and let no other process of the same user read or trace this one (prctl(2)).

    Child processes, such as the embedded store, inherit the limit on core dumps. They do not inherit the protection
    against reading: each program has to ask for it itself. Root can read the memory either way. On systems other than
    Linux only the limit is set.
    """
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
