"""Bytes over the network, by urllib3."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import urllib3

from codesvc.client.call import RawAnswer
from codesvc.client.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Transport:
    """Open connections, for any number of threads.

    Args:
        timeout: seconds for one exchange; of a stream, for its beginning.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=timeout))

    def open(self) -> None:
        """Connections are opened when they are first needed."""

    def close(self) -> None:
        """Close them."""
        self._pool.clear()

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> RawAnswer:
        """One request and its answer; redirects are not followed, since a key would go along.

        Raises:
            Unreachable: no whole answer.
        """
        try:
            response = self._pool.request(method, url, headers=headers, body=body, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # urllib3's own text holds the address, perhaps with a user in it.
            raise Unreachable(type(error).__name__) from None
        return RawAnswer(response.status, response.data, response.headers)

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str]) -> Iterator[tuple[int, str | None, Iterator[bytes]]]:
        """Status, `Retry-After` and the pieces of an answer as they come.

        Raises:
            Unreachable: it did not begin, or broke off.
        """
        timeout = urllib3.Timeout(connect=self._timeout, read=3 * self._timeout)
        try:
            response = self._pool.request(
                "GET", url, headers=headers, redirect=False, preload_content=False, timeout=timeout
            )
            try:
                yield response.status, response.headers.get("Retry-After"), response.stream()
            finally:
                response.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(type(error).__name__) from None
