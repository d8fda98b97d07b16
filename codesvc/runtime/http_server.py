"""Serves an aiohttp application on a port, and runs a coroutine as a whole process."""

from __future__ import annotations

import contextlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import uvloop
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from typing import Any

GRACE_SECONDS: Final = 10.0
"""How long running requests may take after a stop was requested, in seconds."""


def runner(app: web.Application, *, grace_seconds: float = GRACE_SECONDS) -> web.AppRunner:
    """The runner that serves every application of the service."""
    return web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=grace_seconds,
        # Compressed bodies are refused. Inflating one costs much more time than sending it.
        auto_decompress=False,
        keepalive_timeout=75.0,
        # Clients that send their headers slowly, or never end them, hold resources only for a short time.
        lingering_time=5.0,
        max_field_size=8190,
    )


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[web.AppRunner]:
    """Serve an application while the context is open. Leaving it waits for running requests.

    Raises:
        OSError: the port is in use.
    """
    serving = runner(app)
    await serving.setup()
    try:
        await web.TCPSite(serving, host, port, reuse_address=True).start()
        yield serving
    finally:
        await serving.cleanup()


def run(main: Coroutine[Any, Any, int | None]) -> int:
    """Run a coroutine on uvloop. Its result is the exit status; None means 0."""
    with contextlib.suppress(KeyboardInterrupt):
        return uvloop.run(main) or 0
    return 130
