"""Serving an aiohttp application on a port, and running a coroutine as a whole process."""

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
"""How long requests under way may take after a stop was asked for."""


def runner(app: web.Application) -> web.AppRunner:
    """The runner with which every application of the service is served."""
    return web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=GRACE_SECONDS,
        keepalive_timeout=75.0,
        # Callers who trickle their headers or never end them hold nothing for long.
        lingering_time=5.0,
        max_field_size=8190,
    )


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[web.AppRunner]:
    """Serve an application for as long as the context is open; leaving it drains the requests under way.

    Raises:
        OSError: the port is taken.
    """
    serving = runner(app)
    await serving.setup()
    try:
        await web.TCPSite(serving, host, port, reuse_address=True).start()
        yield serving
    finally:
        await serving.cleanup()


def run(story: Coroutine[Any, Any, int | None]) -> int:
    """Run a coroutine on uvloop; its result is the exit status, None meaning 0."""
    with contextlib.suppress(KeyboardInterrupt):
        return uvloop.run(story) or 0
    return 130
