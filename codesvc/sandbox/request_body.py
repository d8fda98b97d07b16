"""Reading HTTP bodies with a limit of size and time, since the sender is not trusted."""

import asyncio

from aiohttp import StreamReader, web

_TIMEOUT = 30.0


async def read_at_most(stream: StreamReader, limit: int) -> bytes:
    """The first `limit` bytes of a body, or the whole body if it is shorter."""
    body = bytearray()
    while len(body) < limit and (chunk := await stream.read(limit - len(body))):
        body += chunk
    return bytes(body)


async def read_request(request: web.Request, *, timeout_seconds: float = _TIMEOUT) -> bytes:
    """The body of a request.

    Raises:
        web.HTTPRequestTimeout: the body is not complete after `timeout_seconds` of real time.
        web.HTTPRequestEntityTooLarge: the body is longer than the application allows.
        web.HTTPBadRequest: the body does not match its Content-Encoding or Transfer-Encoding.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            return await request.read()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text="the body does not end") from error
    except web.RequestPayloadError as error:
        raise web.HTTPBadRequest(text="the body is not encoded as its headers say") from error
