"""HTTP servers inside a test's own process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web


async def shut_down(runner: web.AppRunner) -> None:
    """Stop a server, and the connections that it was about to accept: they come too late for aiohttp to close them."""
    server = runner.server
    await runner.cleanup()
    # To accept a connection and to close one takes some rounds of the loop each.
    for _ in range(10):
        for late in server.connections if server else ():
            late.force_close()
        await asyncio.sleep(0)
