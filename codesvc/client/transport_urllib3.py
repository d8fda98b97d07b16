"""HTTP exchanges over urllib3: the transport of `SyncClient`."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import urllib3

from codesvc.client.bounded_heads import POOLS
from codesvc.client.call import LARGEST_ANSWER, RawAnswer
from codesvc.client.errors import BadAnswer, Unreachable

_PIECE = 65_536


class Transport:
    """A pool of connections, safe for threads.

    Args:
        timeout: seconds for one exchange. For a stream: seconds to connect; two reads may be three times that apart.
            A line of the answer's head that comes in drops may take as long for each of them.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=timeout))
        self._pool.pool_classes_by_scheme = POOLS

    def open(self) -> None:
        """Do nothing: connections are opened on first use."""

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> RawAnswer:
        """One request and its answer; redirects are not followed, because they would receive the key.

        Raises:
            Unreachable: no complete answer.
            BadAnswer: a larger answer than any of the service's.
        """
        until = time.monotonic() + self._timeout
        try:
            response = self._pool.request(
                method, url, headers=headers, body=body, redirect=False, preload_content=False, decode_content=False
            )
            try:
                whole = _read(response, until)
            except BaseException:
                response.close()
                raise
            response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # The text of urllib3's error contains the URL, and the URL may contain a user.
            raise Unreachable(type(error).__name__) from None
        return RawAnswer(response.status, whole, response.headers)

    @contextmanager
    def stream(self, url: str, headers: Mapping[str, str]) -> Iterator[tuple[int, str | None, Iterator[bytes]]]:
        """Status, `Retry-After` and the chunks of an answer as they arrive.

        Raises:
            Unreachable: the answer did not begin, or broke off.
        """
        timeout = urllib3.Timeout(connect=self._timeout, read=3 * self._timeout)
        try:
            response = self._pool.request(
                "GET",
                url,
                headers=headers,
                redirect=False,
                preload_content=False,
                decode_content=False,
                timeout=timeout,
            )
            try:
                yield response.status, response.headers.get("Retry-After"), response.stream()
            finally:
                response.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unreachable(type(error).__name__) from None


def _read(response: urllib3.BaseHTTPResponse, until: float) -> bytes:
    """The body; urllib3's own timeout begins anew with each read."""
    whole = bytearray()
    while piece := response.read1(_PIECE, decode_content=False):
        whole += piece
        if len(whole) > LARGEST_ANSWER:
            raise BadAnswer(response.status)
        if time.monotonic() > until:
            raise Unreachable("TimeoutError")
    return bytes(whole)
