"""Reading what others send, believing neither its length nor its encoding."""

import asyncio

from aiohttp import StreamReader, web

_PATIENCE = 30.0


async def read_at_most(stream: StreamReader, limit: int) -> bytes:
    """The first `limit` bytes of a body, or all of it if it is shorter."""
    body = bytearray()
    while len(body) < limit and (chunk := await stream.read(limit - len(body))):
        body += chunk
    return bytes(body)


async def read_request(request: web.Request, *, patience: float = _PATIENCE) -> bytes:
    """The body of a request.

    Raises:
        web.HTTPRequestTimeout: it has not come to its end after `patience` real seconds.
        web.HTTPRequestEntityTooLarge: it is longer than the application allows.
        web.HTTPBadRequest: it is not encoded as its Content-Encoding or Transfer-Encoding says.
    """
    try:
        async with asyncio.timeout(patience):
            return await request.read()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(text="the body does not end") from error
    except web.RequestPayloadError as error:
        raise web.HTTPBadRequest(text="the body is not encoded as its headers say") from error
