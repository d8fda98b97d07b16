"""A small HTTP proxy on loopback: CONNECT and absolute-form requests, with Basic login if wanted, also behind TLS."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from tests.raw_server import raw_server

USER, PASSWORD = "leaver", "pr0xy:p@ss/w0rd"


@dataclass
class Proxy:
    """What it was asked, and how it answers.

    `refuses` is a status that it answers to everything, or to the targets in `but`. `leads` replaces targets.
    """

    scheme: str = "http"
    port: int = 0
    login: bool = False
    refuses: int | None = None
    refused_targets: tuple[str, ...] = ()
    hangs_up: bool = False
    leads: dict[str, tuple[str, int]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    passed_on: list[bytes] = field(default_factory=list)

    @property
    def url(self):
        login = f"{USER}:{quote(PASSWORD, safe='')}@" if self.login else ""
        return f"{self.scheme}://{login}localhost:{self.port}"

    @property
    def targets(self):
        return [target for _, target in self.asked]

    async def serve(self, reader, writer):
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
        self.asked.append((method, target))
        self.headers.append(headers)
        if self.hangs_up:
            return
        status = self._refusal(target, headers)
        if status:
            writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
            return
        try:
            there_reader, there = await self._connect(method, target)
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            parts = urlsplit(target)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            kept = [line for line in lines if line and not line.lower().startswith(("proxy-", "connection:"))]
            passed = "\r\n".join([f"{method} {path} HTTP/1.1", *kept, "Connection: close"]).encode("latin-1")
            self.passed_on.append(passed)
            there.write(passed + b"\r\n\r\n")
        await asyncio.gather(_pour(reader, there), _pour(there_reader, writer))

    def _refusal(self, target, headers):
        given = headers.get("proxy-authorization")
        if self.login and given != "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode():
            return 407
        return self.refuses if not self.refused_targets or target in self.refused_targets else None

    async def _connect(self, method, target):
        authority = target if method == "CONNECT" else urlsplit(target).netloc
        host, _, port = authority.rpartition(":")
        host, port = self.leads.get(authority, (host.strip("[]"), int(port)))
        return await asyncio.open_connection(host, port)


async def _pour(reader, writer):
    try:
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def proxying(*, tls=None, **more):
    """A running proxy; `tls` is its context for being reached by https."""
    proxy = Proxy(scheme="https" if tls else "http", **more)
    async with raw_server(proxy.serve, tls=tls) as proxy.port:
        yield proxy
