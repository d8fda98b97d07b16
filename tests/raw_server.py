"""Servers that a test plays octet by octet."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager


@asynccontextmanager
async def raw_server(serve, *, host="127.0.0.1", port=0, tls=None):
    """A server whose connections are served by `serve(reader, writer)`; gives its port.

    At its end it ends every connection, also one whose task still waits for its peer. The loop would otherwise be
    closed before that task closes its socket, and a later test would be told of it.
    """
    open_now = {}

    async def served(reader, writer):
        open_now[writer] = asyncio.current_task()
        await serve(reader, writer)

    server = await asyncio.start_server(served, host, port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0)  # A connection that was just accepted gets its task.
        for writer, task in open_now.items():
            task.cancel()
            if not writer.is_closing():  # Python 3.11.2 cannot abort one of TLS that is closed.
                writer.transport.abort()
        await asyncio.gather(*open_now.values(), return_exceptions=True)
