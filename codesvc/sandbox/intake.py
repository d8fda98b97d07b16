"""Reading what others send, believing neither its length nor its encoding."""

from aiohttp import StreamReader, web


async def read_at_most(stream: StreamReader, limit: int) -> bytes:
    """The first `limit` bytes of a body, or all of it if it is shorter."""
    body = bytearray()
    while len(body) < limit and (chunk := await stream.read(limit - len(body))):
        body += chunk
    return bytes(body)


async def read_request(request: web.Request) -> bytes:
    """The body of a request.

    Raises:
        web.HTTPRequestEntityTooLarge: it is longer than the application allows.
        web.HTTPBadRequest: it is not encoded as its Content-Encoding or Transfer-Encoding says.
    """
    try:
        return await request.read()
    except web.RequestPayloadError as error:
        raise web.HTTPBadRequest(text="the body is not encoded as its headers say") from error
