"""Keeps what the process has in memory, the master key among it, off the disk and away from other processes."""

from __future__ import annotations

import contextlib
import ctypes
import resource
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def guard_memory() -> None:
    """Leave no core dump after a crash, and let no other process of the same user read or trace this one (prctl(2)).

    The limit on core dumps passes to child processes, such as the embedded store. That the memory cannot be read does
    not: a program that is started anew has to ask for it again. Root can read it either way. On systems other than
    Linux only the limit is set.
    """
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
