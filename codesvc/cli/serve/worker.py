"""One of several processes on one port: takes its orders from the parent, and nothing from the disk."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from codesvc.cli.serve.revision import Generation
from codesvc.cli.serve.server import Serving
from codesvc.runtime.signals import Signals
from codesvc.runtime.sockets import by_number

if TYPE_CHECKING:
    from collections.abc import Sequence

WORKER_VARIABLE: Final = "CODESVC_WORKER"
"""Set by the parent for its workers, and by nobody else: orders come on standard input."""
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True, repr=False)
class Orders:
    """What a worker is told on its standard input, which nobody else can read.

    Attributes:
        store: URL of the store.
        sockets: inherited file descriptors to accept from.
        ready: inherited file descriptor to say so on.
        generation: what to run.
    """

    store: str
    sockets: Sequence[int]
    ready: int
    generation: Generation

    def packed(self) -> bytes:
        """As bytes for `read`."""
        return msgspec.json.encode([self.store, list(self.sockets), self.ready, self.generation.packed().decode()])

    @classmethod
    def read(cls) -> Orders:
        """What the parent wrote.

        Raises:
            SystemExit: the parent died before it did.
        """
        octets = sys.stdin.buffer.read()
        if not octets:
            raise SystemExit(1)
        raw = msgspec.json.decode(octets, type=tuple[str, list[int], int, str])
        return cls(raw[0], raw[1], raw[2], Generation.unpack(raw[3].encode()))


def end_with_parent() -> None:
    """Ask Linux to stop this process when its parent dies, however it dies; elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def serve(orders: Orders) -> None:
    """Serve until told to stop. A reload is the parent's business: a SIGHUP meant for the group is not heard."""
    with Signals().heard() as signals:
        serving = await Serving.start(orders.generation.app(orders.store), by_number(list(orders.sockets)))
        os.write(orders.ready, b"1")
        os.close(orders.ready)
        while await signals.reload():
            pass
        await serving.retire()
