"""An HTTP proxy that forwards requests for WeChat's hosts to the sandbox. It refuses all other hosts."""

import asyncio
import re
import ssl
from contextlib import suppress

from codesvc.sandbox.hosts import HOSTS

_MAX_HEAD_BYTES = 8192
_TIMEOUT = 10.0
_CHUNK = 65536
_TUNNEL = re.compile(r"([0-9A-Za-z.-]+):443")
_ABSOLUTE = re.compile(r"https?://([0-9A-Za-z.-]+)(?::[0-9]+)?(?:[/?].*)?")


class ConnectProxy:
    """Answers `CONNECT api.weixin.qq.com:443` with a tunnel to the sandbox's TLS port.

    Some clients (axios, for instance) send `GET https://…` to a proxy instead of CONNECT, and expect the proxy to do
    TLS. For such a request the proxy opens its own TLS connection to the TLS port. A request for `http://…` goes to
    the plain port.

    Args:
        host: where the sandbox listens.
        tls_port: the sandbox's port for https.
        plain_port: the sandbox's port for http.
        trust: a TLS context that trusts the sandbox's certificate authority.
    """

    def __init__(self, host: str, *, tls_port: int, plain_port: int, trust: ssl.SSLContext) -> None:
        self._host = host
        self._tls_port = tls_port
        self._plain_port = plain_port
        self._trust = trust
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port.

        Raises:
            OSError: the port is taken.
        """
        self._server = await asyncio.start_server(self._accept, host, port, limit=_MAX_HEAD_BYTES)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening and cut every tunnel."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._answer(reader, writer)
        finally:
            await _close(writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_TIMEOUT):
            head = await reader.readuntil(b"\r\n\r\n")
        method, scheme, host = _read_target(head)
        if host not in HOSTS:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        elif method == "CONNECT":
            inner = await asyncio.open_connection(self._host, self._tls_port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _join(reader, writer, *inner)
        elif scheme == "https":
            inner = await asyncio.open_connection(self._host, self._tls_port, ssl=self._trust, server_hostname=host)
            inner[1].write(head)
            await _join(reader, writer, *inner)
        else:
            inner = await asyncio.open_connection(self._host, self._plain_port)
            inner[1].write(head)
            await _join(reader, writer, *inner)


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    inner_reader: asyncio.StreamReader,
    inner_writer: asyncio.StreamWriter,
) -> None:
    try:
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    finally:
        await _close(inner_writer)


def _read_target(head: bytes) -> tuple[str, str, str]:
    """Method, scheme and host of a request head; empty texts if the target is not one that a proxy accepts."""
    words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    if len(words) != 3:  # noqa: PLR2004 - RFC 9112 3: method, target, version
        return "", "", ""
    method, target, _ = words
    found = (_TUNNEL if method == "CONNECT" else _ABSOLUTE).fullmatch(target)
    return (method, target.partition(":")[0], found[1].lower()) if found else ("", "", "")


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    with suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()
        else:  # asyncio's TLS cannot close one direction only
            writer.close()
