"""TLS for WeChat's hosts, and a CONNECT proxy that leads there and nowhere else.

An SDK with hard-wired `https://api.weixin.qq.com` is pointed here by its proxy setting (or by DNS, or a hosts entry)
and told to trust the sandbox's authority. A tunnel to any other host is refused: this is no open proxy.
"""

import asyncio
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from aiohttp import web

from codesvc.sandbox.certificate import HOSTS, Authority

_LONGEST_HEAD = 8192
_PATIENCE = 10.0
_CHUNK = 65536


class ConnectProxy:
    """Answers `CONNECT api.weixin.qq.com:443` with a tunnel to the sandbox's TLS port.

    Args:
        host: where the TLS port listens.
        port: the TLS port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port.

        Raises:
            OSError: the port is taken.
        """
        self._server = await asyncio.start_server(self._accept, host, port, limit=_LONGEST_HEAD)
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
        async with asyncio.timeout(_PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
        refusal = _judge(head)
        if refusal is None:
            await self._tunnel(reader, writer)
        else:
            writer.write(b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % refusal)
            await writer.drain()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(*self._target)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
        finally:
            await _close(inner_writer)


def _judge(head: bytes) -> bytes | None:
    method, _, rest = head.partition(b"\r\n")[0].partition(b" ")
    if method != b"CONNECT":
        return b"405 Method Not Allowed"
    host, _, port = rest.partition(b" ")[0].decode("latin-1").rpartition(":")
    if host.lower() not in HOSTS or port != "443":
        return b"403 Forbidden"
    return None


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
        writer.write_eof()


async def start_tls(
    runner: web.AppRunner, stack: AsyncExitStack, *, host: str, tls_port: int, proxy_port: int, directory: Path
) -> list[str]:
    """Start both beside a running sandbox; returns lines that say where they are.

    Raises:
        ImportError: the extra is not installed.
        OSError: a port is taken.
    """
    authority = Authority(directory)
    site = web.TCPSite(runner, host, tls_port, ssl_context=authority.server_context())
    await site.start()
    bound = (
        next(address for address in runner.addresses if address[1] == tls_port) if tls_port else runner.addresses[-1]
    )
    proxy = ConnectProxy(host, bound[1])
    stack.push_async_callback(proxy.close)
    proxy_bound = await proxy.start(host, proxy_port)
    return [
        f"  TLS           {host}:{bound[1]} as {', '.join(HOSTS)}",
        f"  proxy         http://{host}:{proxy_bound} (CONNECT to those hosts only)",
        f"  authority     {authority.certificate}",
    ]
