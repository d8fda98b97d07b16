"""A worker: one of several processes that serve the same port. It gets its configuration from the parent process."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.cli.serve.revision import Revision
from codesvc.cli.serve.server import Serving
from codesvc.runtime.signals import Signals
from codesvc.runtime.sockets import by_number

if TYPE_CHECKING:
    from collections.abc import Sequence

WORKER_VARIABLE: Final = "CODESVC_WORKER"
"""Set only by the parent for its workers: it means that the configuration comes on standard input."""
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True, repr=False)
class WorkerConfig:
    """The parent's message to a worker, sent on standard input, which no other process can read.

    Attributes:
        store: URL of the store.
        sockets: inherited file descriptors of the listening sockets.
        ready: inherited file descriptor on which the worker reports that it is ready.
    """

    store: str
    sockets: Sequence[int]
    ready: int
    revision: Revision

    def packed(self) -> bytes:
        """Serialise for `read`."""
        return msgspec.json.encode([self.store, list(self.sockets), self.ready, self.revision.packed().decode()])

    @classmethod
    def read(cls) -> WorkerConfig:
        """Read the parent's message.

        Raises:
            SystemExit: the parent ended before it sent one.
        """
        octets = sys.stdin.buffer.read()
        if not octets:
            raise SystemExit(1)
        raw = msgspec.json.decode(octets, type=tuple[str, list[int], int, str])
        return cls(raw[0], raw[1], raw[2], Revision.unpack(raw[3].encode()))


def end_with_parent(parent: int) -> None:
    """Ask Linux to stop this process when its parent ends for any reason.

    Where the parent ended before that, the process ends at once: nobody would stop it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the service ended before its worker began")


async def serve(config: WorkerConfig) -> None:
    """Serve until a signal stops it. The parent handles reloads, so a SIGHUP to the process group is ignored."""
    with Signals().installed() as signals:
        serving = await Serving.start(config.revision.app(config.store), by_number(list(config.sockets)))
        os.write(config.ready, b"1")
        os.close(config.ready)
        while await signals.reload():
            pass
        await serving.retire()
