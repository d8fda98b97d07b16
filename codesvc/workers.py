"""`codesvc serve --workers N`: several processes share one port; one that crashes is replaced.

The parent answers no requests. It keeps the embedded store, if there is one, starts the workers, tells them where the
store is, and passes on the word to stop. The kernel spreads connections over the workers (SO_REUSEPORT).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import tempfile
from typing import TYPE_CHECKING, Final

import structlog

from codesvc import metrics
from codesvc.serving import GRACE_SECONDS, stopped
from codesvc.store.connection import store_url
from codesvc.tasks import end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from codesvc.config import Settings

STORE_VARIABLE: Final = "CODESVC_WORKER_STORE"
"""Where the parent tells a worker its store; nobody else sets it."""

_log = structlog.get_logger(__name__)
_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0
_HEALTHY_SECONDS: Final = 10.0
_PR_SET_PDEATHSIG: Final = 1


def end_with_parent() -> None:
    """Ask Linux to stop this process when its parent dies, however it dies; elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def supervise(settings: Settings, command: Sequence[str], count: int) -> None:
    """Keep `count` workers running until this process is told to stop.

    Args:
        settings: where the store is.
        command: what starts a worker, as this process was started.
        count: how many.
    """
    async with store_url(settings.store) as url:
        with tempfile.TemporaryDirectory(prefix="codesvc-metrics-") as numbers:
            environment = os.environ | {STORE_VARIABLE: url, "PROMETHEUS_MULTIPROC_DIR": numbers}
            keepers = [asyncio.create_task(_keep(number, command, environment)) for number in range(count)]
            try:
                await stopped()
            finally:
                await end(keepers)


async def _keep(number: int, command: Sequence[str], environment: dict[str, str]) -> None:
    """Start a worker, and another when it has ended without being told to."""
    pause = _PAUSE_SECONDS
    while True:
        started = asyncio.get_running_loop().time()
        worker = await asyncio.create_subprocess_exec(*command, env=environment)
        try:
            status = await worker.wait()
        except asyncio.CancelledError:
            await _stop(worker)
            raise
        metrics.forget_worker(environment["PROMETHEUS_MULTIPROC_DIR"], worker.pid)
        lived = asyncio.get_running_loop().time() - started
        pause = _PAUSE_SECONDS if lived > _HEALTHY_SECONDS else min(_LONGEST_PAUSE_SECONDS, pause * 2)
        _log.error("worker_ended", worker=number, status=status, again_in=pause)
        await asyncio.sleep(pause)


async def _stop(worker: asyncio.subprocess.Process) -> None:
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
