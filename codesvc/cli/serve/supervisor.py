"""`codesvc serve --workers N`: several processes share one port; one that crashes is replaced.

The parent answers no requests. It owns the listening sockets, the embedded store (if there is one) and the last
accepted revision of configuration and templates. Each worker gets these from the parent and reads nothing from the
disk, so all workers have the same revision, even if the files have changed meanwhile. On SIGHUP the workers are
replaced one after the other. A new worker accepts connections before the old one stops. If a new worker fails, the
old workers stay.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from codesvc.cli.binding_check import refuse_elsewhere
from codesvc.cli.serve.server import accept, follow, refuse
from codesvc.cli.serve.worker import WORKER_VARIABLE, WorkerConfig
from codesvc.runtime import metrics, systemd
from codesvc.runtime.http_server import GRACE_SECONDS
from codesvc.runtime.signals import Signals
from codesvc.runtime.sockets import queues
from codesvc.runtime.tasks import end
from codesvc.service.misplaced_bindings import BindingsElsewhere
from codesvc.store.connection import store_url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from codesvc.cli.serve.revision import Revision
    from codesvc.runtime.sockets import Queue

_log = structlog.get_logger(__name__)
_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0
_HEALTHY_SECONDS: Final = 10.0
_START_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, repr=False)
class WorkerSettings:
    """The settings that all workers of one parent share.

    Attributes:
        command: the command line that starts a worker.
        store: the URL of the store.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    store: str

    async def start(self, revision: Revision, queue: Queue) -> asyncio.subprocess.Process | None:
        """Start a worker and wait until it accepts connections; None if it fails before."""
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
                await _tell(process, WorkerConfig(self.store, numbers, theirs, revision))
                if await _wait_ready(pipe):
                    return process
        except asyncio.CancelledError:
            await stop(process)
            raise
        await stop(process)
        return None


async def _tell(process: asyncio.subprocess.Process, config: WorkerConfig) -> None:
    if process.stdin is not None:
        with contextlib.suppress(ConnectionError):
            process.stdin.write(config.packed())
            await process.stdin.drain()
            process.stdin.close()


async def _wait_ready(pipe: object) -> bool:
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
    """One of the N slots for workers. Its worker is replaced when it ends, or by a reload."""

    def __init__(self, number: int, worker_settings: WorkerSettings, queue: Queue) -> None:
        self._number = number
        self._worker_settings = worker_settings
        self._queue = queue
        self._worker: asyncio.subprocess.Process | None = None
        self._changing = asyncio.Lock()

    async def keep(self, revision: list[Revision]) -> None:
        """Start a worker with the last revision, and a new one whenever it ends unexpectedly."""
        clock, pause = asyncio.get_running_loop().time, _PAUSE_SECONDS
        while True:
            async with self._changing:
                if self._worker is None:
                    self._worker = await self._worker_settings.start(revision[-1], self._queue)
                    if self._worker is None:
                        # No worker accepts from this queue, so it is closed: clients are refused and need not wait.
                        self._queue.close()
            worker, began = self._worker, clock()
            status = await worker.wait() if worker else None
            if worker is not None:
                metrics.forget_worker(self._worker_settings.environment["PROMETHEUS_MULTIPROC_DIR"], worker.pid)
            if worker is not self._worker:
                continue
            healthy = worker is not None and clock() - began > _HEALTHY_SECONDS
            pause = _PAUSE_SECONDS if healthy else min(_LONGEST_PAUSE_SECONDS, pause * 2)
            _log.error("worker_ended", worker=self._number, status=status, again_in=pause)
            await asyncio.sleep(pause)
            if worker is self._worker:
                self._worker = None

    async def replace(self, revision: Revision) -> bool:
        """Replace the worker by one with this revision; False if it does not start, and then the old one stays."""
        async with self._changing:
            successor = await self._worker_settings.start(revision, self._queue)
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


async def supervise(revision: Revision, path: Path, command: Sequence[str], count: int) -> None:
    """Keep `count` workers running until a signal stops this process.

    Args:
        revision: the first revision.
        path: the configuration file, for reloads.
        command: the command line that starts a worker.
        count: the number of workers.

    Raises:
        OSError: the port is in use.
        BindingsElsewhere: bindings lie under another appid than the configuration has.
    """
    service, revisions = revision.settings.service, [revision]
    operators = revision.settings.admin.listener
    with (
        queues(service.host, service.port, count, operators) as lines,
        tempfile.TemporaryDirectory(prefix="codesvc-metrics-") as numbers,
        Signals().installed() as signals,
    ):
        async with store_url(revision.settings.store) as url:
            await refuse_elsewhere(revision.settings, url)
            environment = os.environ | {WORKER_VARIABLE: str(os.getpid()), "PROMETHEUS_MULTIPROC_DIR": numbers}
            worker_settings = WorkerSettings(command, environment, url)
            places = [Place(number, worker_settings, queue) for number, queue in enumerate(lines)]
            keepers = [asyncio.create_task(place.keep(revisions)) for place in places]
            systemd.notify("READY=1", f"STATUS=Running {count} workers.")
            try:
                while await signals.reload():
                    await _replace_all(places, revisions, path, url)
            finally:
                systemd.notify("STOPPING=1")
                await end(keepers)
                await asyncio.gather(*(place.leave() for place in places))


async def _replace_all(places: Sequence[Place], revisions: list[Revision], path: Path, url: str) -> None:
    result = await follow(revisions[-1], path, os.environ)
    if result is None:
        return
    try:
        await refuse_elsewhere(result.revision.settings, url)
    except BindingsElsewhere as error:
        refuse([str(error)])
        return
    before = revisions[-1]
    revisions[:] = [result.revision]
    for number, place in enumerate(places):
        if not await place.replace(result.revision):
            revisions[:] = [before]
            for done in places[:number]:
                await done.replace(before)
            refuse([f"worker {number} cannot start with it; see its log"])
            return
    accept(result)


async def stop(worker: asyncio.subprocess.Process) -> None:
    """Ask a worker to stop; kill it if it has not stopped after twice its own grace period."""
    with contextlib.suppress(ProcessLookupError):
        worker.terminate()
    # Shielded, because `end` cancels repeatedly until all tasks have ended.
    waiting = asyncio.ensure_future(worker.wait())
    deadline = asyncio.get_running_loop().time() + 2 * GRACE_SECONDS
    while not waiting.done() and asyncio.get_running_loop().time() < deadline:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({waiting}, timeout=1.0)
    if not waiting.done():
        worker.kill()
        await asyncio.wait({waiting})
