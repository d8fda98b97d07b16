"""What stands between the service and the sandbox, and does to WeChat what weather does: goes away, stalls, lies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import trustme

RESOLVER = '''
import os, socket
import aiohttp.resolver

_real = aiohttp.resolver.ThreadedResolver.resolve


async def resolve(self, host, *rest, **more):
    """As on a machine whose name servers are away, for as long as the file is there."""
    if host == "localhost" and os.path.exists(os.environ["NO_NAMES"]):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return await _real(self, host, *rest, **more)


aiohttp.resolver.ThreadedResolver.resolve = resolve
'''
"""A `sitecustomize` for the service's process: a test can take no real name server away."""


class Weather:
    """A TLS proxy in front of the sandbox; `mode` says what it does with each new connection."""

    def __init__(self, sandbox, directory):
        self.mode = "fine"
        self._target = urlsplit(sandbox)
        self._open = set()
        self._server = None
        self.port = 0
        trusted, stranger = trustme.CA(), trustme.CA()
        self.authority = directory / "authority.pem"
        trusted.cert_pem.write_to_path(self.authority)
        self._certificates = {"fine": self._context(trusted), "certificate": self._context(stranger)}
        self._names = directory / "no-names"
        self._site = directory / "site"
        self._site.mkdir()
        (self._site / "sitecustomize.py").write_text(RESOLVER)

    @staticmethod
    def _context(authority):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        return context

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    @property
    def environment(self):
        """What the service's process needs to trust this authority, and to lose its name servers."""
        path = os.pathsep.join(filter(None, (str(self._site), os.environ.get("PYTHONPATH"))))
        return {"SSL_CERT_FILE": str(self.authority), "NO_NAMES": str(self._names), "PYTHONPATH": path}

    async def change(self, mode):
        """From now on; connections that are open are cut, so that the next call meets it."""
        self.mode = mode
        self._names.unlink(missing_ok=True)
        if mode == "dns":
            self._names.touch()
        await self._close()
        if mode != "down":
            context = self._certificates["certificate" if mode == "certificate" else "fine"]
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", self.port, ssl=None if mode == "half-open" else context
            )
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self):
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._open.add(task)
        try:
            await self._answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _answer(self, reader, writer):
        if self.mode == "half-open":
            await asyncio.Event().wait()
        if self.mode == "garbage":
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n<html>Log in</html>\r\n")
            await writer.drain()
            return
        if self.mode == "slow":
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(30)
            return
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        try:
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        finally:
            back.transport.abort()


async def _copy(source, target):
    with contextlib.suppress(OSError):
        while data := await source.read(65_536):
            target.write(data)
            await target.drain()
        target.close()


@asynccontextmanager
async def changeable(sandbox, directory):
    weather = Weather(sandbox, directory)
    await weather.change("fine")
    try:
        yield weather
    finally:
        await weather._close()
