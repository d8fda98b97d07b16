"""Running the service as a process: store, application, socket, signals."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvloop
from aiohttp import web

from codesvc.store.connection import store_url
from codesvc.web.app import create_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from typing import Any

    from codesvc.config import Settings

GRACE_SECONDS = 10.0


@asynccontextmanager
async def listening(
    app: web.Application, host: str, port: int, *, shared: bool = False
) -> AsyncIterator[web.AppRunner]:
    """Serve an application for as long as the context is open; leaving it drains the requests under way.

    Args:
        app: what to serve.
        host: where to listen.
        port: where to listen.
        shared: other processes listen on the same port.

    Raises:
        OSError: the port is taken.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=GRACE_SECONDS,
        keepalive_timeout=75.0,
        # Callers who trickle their headers or never end them hold nothing for long.
        lingering_time=5.0,
        max_field_size=8190,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, reuse_address=True, reuse_port=shared or None).start()
        yield runner
    finally:
        await runner.cleanup()


async def stopped() -> None:
    """Wait for SIGINT or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await stop.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def serve_as_worker(settings: Settings, store: str) -> None:
    """Run one of several processes on one port, over the store that the parent keeps."""
    service = settings.service
    async with listening(create_app(settings, store), service.host, service.port, shared=True):
        await stopped()


async def serve(settings: Settings) -> None:
    """Run the service until it is told to stop."""
    async with (
        store_url(settings.store) as url,
        listening(create_app(settings, url), settings.service.host, settings.service.port),
    ):
        await stopped()


def run(story: Coroutine[Any, Any, int | None]) -> int:
    """Run a coroutine on uvloop; its result is the exit status, None meaning 0."""
    with contextlib.suppress(KeyboardInterrupt):
        return uvloop.run(story) or 0
    return 130
