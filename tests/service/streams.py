"""Reading server-sent events, one at a time."""

import asyncio
import json
from contextlib import asynccontextmanager

from tests.world import KEY


class Stream:
    def __init__(self, response):
        self.response = response
        self.raw = b""

    async def next(self):
        """The next event's document; None at the end of the stream."""
        lines = []
        while line := await asyncio.wait_for(self.response.content.readline(), 60):
            self.raw += line
            if line == b"\n" and lines:
                return json.loads(b"".join(lines).removeprefix(b"event: change\ndata: "))
            if line.strip() and not line.startswith(b":"):
                lines.append(line)
        return None


@asynccontextmanager
async def listening(world, path, *, key=KEY):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with world.http.get(world.service + path, headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        yield Stream(response)


def events_of(world, started):
    return listening(world, f"/v1/verifications/{started['id']}/events")


def page_events_of(world, started):
    return listening(world, f"/p/{started['page_token']}/events", key=None)
