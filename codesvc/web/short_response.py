"""Responses with a short body that are written in one call.

aiohttp's response supports compression, chunks, cookies and bodies without a length. Most answers of the API need none
of these, and preparing for them costs as much as parsing the request. So a `ShortResponse` writes status line,
headers and body itself if the request is an ordinary one, and leaves all other cases to aiohttp. Decision record 18 has
the measurement.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import HttpVersion11, hdrs, web

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.web_request import BaseRequest

_BODILESS: Final = frozenset({204, 205, 304})
_STATUS_LINES: Final = {each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\n" for each in HTTPStatus}


@lru_cache(maxsize=2)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


class ShortResponse(web.Response):
    """A response with a body of bytes. A response with cookies needs aiohttp's own class."""

    _written = False

    @property
    def prepared(self) -> bool:
        """Whether the headers have been sent."""
        return self._written or super().prepared

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open; None if that is not decided yet."""
        return True if self._written else super().keep_alive

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        """Write the whole response, or let aiohttp begin.

        Raises:
            ValueError: a header has a control character (RFC 9110 section 5.5).
        """
        transport, body, headers = request.transport, self.body, self.headers
        if (
            transport is None
            or not isinstance(body, bytes)
            or transport.is_closing()
            or request.version != HttpVersion11
            or not request.keep_alive
            or request.method == hdrs.METH_HEAD
            or self.keep_alive is not None
            or self.compression
            or self.chunked
            or self.status in _BODILESS
        ):
            return await super().prepare(request)
        headers[hdrs.CONTENT_LENGTH] = str(len(body))
        headers[hdrs.DATE] = _date(int(time.time()))
        if not "".join(headers.values()).isprintable():
            raise ValueError("a header holds a control character")
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        transport.write(f"{_STATUS_LINES[self.status]}{lines}\r\n".encode() + body)
        self._written = True
        # Wait while the client does not read its answers, so that they do not pile up in memory.
        await request.writer.drain()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to write, unless aiohttp has begun."""
        if not self._written:
            await super().write_eof(data)
