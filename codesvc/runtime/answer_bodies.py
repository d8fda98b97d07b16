"""Reading the answers of others with a limit of size."""

from aiohttp import StreamReader


async def read_at_most(stream: StreamReader, limit: int) -> bytes:
    """The first `limit` octets of a body, or the whole body if it is shorter.

    One `read` gives only what has come by then, which may be a part of it.
    """
    body = bytearray()
    while len(body) < limit and (piece := await stream.read(limit - len(body))):
        body += piece
    return bytes(body)
