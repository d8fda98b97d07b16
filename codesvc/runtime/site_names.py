"""Looks up the names that sites choose: of gateways, receivers of events and of forwarded callbacks, token servers.

An event loop looks names up in a few threads for everybody, uvloop in two. A name whose servers do not answer holds its
thread for 10 s and longer, also when nobody waits for it any more, because a timeout ends only the wait. So a site's
name could keep the service from looking up WeChat's. These look-ups have threads of their own, one for each name.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from errno import EAGAIN
from ipaddress import ip_address
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

if TYPE_CHECKING:
    from collections.abc import Callable

Address = tuple[Any, ...]
"""As `socket.getaddrinfo` returns it: family, type, protocol, canonical name, socket address."""

MOST_AT_ONCE: Final = 128
"""The most threads. A site has a few names, and each takes one, however many wait for it."""


class SiteNames(AbstractResolver):
    """Looks up names.

    Args:
        look_up: what a thread calls.
    """

    def __init__(self, look_up: Callable[..., list[Address]] | None = None) -> None:
        self._look_up = look_up or socket.getaddrinfo
        self._running: dict[tuple[str, int], asyncio.Task[list[Address]]] = {}
        self._places = asyncio.Semaphore(MOST_AT_ONCE)

    async def addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of a name, for streams.

        Raises:
            OSError: it cannot be looked up.
        """
        if _is_address(host):
            return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        running = self._running.get((host, port))
        if running is None:
            running = self._running[host, port] = asyncio.create_task(self._looked_up(host, port))
            running.add_done_callback(lambda task: self._ended(host, port, task))
        # A caller that gives up does not end the look-up: others may wait for it, and its thread cannot be stopped.
        return await asyncio.shield(running)

    def _ended(self, host: str, port: int, task: asyncio.Task[list[Address]]) -> None:
        del self._running[host, port]
        if not task.cancelled():
            task.exception()  # perhaps nobody waits any more who would read it

    async def _looked_up(self, host: str, port: int) -> list[Address]:
        loop = asyncio.get_running_loop()
        async with self._places:
            answer: asyncio.Future[list[Address]] = loop.create_future()

            def settle(found: list[Address], error: OSError | None) -> None:
                if answer.done():
                    return
                if error is None:
                    answer.set_result(found)
                else:
                    answer.set_exception(error)

            def run() -> None:
                found: list[Address] = []
                failed: OSError | None = None
                try:
                    found = self._look_up(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
                except OSError as error:
                    failed = error
                except UnicodeError:
                    failed = socket.gaierror(socket.EAI_NONAME, "no host name")
                with suppress(RuntimeError):  # the loop has been closed
                    loop.call_soon_threadsafe(settle, found, failed)

            # A daemon, so that the process can end before the name's servers answer.
            try:
                Thread(target=run, name="site name", daemon=True).start()
            except RuntimeError as error:
                raise OSError(EAGAIN, "no thread for the look-up") from error
            return await answer

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look a name up in the form in which aiohttp asks.

        Raises:
            OSError: it cannot be looked up, or has no address of the family.
        """
        results = [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in await self.addresses(host, port)
            if family in {socket.AF_UNSPEC, kind}
        ]
        if not results:
            raise socket.gaierror(socket.EAI_NONAME, "no address of this family")
        return results

    async def close(self) -> None:
        """Nothing is kept."""


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
