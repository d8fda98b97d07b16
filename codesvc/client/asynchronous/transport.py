"""Bytes over the network, by aiohttp."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from codesvc.client.call import RawAnswer
from codesvc.client.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


class Transport:
    """Open connections.

    Args:
        timeout: seconds for one exchange; of a stream, for its beginning.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> aiohttp.ClientSession:
        """The session, opened when it is first needed."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._timeout))
        return self._session

    async def aclose(self) -> None:
        """Close it."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> RawAnswer:
        """One request and its answer; redirects are not followed, since a key would go along.

        Raises:
            Unreachable: no whole answer.
        """
        session = await self.open()
        try:
            async with session.request(method, url, headers=headers, data=body, allow_redirects=False) as response:
                return RawAnswer(response.status, await response.read(), response.headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # aiohttp's own text may hold the address with a user in it.
            raise Unreachable(type(error).__name__) from None

    @asynccontextmanager
    async def stream(
        self, url: str, headers: Mapping[str, str]
    ) -> AsyncIterator[tuple[int, str | None, AsyncIterator[bytes]]]:
        """Status, `Retry-After` and the pieces of an answer as they come.

        Raises:
            Unreachable: it did not begin, or broke off.
        """
        session = await self.open()
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout, sock_read=3 * self._timeout)
        try:
            async with session.get(url, headers=headers, timeout=timeout, allow_redirects=False) as response:
                yield response.status, response.headers.get("Retry-After"), response.content.iter_any()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(type(error).__name__) from None
