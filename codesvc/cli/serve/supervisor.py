"""`codesvc serve --workers N`: several processes share one port; one that crashes is replaced.

The parent answers no requests. It keeps the listening sockets and the embedded store, if there is one, and the
generation of configuration and templates that it accepted last; it hands all of that to each worker, so that a worker
which is replaced at night gets what its neighbours have, whatever lies on the disk by then. On SIGHUP the workers are
replaced one after the other: the next one accepts before the present one stops, and if one fails, all stay as before.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.cli.serve.server import accept, follow, refuse
from codesvc.cli.serve.worker import WORKER_VARIABLE, Orders
from codesvc.runtime import metrics, systemd
from codesvc.runtime.http_server import GRACE_SECONDS
from codesvc.runtime.signals import Signals
from codesvc.runtime.sockets import queues
from codesvc.runtime.tasks import end
from codesvc.store.connection import store_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from codesvc.cli.serve.revision import Generation
    from codesvc.runtime.sockets import Queue

_log = structlog.get_logger(__name__)
_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0
_HEALTHY_SECONDS: Final = 10.0
_START_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, repr=False)
class Crew:
    """What all workers of one parent have in common.

    Attributes:
        command: what starts a worker, as this process was started.
        environment: of a worker.
        store: where the store is.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    store: str

    async def start(self, generation: Generation, queue: Queue) -> asyncio.subprocess.Process | None:
        """Start a worker and wait until it accepts connections; None if it does not come to that."""
        ours, theirs = os.pipe()
        numbers = [each.fileno() for each in queue.sockets()]
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command, env=self.environment, stdin=asyncio.subprocess.PIPE, pass_fds=(*numbers, theirs)
            )
        finally:
            os.close(theirs)
        try:
            with os.fdopen(ours, "rb", buffering=0) as pipe:
                await _tell(process, Orders(self.store, numbers, theirs, generation))
                if await _said_ready(pipe):
                    return process
        except asyncio.CancelledError:
            await stop(process)
            raise
        await stop(process)
        return None


async def _tell(process: asyncio.subprocess.Process, orders: Orders) -> None:
    if process.stdin is not None:
        with contextlib.suppress(ConnectionError):
            process.stdin.write(orders.packed())
            await process.stdin.drain()
            process.stdin.close()


async def _said_ready(pipe: object) -> bool:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        async with asyncio.timeout(_START_SECONDS):
            return bool(await reader.read(1))
    except TimeoutError:
        return False
    finally:
        transport.close()


class Place:
    """One of the N places for workers: who holds it is replaced when it ends, or when a reload says so."""

    def __init__(self, number: int, crew: Crew, queue: Queue) -> None:
        self._number = number
        self._crew = crew
        self._queue = queue
        self._worker: asyncio.subprocess.Process | None = None
        self._changing = asyncio.Lock()

    async def keep(self, generation: list[Generation]) -> None:
        """Start a worker of the last generation, and another whenever it has ended without being told to."""
        clock, pause = asyncio.get_running_loop().time, _PAUSE_SECONDS
        while True:
            async with self._changing:
                if self._worker is None:
                    self._worker = await self._crew.start(generation[-1], self._queue)
                    if self._worker is None:
                        # Nobody shall wait in a queue from which nobody accepts.
                        self._queue.close()
            worker, began = self._worker, clock()
            status = await worker.wait() if worker else None
            if worker is not None:
                metrics.forget_worker(self._crew.environment["PROMETHEUS_MULTIPROC_DIR"], worker.pid)
            if worker is not self._worker:
                continue
            healthy = worker is not None and clock() - began > _HEALTHY_SECONDS
            pause = _PAUSE_SECONDS if healthy else min(_LONGEST_PAUSE_SECONDS, pause * 2)
            _log.error("worker_ended", worker=self._number, status=status, again_in=pause)
            await asyncio.sleep(pause)
            if worker is self._worker:
                self._worker = None

    async def replace(self, generation: Generation) -> bool:
        """Let a worker of this generation take over; False if it does not start, and then the present one stays."""
        async with self._changing:
            successor = await self._crew.start(generation, self._queue)
            if successor is None:
                return False
            retired, self._worker = self._worker, successor
        if retired is not None:
            await stop(retired)
        return True

    async def leave(self) -> None:
        """Stop the worker."""
        if self._worker is not None:
            await stop(self._worker)


async def supervise(generation: Generation, path: Path, command: Sequence[str], count: int) -> None:
    """Keep `count` workers running until this process is told to stop.

    Args:
        generation: what they run first.
        path: the configuration file, for reloads.
        command: what starts a worker, as this process was started.
        count: how many.

    Raises:
        OSError: the port is taken.
    """
    service, generations = generation.settings.service, [generation]
    with (
        queues(service.host, service.port, count) as lines,
        tempfile.TemporaryDirectory(prefix="codesvc-metrics-") as numbers,
        Signals().heard() as signals,
    ):
        async with store_url(generation.settings.store) as url:
            environment = os.environ | {WORKER_VARIABLE: "1", "PROMETHEUS_MULTIPROC_DIR": numbers}
            crew = Crew(command, environment, url)
            places = [Place(number, crew, queue) for number, queue in enumerate(lines)]
            keepers = [asyncio.create_task(place.keep(generations)) for place in places]
            systemd.notify("READY=1", f"STATUS=Running {count} workers.")
            try:
                while await signals.reload():
                    await _roll(places, generations, path)
            finally:
                systemd.notify("STOPPING=1")
                await end(keepers)
                await asyncio.gather(*(place.leave() for place in places))


async def _roll(places: Sequence[Place], generations: list[Generation], path: Path) -> None:
    succession = await follow(generations[-1], path, os.environ)
    if succession is None:
        return
    before = generations[-1]
    generations[:] = [succession.generation]
    for number, place in enumerate(places):
        if not await place.replace(succession.generation):
            generations[:] = [before]
            for done in places[:number]:
                await done.replace(before)
            refuse([f"worker {number} does not start with it; its log says why"])
            return
    accept(succession)


async def stop(worker: asyncio.subprocess.Process) -> None:
    """Tell a worker to end, and after twice its own grace make it."""
    with contextlib.suppress(ProcessLookupError):
        worker.terminate()
    # Shielded: `end` cancels again and again until everything has ended.
    waiting = asyncio.ensure_future(worker.wait())
    deadline = asyncio.get_running_loop().time() + 2 * GRACE_SECONDS
    while not waiting.done() and asyncio.get_running_loop().time() < deadline:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({waiting}, timeout=1.0)
    if not waiting.done():
        worker.kill()
        await asyncio.wait({waiting})
