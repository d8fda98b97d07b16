"""Servers that a test plays octet by octet."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

_MOST_ROUNDS = 2000


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
        # One that was just accepted, or is in the handshake of TLS, gets its task some rounds later.
        for _ in range(_MOST_ROUNDS):
            for writer, task in open_now.items():
                task.cancel()
                if not writer.is_closing():  # Python 3.11.2 cannot abort one of TLS that is closed.
                    writer.transport.abort()
            await asyncio.gather(*open_now.values(), return_exceptions=True)
            await asyncio.sleep(0.001)
            if not _open_connections(server):
                break


def _open_connections(server):
    """How many there are, also those that have no task yet. Python has no public way to ask."""
    return getattr(server, "_active_count", None) or len(getattr(server, "_clients", ()))
