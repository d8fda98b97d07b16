"""HTTP exchanges over aiohttp: the transport of `Client`."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp

from codesvc.client.bounded_answers import BoundedConnector
from codesvc.client.call import LARGEST_ANSWER, RawAnswer
from codesvc.client.errors import BadAnswer, Unreachable


class Transport:
    """A pool of connections.

    Args:
        timeout: seconds for one exchange. For a stream: seconds to connect; two reads may be three times that apart.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> aiohttp.ClientSession:
        """The session; opened on first use."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._timeout)
            self._session = aiohttp.ClientSession(connector=BoundedConnector(), timeout=timeout, auto_decompress=False)
        return self._session

    async def aclose(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> RawAnswer:
        """One request and its answer; redirects are not followed, because they would receive the key.

        Raises:
            Unreachable: no complete answer.
            BadAnswer: a larger answer than any of the service's.
        """
        session = await self.open()
        try:
            async with session.request(method, url, headers=headers, data=body, allow_redirects=False) as response:
                whole = bytearray()
                async for piece in response.content.iter_any():
                    whole += piece
                    if len(whole) > LARGEST_ANSWER:
                        raise BadAnswer(response.status)
                return RawAnswer(response.status, bytes(whole), response.headers)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # The text of aiohttp's error may contain the URL, and the URL a user.
            raise Unreachable(type(error).__name__) from None

    @asynccontextmanager
    async def stream(
        self, url: str, headers: Mapping[str, str]
    ) -> AsyncIterator[tuple[int, str | None, AsyncIterator[bytes]]]:
        """Status, `Retry-After` and the chunks of an answer as they arrive.

        Raises:
            Unreachable: the answer did not begin, or broke off.
        """
        session = await self.open()
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout, sock_read=3 * self._timeout)
        try:
            async with session.get(url, headers=headers, timeout=timeout, allow_redirects=False) as response:
                yield response.status, response.headers.get("Retry-After"), response.content.iter_any()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(type(error).__name__) from None
